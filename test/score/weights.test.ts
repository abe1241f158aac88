import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { KnownError } from '../../src/errors.ts';
import { checkWeights, weigh, weighAround } from '../../src/score/weights.ts';

/** torch's softmax and this one differ by a unit in the last place. */
const tolerance = 1e-6;

describe('weigh', () => {
  // computed by the reference package
  test.each([
    [5, [0.38358592987060547, 0.3540944457054138, 0.2623195946216583]],
    [1, [0.5494841933250427, 0.3683302700519562, 0.08218557877706528]],
    [0.05, [0.9996646642684937, 0.00033535013790242374, 3.1380803837983414e-17]],
  ])('gives the weights of the reference at temperature %d', (temperature, want) => {
    const got = weigh([0.1, 0.5, 2], temperature);
    expect(got).toHaveLength(3);
    got.forEach((weight, m) => expect(Math.abs(weight - want[m]!)).toBeLessThanOrEqual(tolerance));
  });

  test('gives a published pair of weights from the gap of its losses', () => {
    const [first, second] = weigh([1, 1.264], 5);
    // the gap is known to three digits
    expect(first).toBeCloseTo(0.5131871104240417, 3);
    expect(second).toBeCloseTo(0.48681285977363586, 3);
  });

  test('gives equal losses equal weights', () => {
    expect(weigh([2, 2, 2], 5)).toEqual([Math.fround(1 / 3), Math.fround(1 / 3), Math.fround(1 / 3)]);
    expect(weigh([7], 1)).toEqual([1]);
  });

  test('gives a far worse model nothing, and no NaN', () => {
    expect(weigh([0, 1e6], 0.01)).toEqual([1, 0]);
    expect(weigh([3e38, 0], 1e-3)).toEqual([0, 1]);
  });

  test('gives float32 values that sum to 1 and order models by their losses', () => {
    const losses = fc.array(fc.double({ min: 0, max: 20, noNaN: true }), { minLength: 1, maxLength: 16 });
    const temperatures = fc.double({ min: 0.01, max: 100, noNaN: true });
    fc.assert(
      fc.property(losses, temperatures, (losses, temperature) => {
        const weights = weigh(losses, temperature);
        expect(weights).toEqual(weights.map(Math.fround));
        // 16 additions in float32
        expect(Math.abs(weights.reduce((sum, weight) => sum + weight, 0) - 1)).toBeLessThan(2e-6);
        losses.forEach((loss, m) =>
          losses.forEach((other, n) => {
            if (loss < other) expect(weights[m]).toBeGreaterThanOrEqual(weights[n]!);
          }),
        );
      }),
    );
  });

  test.each([NaN, Infinity, -Infinity])('refuses a loss of %d and names the model', (loss) => {
    expect(() => weigh([0.5, loss], 5, ['base', 'science'])).toThrow(
      new KnownError('loss-not-finite', { model: 'science', loss: String(loss) }),
    );
  });

  test('names a model without a name by its number', () => {
    expect(() => weigh([0.5, NaN], 5)).toThrow(
      new KnownError('loss-not-finite', { model: '2', loss: 'NaN' }),
    );
  });

  test.each([0, -0, -1, NaN, Infinity])('refuses the temperature %d', (temperature) => {
    expect(() => weigh([0.5, 1], temperature)).toThrow(
      new KnownError('setting-invalid', { setting: 'temperature', value: String(temperature) }),
    );
  });

  test.each([1e-46, 1e39])('refuses the temperature %d, which float32 cannot hold', (temperature) => {
    expect(() => weigh([0.5, 1], temperature)).toThrow(
      new KnownError('setting-invalid', { setting: 'temperature', value: String(temperature) }),
    );
  });

  test('refuses a temperature so low that every loss over it overflows', () => {
    expect(() => weigh([0.5, 1], 1e-45)).toThrow(
      new KnownError('setting-invalid', { setting: 'temperature', value: '1e-45' }),
    );
  });
});

describe('checkWeights', () => {
  test.each([[[1]], [[0.5, 0.5]], [[1.5, -0.5]], [[0.3333, 0.3333, 0.3333]], [[0.5009, 0.5]], [[0, 1]]])(
    'takes %j',
    (weights: number[]) => {
      expect(() => checkWeights(weights)).not.toThrow();
    },
  );

  test.each([
    [[0.3, 0.3], 'Σ = 0.6'],
    [[0.5, 0.502], 'Σ = 1.002'],
    [[], 'Σ = 0'],
    [[0.5, NaN], '2: NaN'],
    [[Infinity, -Infinity], '1: Infinity'],
  ])('refuses %j', (weights: number[], why) => {
    expect(() => checkWeights(weights)).toThrow(new KnownError('weights-invalid', { why }));
  });

  test('refuses another number of weights than models', () => {
    expect(() => checkWeights([0.5, 0.5], 3)).toThrow(new KnownError('weights-invalid', { why: '2 ≠ 3' }));
  });
});

describe('weighAround', () => {
  test('gives alpha to the fine-tuned model and shares the rest by softmax', () => {
    const [base, tuned, other] = weighAround([0.1, 7, 0.5], 1, 0.3, 1);
    expect(tuned).toBe(0.3);
    // softmax of (-0.1, -0.5) by hand; float32 shares, so 1e-7
    expect(base).toBeCloseTo(0.7 / (1 + Math.exp(-0.4)), 6);
    expect(other).toBeCloseTo(0.7 / (1 + Math.exp(0.4)), 6);
  });

  test('needs no losses for two models, and ignores the fine-tuned one’s own', () => {
    expect(weighAround(undefined, 1, 0.25, 1)).toEqual([0.75, 0.25]);
    expect(weighAround([3, 1, 1], 0, 0.5, 1)).toEqual(weighAround([-9, 1, 1], 0, 0.5, 1));
  });

  test('gives weights that the merge accepts, at both ends too', () => {
    for (const alpha of [0, 0.1, 1]) checkWeights(weighAround([0.2, 0.4, 0.1, 3], 3, alpha, 0.5), 4);
    expect(weighAround([1, 2], 0, 1, 1)).toEqual([1, 0]);
  });

  test.each([-0.1, 1.1, Number.NaN, Number.POSITIVE_INFINITY])('refuses an alpha of %s', (alpha) => {
    expect(() => weighAround([1, 2], 0, alpha, 1)).toThrow('setting-invalid');
  });
});
