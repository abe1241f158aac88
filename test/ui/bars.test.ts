import { describe, expect, test } from 'vitest';
import { barLengths, layersOf } from '../../src/ui/bars.ts';
import { colourOf, freeSlot, isStriped } from '../../src/ui/colours.ts';

describe('barLengths', () => {
  test('are per cent of the longest', () => {
    expect(barLengths([1, 2, 4])).toEqual([25, 50, 100]);
  });

  test('leave room for what reaches further', () => {
    expect(barLengths([1, 2], 4)).toEqual([25, 50]);
    expect(barLengths([1, 2], 1)).toEqual([50, 100]);
  });

  test('are nothing for what is negative, absent or not a number', () => {
    expect(barLengths([-1, 0, Number.NaN, 2])).toEqual([0, 0, 0, 100]);
    expect(barLengths([0, 0])).toEqual([0, 0]);
  });
});

describe('layersOf', () => {
  test('stacks layers as high as the weights, the first uppermost', () => {
    expect(layersOf([0.25, 0.75], 100)).toEqual([
      { top: 0, height: 25 },
      { top: 25, height: 75 },
    ]);
  });

  test('shares the glass among the positive weights', () => {
    expect(layersOf([1.5, -0.5], 100)).toEqual([
      { top: 0, height: 100 },
      { top: 100, height: 0 },
    ]);
  });

  test('is empty where all weights are 0', () => {
    expect(layersOf([0, 0], 100).map((layer) => layer.height)).toEqual([0, 0]);
  });
});

describe('freeSlot', () => {
  test('gives a new model the first colour that none has', () => {
    expect(freeSlot([])).toBe(0);
    expect(freeSlot([0, 2, 1, 4])).toBe(3);
  });
});

describe('isStriped', () => {
  test('tells the ninth model from the first, which has its colour', () => {
    expect(colourOf(8)).toBe(colourOf(0));
    expect([isStriped(0), isStriped(8)]).toEqual([false, true]);
  });
});
