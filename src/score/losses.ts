/**
 * From embeddings to losses: of the batches as they were planned, and what the loss would be had one example not been
 * there. The latter runs no model again: scores of all queries and all passages once, then sums over what is left.
 *
 *   loss           = mean over the batches
 *   loss without e = mean over the batches that are planned from the other examples, in order
 */
import { batchLoss, rowLoss, scoreAll, type Batch } from './contrastive.ts';

/** @param rows (texts,) embeddings of (dim,): all queries of all batches, then all passages */
export function lossOf(batches: readonly Batch[], rows: readonly Float32Array[]): number {
  let query = 0;
  let passage = countQueries(batches);
  const losses = batches.map(({ queries, passages, targets }) => {
    const queryRows = rows.slice(query, (query += queries.length));
    const passageRows = rows.slice(passage, (passage += passages.length));
    return batchLoss(queryRows, passageRows, targets);
  });
  return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
}

function countQueries(batches: readonly Batch[]): number {
  return batches.reduce((count, { queries }) => count + queries.length, 0);
}

/** The texts of one example among all queries and passages: query `e`, its positive at `start`, negatives after it. */
interface Span {
  readonly start: number;
  readonly end: number;
}

/**
 * @param batches as they were scored: the first positive of an example stands before its negatives
 * @param batchSize how many examples a batch takes; `Infinity`: all in one
 * @param rows (texts,) as for `lossOf`
 * @returns (examples,) losses in nats; empty where leaving one out leaves nothing to tell models apart by
 *
 * Cost: examples² × passages exponentials; a hundredth of a second for 5 examples, a second for 200.
 */
export function lossesWithoutEach(
  batches: readonly Batch[],
  batchSize: number,
  rows: readonly Float32Array[],
): readonly number[] {
  const spans = spansOf(batches);
  if (!isSteadinessKnown(spans)) return [];
  const scores = scoreAll(rows.slice(0, spans.length), rows.slice(spans.length));
  return spans.map((_, left) => {
    const others = spans.map((_, e) => e).filter((e) => e !== left);
    const losses: number[] = [];
    for (let start = 0; start < others.length; start += batchSize) {
      losses.push(lossAmong(others.slice(start, start + batchSize), spans, scores));
    }
    return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
  });
}

/** One example alone without negatives has a loss of 0 under every model, and scoring it is refused. */
function isSteadinessKnown(spans: readonly Span[]): boolean {
  if (spans.length < 2) return false;
  return spans.length > 2 || spans.every(({ start, end }) => end - start > 1);
}

function spansOf(batches: readonly Batch[]): readonly Span[] {
  let before = 0;
  return batches.flatMap(({ targets, passages }) => {
    const first = before;
    before += passages.length;
    return targets.map((start, i) => ({
      start: first + start,
      end: first + (targets[i + 1] ?? passages.length),
    }));
  });
}

/** The loss of one batch that holds these examples. */
function lossAmong(
  examples: readonly number[],
  spans: readonly Span[],
  scores: readonly Float64Array[],
): number {
  const width = examples.reduce((sum, e) => sum + spans[e]!.end - spans[e]!.start, 0);
  const row = new Float64Array(width);
  let loss = 0;
  for (const query of examples) {
    let filled = 0;
    let target = 0;
    for (const e of examples) {
      const { start, end } = spans[e]!;
      if (e === query) target = filled;
      row.set(scores[query]!.subarray(start, end), filled);
      filled += end - start;
    }
    loss += rowLoss(row, target);
  }
  return loss / examples.length;
}
