import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addScaled, scale } from '../../src/tensor/add-scaled.ts';

describe('scale', () => {
  test('rounds the weight to float32 before the product', () => {
    const out = new Float32Array(1);
    scale(out, Float32Array.of(9), 0.1);
    // 0.1 as a double times 9 would round to 0.8999999761581421
    expect(out[0]).toBe(0.9000000357627869);
  });

  test('may write over its input', () => {
    const values = Float32Array.of(1, -2, 4);
    scale(values, values, 0.5);
    expect([...values]).toEqual([0.5, -1, 2]);
  });
});

describe('addScaled', () => {
  test('rounds after the product, before the sum', () => {
    // (1 + 2^-23)² = 1 + 2^-22 + 2^-46: its last term is lost in the product, and nothing is left of it to add
    const near = 1 + 2 ** -23;
    const sum = Float32Array.of(-(1 + 2 ** -22));
    addScaled(sum, Float32Array.of(near), near);
    expect(sum[0]).toBe(0);
  });

  test('rounds after every sum, so that the order of the models shows', () => {
    const sum = Float32Array.of(1);
    addScaled(sum, Float32Array.of(2 ** -24), 1);
    addScaled(sum, Float32Array.of(2 ** -24), 1);
    expect(sum[0]).toBe(1);
  });

  test('with one model of weight 1 gives its values, bit for bit', () => {
    fc.assert(
      fc.property(fc.float32Array({ noNaN: true }), (values) => {
        const out = new Float32Array(values.length);
        scale(out, values, 1);
        expect(out).toEqual(values);
      }),
    );
  });

  test('keeps infinities and NaN where they are', () => {
    const sum = Float32Array.of(1, 1, 1);
    addScaled(sum, Float32Array.of(Infinity, NaN, 1), 0.5);
    expect([...sum]).toEqual([Infinity, NaN, 1.5]);
  });

  test('refuses chunks of different lengths', () => {
    expect(() => addScaled(new Float32Array(2), new Float32Array(1), 1)).toThrow('1 values for 2 sums');
  });
});
