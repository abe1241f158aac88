import { describe, expect, test } from 'vitest';
import { KnownError } from '../../src/errors.ts';
import { batchLoss, checkExamples, planOwn, planReference, toUnit } from '../../src/score/contrastive.ts';
import type { Example } from '../../src/score/examples.ts';

const example = (name: string, negativeCount: number): Example => ({
  query: `${name}?`,
  positives: [`${name}+`, `${name} unused`],
  negatives: Array.from({ length: negativeCount }, (_, n) => `${name}-${n + 1}`),
});

const vector = (...values: readonly number[]) => Float32Array.from(values);

describe('planOwn', () => {
  test('puts all examples into one batch, with the first positive and every negative', () => {
    expect(planOwn([example('a', 2), example('b', 0), example('c', 1)])).toEqual([
      {
        queries: ['a?', 'b?', 'c?'],
        passages: ['a+', 'a-1', 'a-2', 'b+', 'c+', 'c-1'],
        targets: [0, 3, 4],
      },
    ]);
  });

  test('refuses a single example without a negative: any model would score 0', () => {
    expect(() => planOwn([example('a', 0)])).toThrow(new KnownError('negatives-needed', {}));
    expect(planOwn([example('a', 1)])).toHaveLength(1);
    expect(planOwn([example('a', 0), example('b', 0)])).toHaveLength(1);
  });
});

describe('planReference', () => {
  const five = ['a', 'b', 'c', 'd', 'e'].map((name) => example(name, 2));

  test('cuts examples into batches in order, the last one short', () => {
    expect(planReference(five, 2, 1)).toEqual([
      { queries: ['a?', 'b?'], passages: ['a+', 'a-1', 'b+', 'b-1'], targets: [0, 2] },
      { queries: ['c?', 'd?'], passages: ['c+', 'c-1', 'd+', 'd-1'], targets: [0, 2] },
      { queries: ['e?'], passages: ['e+', 'e-1'], targets: [0] },
    ]);
  });

  test.each([
    [1, [1, 1, 1, 1, 1]],
    [5, [5]],
    [6, [5]],
    [1000, [5]],
  ])('makes batches of %i', (batchSize, want) => {
    expect(planReference(five, batchSize, 2).map(({ queries }) => queries.length)).toEqual(want);
  });

  test('takes no negatives where none are asked for', () => {
    expect(planReference(five.slice(0, 1), 2, 0)).toEqual([
      { queries: ['a?'], passages: ['a+'], targets: [0] },
    ]);
  });

  test('refuses an example with fewer negatives than asked for, by its number', () => {
    expect(() => planReference([example('a', 3), example('b', 2)], 2, 3)).toThrow(
      new KnownError('negatives-too-few', { example: 2, want: 3, got: 2 }),
    );
  });

  test.each([0, -1, 1.5, NaN, Infinity])('refuses batches of %d', (batchSize) => {
    expect(() => planReference(five, batchSize, 1)).toThrow(
      new KnownError('setting-invalid', { setting: 'batch-size', value: String(batchSize) }),
    );
  });

  test.each([-1, 0.5, NaN])('refuses %d negatives', (negativeCount) => {
    expect(() => planReference(five, 2, negativeCount)).toThrow(
      new KnownError('setting-invalid', { setting: 'negative-count', value: String(negativeCount) }),
    );
  });
});

describe('checkExamples', () => {
  test('refuses none', () => {
    expect(() => checkExamples([])).toThrow(new KnownError('examples-empty', {}));
    expect(() => planOwn([])).toThrow(new KnownError('examples-empty', {}));
    expect(() => planReference([], 2, 1)).toThrow(new KnownError('examples-empty', {}));
  });

  test.each(['', ' ', '\t\n'])('refuses the query %j', (query) => {
    expect(() => checkExamples([example('a', 1), { ...example('b', 1), query }])).toThrow(
      new KnownError('example-query-missing', { example: 2 }),
    );
  });

  test.each([[[]], [['']], [['  ', 'second']]])('refuses the positives %j', (positives: string[]) => {
    expect(() => checkExamples([{ ...example('a', 1), positives }])).toThrow(
      new KnownError('example-positive-missing', { example: 1 }),
    );
  });
});

describe('batchLoss', () => {
  test('is -log softmax of cosine over 0.05 at the positive', () => {
    // cosines 1 and 0.6: scores 20 and 12
    const loss = batchLoss([vector(1, 0)], [vector(1, 0), vector(0.6, 0.8)], [0]);
    // the cosine 0.6 is a float32: 2e-8 off, times 20, times a share of 3e-4
    expect(loss).toBeCloseTo(Math.log(1 + Math.exp(-8)), 9);
  });

  test('is log n when all passages are alike', () => {
    const same = Array.from({ length: 4 }, () => vector(1, 1));
    expect(batchLoss([vector(1, 0), vector(0, 1)], same, [0, 2])).toBeCloseTo(Math.log(4), 12);
  });

  test('is 0 with one passage alone', () => {
    expect(batchLoss([vector(1, 2)], [vector(-3, 1)], [0])).toBe(0);
  });

  test('counts the passages of other queries as negatives', () => {
    const [right, up] = [vector(1, 0), vector(0, 1)];
    // each positive is as far from its own query as can be: scores 0 at the target, 20 beside it
    expect(batchLoss([right, up], [up, right], [0, 1])).toBeCloseTo(20 + Math.log(1 + Math.exp(-20)), 12);
  });

  test('is the mean over queries', () => {
    const [right, up] = [vector(1, 0), vector(0, 1)];
    const passages = [right, up];
    const alone = [batchLoss([right], passages, [0]), batchLoss([right], passages, [1])];
    expect(batchLoss([right, right], passages, [0, 1])).toBeCloseTo((alone[0]! + alone[1]!) / 2, 12);
  });

  test('does not depend on the lengths of the vectors', () => {
    const passages = [vector(3, 4), vector(1, 0)];
    const scaled = [vector(30, 40), vector(0.001, 0)];
    // float32 normalises each to within 6e-8, times 20
    expect(batchLoss([vector(5, 1)], scaled, [0])).toBeCloseTo(
      batchLoss([vector(500, 100)], passages, [0]),
      5,
    );
  });

  test('is not a number where a vector is not', () => {
    expect(batchLoss([vector(NaN, 0)], [vector(1, 0), vector(0, 1)], [0])).toBeNaN();
    expect(batchLoss([vector(1, 0)], [vector(1, 0), vector(Infinity, 1)], [0])).toBeNaN();
  });

  test('takes a vector of zeros as at right angles to everything', () => {
    expect(batchLoss([vector(0, 0)], [vector(1, 0), vector(0, 1)], [0])).toBeCloseTo(Math.log(2), 12);
  });
});

describe('toUnit', () => {
  test('divides by the length, and keeps its input', () => {
    const values = vector(3, 4);
    expect([...toUnit(values)]).toEqual([Math.fround(0.6), Math.fround(0.8)]);
    expect([...values]).toEqual([3, 4]);
  });

  test('leaves zeros', () => {
    expect([...toUnit(vector(0, 0))]).toEqual([0, 0]);
  });
});
