/** Which architectures can be scored: `model_type` to the family that runs it. One row a type; docs/architectures.md says how to add one. */
import { KnownError } from '../errors.ts';
import type { Config } from '../model/config.ts';
import type { Dense } from '../model/dense.ts';
import { bert, electra, roberta } from './bert.ts';
import { distilbert } from './distilbert.ts';
import { lastHidden, type Family } from './family.ts';
import { gemma3 } from './gemma3.ts';
import { gpt2 } from './gpt2.ts';
import { gptNeox } from './gptneox.ts';
import type { Architecture, PoolingNode, Stage, Task } from './graph.ts';
import { embeddingStage, scoreStage } from './heads.ts';
import { keepScored } from './language-head.ts';
import { llama, mistral, qwen2, qwen3 } from './llama.ts';
import { modernbert } from './modernbert.ts';
import { mpnet } from './mpnet.ts';
import { opt } from './opt.ts';
import { PartWriter } from './part.ts';
import { t5 } from './t5.ts';

const families: Readonly<Record<string, Family>> = {
  bert,
  roberta,
  'xlm-roberta': roberta,
  camembert: roberta,
  distilbert,
  mpnet,
  electra,
  modernbert,
  llama,
  mistral,
  qwen2,
  qwen3,
  gpt2,
  gpt_neox: gptNeox,
  gemma3_text: gemma3,
  opt,
  t5,
};

/** What a model is run as. */
export type Use =
  | { readonly task: 'encoder'; readonly pooling: PoolingNode; readonly dense?: readonly Dense[] }
  | { readonly task: Exclude<Task, 'encoder'> };

/** Whether models of this type can be scored, as far as the type alone tells. */
export function isKnownType(modelType: string): boolean {
  return Object.hasOwn(families, modelType);
}

/** What models of this type can be run as, the most usual first. Throws `architecture-unknown`. */
export function tasksOf(config: Config, model: string): readonly Task[] {
  return familyOf(config, model).tasks;
}

/**
 * Names of the tensors that it takes to run a model as that, however many labels its classifier has; those of modules beside the
 * model are not among them. Throws `architecture-unknown`, `task-unknown`, and what the family's builder throws.
 */
export function tensorNamesOf(config: Config, model: string, task: Task): ReadonlySet<string> {
  const use: Use = task === 'encoder' ? { task, pooling: 'matrix' } : { task };
  const { stages, head } = build(config, model, use, () => 1);
  const part = new PartWriter(model);
  for (const stage of stages) stage(part);
  const { parameters } = part.finish(new Set());
  const ofHead = head === undefined ? [] : [head.table];
  return new Set([...parameters, ...ofHead].map(({ name }) => name));
}

function familyOf({ modelType }: Config, model: string): Family {
  const family = isKnownType(modelType) ? families[modelType] : undefined;
  if (family === undefined) throw new KnownError('architecture-unknown', { model, modelType });
  return family;
}

/** Throws `architecture-unknown`, `task-unknown`, and what the family's builder throws. */
export function buildArchitecture(config: Config, model: string, use: Use): Architecture {
  const architecture = build(config, model, use);
  // what a stage refuses, an activation, is said here, and not when it is first run
  for (const stage of architecture.stages) stage(new PartWriter(model));
  return architecture;
}

function build(config: Config, model: string, use: Use, labelCountOf = readLabelCount): Architecture {
  const family = familyOf(config, model);
  const { task } = use;
  if (!family.tasks.includes(task)) {
    throw new KnownError('task-unknown', { model, modelType: config.modelType, task });
  }
  const body = family.build(config, model, task);
  const { dim, maxPositions, stages } = body;
  const common = { task, dim, maxPositions, outputDim: dim, head: undefined, startId: undefined };
  switch (use.task) {
    case 'encoder': {
      const { pooling, dense = [] } = use;
      const outputDim = dense.at(-1)?.outDim ?? dim;
      const end = embeddingStage(dim, pooling, dense);
      return { ...common, stages: [...stages, end], outputDim, pooling: undefined };
    }
    case 'reranker': {
      const { classifier } = body;
      if (classifier === undefined) throw new TypeError(`${config.modelType} has no classifier`);
      const outputDim = labelCountOf(config, model);
      const end = scoreStage(dim, classifier, outputDim);
      return { ...common, stages: [...stages, end], outputDim, pooling: classifier.pooling };
    }
    case 'decoder':
    case 'encoder-decoder': {
      const { head, startId } = body;
      if (head === undefined) throw new TypeError(`${config.modelType} has no head`);
      const keep: Stage = (part) => keepScored(part, part.take(lastHidden, dim), dim);
      return { ...common, stages: [...stages, keep], head, startId, pooling: undefined };
    }
  }
}

/** A reranker has one score; transformers' default is two labels. Throws `config-unsupported`. */
function readLabelCount(config: Config, model: string): number {
  const named = config.raw('id2label');
  const byNames = typeof named === 'object' && named !== null ? Object.keys(named).length : 2;
  const labelCount = config.raw('num_labels') === undefined ? byNames : config.integer('num_labels');
  if (labelCount === 1) return 1;
  throw new KnownError('config-unsupported', { model, field: 'num_labels', value: String(labelCount) });
}
