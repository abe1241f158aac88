import { describe, expect, test } from 'vitest';
import { batchLoss, planOwn, planReference, type Batch } from '../../src/score/contrastive.ts';
import type { Example } from '../../src/score/examples.ts';
import { lossesWithoutEach, lossOf } from '../../src/score/losses.ts';

/** An embedding that depends on the text alone, as far from its neighbours as texts are. */
function embed(text: string): Float32Array {
  let seed = [...text].reduce((sum, letter) => (sum * 31 + (letter.codePointAt(0) ?? 0)) % 2147483647, 7);
  return Float32Array.from({ length: 8 }, () => ((seed = (seed * 48271) % 2147483647) / 2147483647) * 2 - 1);
}

function rowsOf(batches: readonly Batch[]): readonly Float32Array[] {
  const queries = batches.flatMap(({ queries }) => queries);
  return [...queries, ...batches.flatMap(({ passages }) => passages)].map(embed);
}

const negativeCounts = [2, 0, 3, 1, 2];
const five = ['a', 'b', 'c', 'd', 'e'].map((name, e): Example => ({
  query: `${name}?`,
  positives: [`${name}+`],
  negatives: Array.from({ length: negativeCounts[e] ?? 0 }, (_, n) => `${name}-${n}`),
}));
const full = five.map((example) => ({ ...example, negatives: ['x', 'y', example.query] }));

const without = (examples: readonly Example[], left: number) => examples.filter((_, e) => e !== left);

describe('lossOf', () => {
  test('counts a short last batch as much as a full one', () => {
    const batches = planReference(full, 2, 1);
    const alone = batches.map(({ queries, passages, targets }) =>
      batchLoss(queries.map(embed), passages.map(embed), targets),
    );
    const mean = alone.reduce((sum, loss) => sum + loss, 0) / 3;
    // the same sums in the same order
    expect(lossOf(batches, rowsOf(batches))).toBe(mean);
  });
});

describe('lossesWithoutEach', () => {
  // the same embeddings and sums in the same order: what differs is nothing
  test('gives what scoring gives once the example is gone, all in one batch', () => {
    const batches = planOwn(five);
    const want = five.map((_, e) => {
      const planned = planOwn(without(five, e));
      return lossOf(planned, rowsOf(planned));
    });
    expect(lossesWithoutEach(batches, Infinity, rowsOf(batches))).toEqual(want);
    expect(new Set(want).size).toBe(5);
  });

  test.each([1, 2, 3, 5, 9])('plans batches of %i anew from the examples that are left', (batchSize) => {
    const batches = planReference(full, batchSize, 2);
    const want = full.map((_, e) => {
      const planned = planReference(without(full, e), batchSize, 2);
      return lossOf(planned, rowsOf(planned));
    });
    expect(lossesWithoutEach(batches, batchSize, rowsOf(batches))).toEqual(want);
  });

  test.each([
    ['one example', full.slice(0, 1)],
    ['two of which one has no negative: alone it is refused', five.slice(0, 2)],
  ])('says nothing of %s', (_, examples) => {
    const batches = planOwn(examples);
    expect(lossesWithoutEach(batches, Infinity, rowsOf(batches))).toEqual([]);
  });

  test('is known of two that have negatives', () => {
    const batches = planOwn(full.slice(0, 2));
    expect(lossesWithoutEach(batches, Infinity, rowsOf(batches))).toHaveLength(2);
  });
});
