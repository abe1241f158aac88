/** What models are run as: what each is called, and which examples it takes. */
import type { TaskName } from '../errors.ts';
import type { ExampleKind } from '../score/columns.ts';
import { m } from './messages/messages.js';

export const taskNames: Readonly<Record<TaskName, () => string>> = {
  encoder: m.task_encoder,
  reranker: m.task_reranker,
  decoder: m.task_decoder,
  'encoder-decoder': m.task_encoder_decoder,
};

export const exampleKindOf: Readonly<Record<TaskName, ExampleKind>> = {
  encoder: 'contrastive',
  reranker: 'contrastive',
  decoder: 'completion',
  'encoder-decoder': 'completion',
};
