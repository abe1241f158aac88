import { describe, expect, test } from 'vitest';
import { toValue } from '../../src/score/feeds.ts';

describe('positions', () => {
  const units = [{ ids: [5, 1, 7] }, { ids: [1, 5] }];
  const positionsOf = (hiddenId: number | undefined, skipped?: number | 'hidden') => {
    const feed = { kind: 'positions', first: 2, ...(skipped === undefined ? {} : { skipped }) } as const;
    const { data } = toValue(feed, { units, pooling: 'mean', hiddenId, length: undefined }, undefined);
    return [...data].map(Number);
  };

  test('count every token where none is skipped', () => {
    expect(positionsOf(1)).toEqual([2, 3, 4, 2, 3, 1]);
  });

  test('leave out the id that the model skips, whether it is looked at or not', () => {
    expect(positionsOf(undefined, 1)).toEqual([2, 1, 3, 1, 2, 1]);
  });

  test('leave out the id that nobody looks at, where the model skips that', () => {
    expect(positionsOf(1, 'hidden')).toEqual([2, 1, 3, 1, 2, 1]);
    expect(positionsOf(undefined, 'hidden')).toEqual([2, 3, 4, 2, 3, 1]);
  });
});
