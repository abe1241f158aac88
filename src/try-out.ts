/** A query and a few documents under base, one other model and the mixture of all: what a person looks at before pouring. */
import { planLinear } from './merge/plan.ts';
import { openMixed } from './merge/mixed.ts';
import { compareModels } from './model/compare.ts';
import { checkProblems } from './errors.ts';
import type { Prompts } from './model/prompts.ts';
import {
  openFetched,
  openModel,
  openScorable,
  type Device,
  type NamedSource,
  type Task,
} from './pipeline.ts';
import type { Scorable } from './score/scorable.ts';
import type { Scorer, Watching } from './score/score.ts';
import { checkWeights } from './score/weights.ts';
import type { ModelRef } from './source/source.ts';

export interface TryJob {
  readonly models: readonly ModelRef[];
  /** (models,) */
  readonly prompts: readonly Prompts[];
  /** (models,) */
  readonly weights: readonly number[];
  /** Index of the model beside the base. */
  readonly other: number;
  readonly query: string;
  readonly documents: readonly string[];
  readonly device: Device;
  /** What the models are run as, where somebody says so. */
  readonly task?: Task;
}

/** Cosines of the documents with the query, (documents,) each. */
export interface Tried {
  readonly base: readonly number[];
  readonly other: readonly number[];
  readonly mixture: readonly number[];
}

/** Downloads what is missing, then runs three models, each under its own settings; the mixture under model 1's. Throws as scoring and mixing do. */
export async function tryOut(
  scorer: Scorer,
  named: readonly NamedSource[],
  { weights, prompts, other, query, documents, device, task }: Omit<TryJob, 'models'>,
  watching: Watching,
): Promise<Tried> {
  checkWeights(weights, named.length);
  const open = async () => ({
    base: await openScorable(named[0]!.source, task),
    other: await openScorable(named[other]!.source, task),
    mixed: await openMixture(named, weights),
  });
  const opened = await openFetched(named, open, watching);
  const cosines = async (model: Scorable, m: number): Promise<readonly number[]> => {
    const { query: before, document } = prompts[m] ?? { query: '', document: '' };
    const texts = [before + query, ...documents.map((text) => document + text)];
    const { outputs } = await scorer.outputs(model, texts, '', device, watching);
    const [first, ...others] = outputs;
    return others.map((embedding) => cosine(first!, embedding));
  };
  return {
    base: await cosines(opened.base, 0),
    other: await cosines(opened.other, other),
    mixture: await cosines({ ...opened.base, name: 'mixture', checkpoint: opened.mixed }, 0),
  };
}

async function openMixture(named: readonly NamedSource[], weights: readonly number[]) {
  const models = await Promise.all(named.map(({ source }) => openModel(source)));
  const { problems, tensors } = await compareModels(models);
  checkProblems(problems);
  return openMixed(
    planLinear(tensors, weights),
    models.map(({ checkpoint }) => checkpoint),
  );
}

/** Of two (dim,) vectors, in double precision; 0 where one has no length. */
export function cosine(a: Float32Array, b: Float32Array): number {
  let dot = 0;
  let aa = 0;
  let bb = 0;
  for (let d = 0; d < a.length; d++) {
    dot += a[d]! * b[d]!;
    aa += a[d]! * a[d]!;
    bb += b[d]! * b[d]!;
  }
  return aa === 0 || bb === 0 ? 0 : dot / Math.sqrt(aa * bb);
}
