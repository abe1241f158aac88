import { describe, expect, test } from 'vitest';
import { steadinessOf } from '../../src/ui/steadiness.ts';

describe('steadinessOf', () => {
  test('gives each weight its lowest and highest over the runs, whether or not it lies between them', () => {
    const { ranges } = steadinessOf(
      [0.5, 0.5],
      [
        [0.6, 0.4],
        [0.8, 0.2],
      ],
    );
    expect(ranges).toEqual([
      { lowest: 0.6, highest: 0.8 },
      { lowest: 0.2, highest: 0.4 },
    ]);
  });

  test('names the examples without which another model would be first', () => {
    const without = [
      [0.5, 0.3, 0.2],
      [0.3, 0.5, 0.2],
      [0.2, 0.3, 0.5],
      [0.3, 0.4, 0.3],
    ];
    expect(steadinessOf([0.4, 0.35, 0.25], without)).toMatchObject({
      first: 0,
      others: [
        { model: 1, examples: [2, 4] },
        { model: 2, examples: [3] },
      ],
    });
  });

  test('counts an equal share as no change', () => {
    expect(steadinessOf([0.4, 0.6], [[0.5, 0.5]])).toMatchObject({ first: 1, others: [] });
  });
});
