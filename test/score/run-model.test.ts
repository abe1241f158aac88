import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { planBatches } from '../../src/score/run-model.ts';

describe('planBatches', () => {
  test('sorts by length and keeps the order of equal ones', () => {
    expect(planBatches([5, 2, 5, 1], 100)).toEqual([[3, 1, 0, 2]]);
  });

  test('opens a new batch where padding to the newcomer would pass the limit', () => {
    // 2 · 4 fits in 8, 3 · 4 does not
    expect(planBatches([4, 4, 4, 4, 4], 8)).toEqual([[0, 1], [2, 3], [4]]);
    expect(planBatches([1, 1, 4, 4], 8)).toEqual([
      [0, 1],
      [2, 3],
    ]);
  });

  test('gives a sequence beyond the limit a batch of its own', () => {
    expect(planBatches([2000, 3, 3000], 1024)).toEqual([[1], [0], [2]]);
  });

  test('makes no batch of nothing', () => {
    expect(planBatches([])).toEqual([]);
  });

  test('holds every index once, in ascending lengths, below the limit', () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 600 }), { maxLength: 60 });
    fc.assert(
      fc.property(lengths, fc.integer({ min: 1, max: 2000 }), (lengths, limit) => {
        const batches = planBatches(lengths, limit);
        const order = batches.flat();
        expect([...order].sort((a, b) => a - b)).toEqual(lengths.map((_, index) => index));
        const sorted = order.map((index) => lengths[index]!);
        expect(sorted).toEqual([...lengths].sort((a, b) => a - b));
        for (const batch of batches) {
          const padded = batch.length * Math.max(...batch.map((index) => lengths[index]!));
          expect(batch.length === 1 || padded <= limit).toBe(true);
        }
      }),
    );
  });
});
