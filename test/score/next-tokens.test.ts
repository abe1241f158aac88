import { describe, expect, test } from 'vitest';
import { likeliest } from '../../src/score/next-tokens.ts';

const textOf = (id: number) => (id < 4 ? 'abcd'[id] : undefined);

describe('likeliest', () => {
  test('gives the shares of a softmax, the highest first', () => {
    // e^(log n) are n parts of 10
    const logits = Float32Array.from([3, 1, 4, 2], Math.log);
    const got = likeliest(logits, 3, textOf);
    expect(got.map(({ id, text }) => [id, text])).toEqual([
      [2, 'c'],
      [0, 'a'],
      [3, 'd'],
    ]);
    // logarithms rounded to float32
    [0.4, 0.3, 0.2].forEach((share, i) => expect(got[i]!.probability).toBeCloseTo(share, 6));
  });

  test('is finite where logits are large', () => {
    const [first, second] = likeliest(Float32Array.of(1000, 1000, -1000), 2, textOf);
    expect([first, second]).toMatchObject([
      { id: 0, probability: 0.5 },
      { id: 1, probability: 0.5 },
    ]);
  });

  test('keeps the lower id first among equal ones, and takes fewer where there are fewer', () => {
    const logits = Float32Array.of(1, 2, 2, 1, 2);
    expect(likeliest(logits, 2, textOf).map(({ id }) => id)).toEqual([1, 2]);
    expect(likeliest(logits, 9, textOf).map(({ id }) => id)).toEqual([1, 2, 4, 0, 3]);
    expect(likeliest(logits, 9, textOf)[2]).toMatchObject({ id: 4, text: undefined });
  });
});
