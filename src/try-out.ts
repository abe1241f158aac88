/** A question under base, one other model and the mixture of all: what a person looks at before pouring. */
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
  type ModelInput,
  type NamedSource,
  type Task,
} from './pipeline.ts';
import { likeliest, type NextToken } from './score/next-tokens.ts';
import type { Scorable } from './score/scorable.ts';
import type { Scorer, Watching } from './score/score.ts';
import { checkWeights } from './score/weights.ts';
import type { ModelRef } from './source/source.ts';

/** Of embedding models and rerankers: how near documents are to a query. Of language models: how a text goes on. */
export type Question =
  | { readonly kind: 'documents'; readonly query: string; readonly documents: readonly string[] }
  | { readonly kind: 'text'; readonly text: string };

export interface TryJob {
  readonly models: readonly ModelRef[];
  /** (models,) */
  readonly prompts: readonly Prompts[];
  /** (models,) */
  readonly weights: readonly number[];
  /** Index of the model beside the base. */
  readonly other: number;
  /** Of the kind that these models answer. */
  readonly question: Question;
  readonly device: Device;
  /** What the models are run as, where somebody says so. */
  readonly task?: Task;
}

interface Answers<T> {
  readonly base: T;
  readonly other: T;
  readonly mixture: T;
}

export type Tried =
  /** (documents,) cosines with the query, or a reranker's scores. */
  | ({ readonly kind: 'documents' } & Answers<readonly number[]>)
  /** What would come next, of an encoder-decoder as the first of its output; the likeliest first. */
  | ({ readonly kind: 'text' } & Answers<readonly NextToken[]>);

/** Enough to see where models differ: what is left out is rarely likely. */
const nextTokenCount = 10;

/** Downloads what is missing, then runs three models, each under its own settings; the mixture under model 1's. Throws as scoring and mixing do. */
export async function tryOut(
  scorer: Scorer,
  named: readonly NamedSource[],
  { weights, prompts, other, question, device, task }: Omit<TryJob, 'models'>,
  watching: Watching,
): Promise<Tried> {
  checkWeights(weights, named.length);
  const open = async () => {
    const base = await openScorable(named[0]!.source, task);
    return {
      base,
      // all are run as what the first is
      other: await openScorable(named[other]!.source, base.task),
      mixed: await openMixture(named, weights),
    };
  };
  const opened = await openFetched(named, open, watching);
  const outputs = async (model: Scorable, inputs: readonly ModelInput[]) =>
    (await scorer.outputs(model, inputs, '', device, watching)).outputs;
  const ask = async <T>(answer: (model: Scorable, m: number) => Promise<T>): Promise<Answers<T>> => ({
    base: await answer(opened.base, 0),
    other: await answer(opened.other, other),
    mixture: await answer({ ...opened.base, name: 'mixture', checkpoint: opened.mixed }, 0),
  });
  if (question.kind === 'text') {
    const next = async (model: Scorable) => {
      const [logits] = await outputs(model, [question.text]);
      return likeliest(logits!, nextTokenCount, (id) => model.tokenizer.textOf(id));
    };
    return { kind: 'text', ...(await ask(next)) };
  }
  const { query, documents } = question;
  const scores = async (model: Scorable, m: number): Promise<readonly number[]> => {
    if (model.task === 'reranker') {
      const rows = await outputs(
        model,
        documents.map((document) => [query, document] as const),
      );
      return rows.map((row) => row[0]!);
    }
    const { query: before, document } = prompts[m] ?? { query: '', document: '' };
    const [first, ...others] = await outputs(model, [
      before + query,
      ...documents.map((text) => document + text),
    ]);
    return others.map((embedding) => cosine(first!, embedding));
  };
  return { kind: 'documents', ...(await ask(scores)) };
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
