/**
 * Losses that are means over terms: each example has some, a batch is the mean of all its terms, and the loss is the mean over
 * batches, so that a short last batch counts as much as a full one. What the loss would be without one example needs no model.
 */

/** One example: the sum of its terms in nats, and how many there are. */
export interface Terms {
  readonly sum: number;
  readonly count: number;
}

/** NaN where a batch has no term at all. */
export function lossOfTerms(terms: readonly Terms[], batchSize: number): number {
  const losses: number[] = [];
  for (let start = 0; start < terms.length; start += batchSize) {
    const batch = terms.slice(start, start + batchSize);
    const sum = batch.reduce((total, term) => total + term.sum, 0);
    losses.push(sum / batch.reduce((total, term) => total + term.count, 0));
  }
  return losses.reduce((total, loss) => total + loss, 0) / losses.length;
}

/** (examples,) nats without each; empty where nothing would be left to tell models apart by. */
export function lossesWithoutTerms(terms: readonly Terms[], batchSize: number): readonly number[] {
  if (terms.length < 2) return [];
  const losses = terms.map((_, left) =>
    lossOfTerms(
      terms.filter((_, e) => e !== left),
      batchSize,
    ),
  );
  return losses.every(Number.isFinite) ? losses : [];
}

export function sumTerms(losses: Float32Array): Terms {
  return { sum: losses.reduce((sum, loss) => sum + loss, 0), count: losses.length };
}
