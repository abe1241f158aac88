/**
 * The contrastive loss of an embedding model on a few examples.
 *
 *   S = cos(q_i, p_j) / 0.05                                        (queries, passages)
 *   loss = mean over i of logsumexp_j S_ij − S_i,target(i)          nats
 *
 * All passages of the batch are candidates for every query: in-batch negatives. Two definitions: `own`, all examples
 * in one batch; `reference`, batches of a given size in order, and the unweighted mean over batches, so that a short
 * last batch counts as much as a full one.
 *
 * Source: FlagEmbedding, `research/LM_Cocktail/LM_Cocktail/utils.py`, `compute_weights` for encoders.
 */
import { KnownError, type SettingName } from '../errors.ts';
import type { Example } from './examples.ts';

/** Fixed in the reference; unrelated to the temperature of the weights. */
const scale = 1 / 0.05;

/** The texts of one batch, and where each query's positive stands among the passages. */
export interface Batch {
  readonly queries: readonly string[];
  readonly passages: readonly string[];
  /** (queries,) indices into `passages`. */
  readonly targets: readonly number[];
}

/** Every example in one batch, with `positives[0]` and all of its negatives. */
export function planOwn(examples: readonly Example[]): readonly Batch[] {
  checkExamples(examples);
  if (examples.length === 1 && examples[0]!.negatives.length === 0) {
    // the one passage would be the answer whatever the model: a loss of 0 for all
    throw new KnownError('negatives-needed', {});
  }
  return [toBatch(examples, Infinity)];
}

/**
 * Batches as the reference makes them. Where it would sample negatives with an unseeded generator, the first
 * `negativeCount` are taken. Throws `negatives-too-few` where it would crash, `setting-invalid`.
 */
export function planReference(
  examples: readonly Example[],
  batchSize: number,
  negativeCount: number,
): readonly Batch[] {
  checkExamples(examples);
  checkCount('batch-size', batchSize, 1);
  checkCount('negative-count', negativeCount, 0);
  examples.forEach(({ negatives }, e) => {
    if (negatives.length >= negativeCount) return;
    throw new KnownError('negatives-too-few', { example: e + 1, want: negativeCount, got: negatives.length });
  });
  const batches: Batch[] = [];
  for (let start = 0; start < examples.length; start += batchSize) {
    batches.push(toBatch(examples.slice(start, start + batchSize), negativeCount));
  }
  return batches;
}

function checkCount(setting: SettingName, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return;
  throw new KnownError('setting-invalid', { setting, value: String(value) });
}

/** Throws `examples-empty`, `example-query-missing`, `example-positive-missing`, with the example's number from 1. */
export function checkExamples(examples: readonly Example[]): void {
  if (examples.length === 0) throw new KnownError('examples-empty', {});
  examples.forEach(({ query, positives }, e) => {
    if (query.trim() === '') throw new KnownError('example-query-missing', { example: e + 1 });
    if ((positives[0] ?? '').trim() === '')
      throw new KnownError('example-positive-missing', { example: e + 1 });
  });
}

function toBatch(examples: readonly Example[], negativeCount: number): Batch {
  const passages: string[] = [];
  const targets: number[] = [];
  for (const { positives, negatives } of examples) {
    targets.push(passages.length);
    passages.push(positives[0]!, ...negatives.slice(0, negativeCount));
  }
  return { queries: examples.map(({ query }) => query), passages, targets };
}

/**
 * The loss of one batch, in nats. Sums in double precision.
 *
 * @param queries (queries,) embeddings of (dim,), of any length
 * @param passages (passages,) embeddings of (dim,)
 */
export function batchLoss(
  queries: readonly Float32Array[],
  passages: readonly Float32Array[],
  targets: readonly number[],
): number {
  const scores = scoreAll(queries, passages);
  const sum = scores.reduce((rest, row, i) => rest + rowLoss(row, targets[i]!), 0);
  return sum / queries.length;
}

/** S of every query and every passage: (queries,) rows of (passages,). */
export function scoreAll(
  queries: readonly Float32Array[],
  passages: readonly Float32Array[],
): readonly Float64Array[] {
  const units = passages.map(toUnit);
  return queries.map((query) => {
    const unit = toUnit(query);
    return Float64Array.from(units, (passage) => scale * dot(unit, passage));
  });
}

/** One query's part of the loss, from its scores (passages,). */
export function rowLoss(scores: Float64Array, target: number): number {
  const highest = scores.reduce((most, score) => Math.max(most, score), -Infinity);
  const total = scores.reduce((rest, score) => rest + Math.exp(score - highest), 0);
  return highest + Math.log(total) - scores[target]!;
}

/** L2-normalised, with the floor that torch's `normalize` has. */
export function toUnit(values: Float32Array): Float32Array {
  let squares = 0;
  for (const value of values) squares += value * value;
  const length = Math.max(Math.sqrt(squares), 1e-12);
  return values.map((value) => value / length);
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let d = 0; d < a.length; d++) sum += a[d]! * b[d]!;
  return sum;
}
