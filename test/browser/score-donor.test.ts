/** Whose settings a model is scored under, in a real worker: model 1's in the reference's definition, its own otherwise. */
import { expect, test } from 'vitest';
import type { LossDefinition } from '../../src/pipeline.ts';
import { openClient } from '../../src/worker/client.ts';
import { variant } from './models.ts';

const client = openClient();

const set = {
  kind: 'contrastive',
  examples: [
    { query: 'how do I cook bread', positives: ['stir until golden'], negatives: ['Mars', 'salt'] },
    { query: 'what is Mars made of', positives: ['dust and ice'], negatives: ['flour', 'oil'] },
  ],
} as const;

const reference: LossDefinition = { kind: 'reference', batchSize: 2, maxInputTokens: 40, negativeCount: 2 };
const noPrompts = { query: '', document: '' };
const own: LossDefinition = { kind: 'own', prompts: [noPrompts, noPrompts] };

test('the reference loads every model into one module, made from the settings of model 1', async () => {
  // the same tensors; the small variance under the first layer norm makes its epsilon count
  const models = await Promise.all([
    variant({ layer_norm_eps: 1e-12 }, 'cls'),
    variant({ layer_norm_eps: 1e-3 }, 'cls'),
  ]);
  const score = (definition: LossDefinition) => client.score({ models, set, definition, device: 'cpu' });
  const [first, second] = (await score(reference)).losses;
  expect(second).toBe(first);
  const [ownFirst, ownSecond] = (await score(own)).losses;
  expect(ownSecond).not.toBe(ownFirst);
});
