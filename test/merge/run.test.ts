import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { planLinear, type OutputDtype } from '../../src/merge/plan.ts';
import type { Checkpoint } from '../../src/safetensors/checkpoint.ts';
import { kindOf } from '../../src/tensor/dtype.ts';
import { checkpointOf, f16, f32, i64, u8 } from './checkpoints.ts';
import { mergeTensors } from './merging.ts';

const running = new AbortController().signal;

/** Chunks of the mixture of the tensor `w` of these models. */
function mix(
  models: readonly Checkpoint[],
  weights: readonly number[],
  chunkElements?: number,
  signal = running,
  dtype?: OutputDtype,
) {
  const from = models.map(({ tensors }) => tensors.get('w'));
  const { shape, dtype: stored } = from.find((tensor) => tensor !== undefined)!;
  const plan = planLinear([{ name: 'w', shape, kind: kindOf(stored), from }], weights, dtype);
  return mergeTensors(plan.tensors, models, signal, chunkElements);
}

/** Array.fromAsync, which Node 20 has not. */
async function toArray<T>(values: AsyncIterable<T>): Promise<T[]> {
  const array: T[] = [];
  for await (const value of values) array.push(value);
  return array;
}

async function bytesOf(chunks: AsyncIterable<Uint8Array<ArrayBuffer>>): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await new Blob(await toArray(chunks)).arrayBuffer());
}

async function valuesOf(chunks: AsyncIterable<Uint8Array<ArrayBuffer>>): Promise<Float32Array> {
  return new Float32Array((await bytesOf(chunks)).buffer);
}

const one = (...values: readonly number[]) => checkpointOf({ w: f32(...values) });

describe('mergeTensors', () => {
  test('rounds to float32 after every product and every sum, in model order', async () => {
    const models = [await one(0.1), await one(0.2), await one(0.3)];
    const [w0, w1, w2] = [0.3, 0.2, 0.5].map(Math.fround) as [number, number, number];
    const [x0, x1, x2] = [0.1, 0.2, 0.3].map(Math.fround) as [number, number, number];
    const first = Math.fround(Math.fround(w0 * x0) + Math.fround(w1 * x1));
    const want = Math.fround(first + Math.fround(w2 * x2));
    expect([...(await valuesOf(mix(models, [0.3, 0.2, 0.5])))]).toEqual([want]);
  });

  test('differs from a sum that is rounded once', async () => {
    const values = Array.from({ length: 100 }, (_, i) => Math.fround(Math.sin(i + 1)));
    const others = values.map((value) => Math.fround(Math.cos(value)));
    const got = await valuesOf(mix([await one(...values), await one(...others)], [0.7, 0.3]));
    const once = values.map((value, i) =>
      Math.fround(Math.fround(0.7) * value + Math.fround(0.3) * others[i]!),
    );
    expect([...got]).not.toEqual(once);
    // by a unit in the last place, of values up to 1
    got.forEach((value, i) => expect(Math.abs(value - once[i]!)).toBeLessThan(1.2e-7));
  });

  test.each([
    ['F16', 65520, 'float16', 65504],
    ['BF16', 3.4028234663852886e38, 'bfloat16', 3.3895313892515355e38],
  ] as const)('refuses a sum that %s does not hold, by name', async (dtype, value, asked, limit) => {
    const models = [await one(1, value), await one(1, value)];
    const facts = { tensor: 'w', dtype: asked, value, limit };
    await expect(bytesOf(mix(models, [0.5, 0.5], 100, running, dtype))).rejects.toMatchObject({
      code: 'value-overflows',
      facts,
    });
  });

  test('rounds to half precision once, after the exact sum, and not each share', async () => {
    // 1 and 2^-11 more: the sum lies between ties; its halves, rounded alone, would add up to 1
    const models = [await one(1), await one(2 ** -10 + 2 ** -20)];
    const bytes = await bytesOf(mix(models, [1, 0.5], 100, running, 'F16'));
    expect(new Uint16Array(bytes.buffer)).toEqual(Uint16Array.of(0x3c01));
  });

  test('gives one model of weight 1 back, bit for bit', async () => {
    const values = fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), {
      minLength: 1,
      maxLength: 40,
    });
    await fc.assert(
      fc.asyncProperty(values, fc.integer({ min: 1, max: 50 }), async (values, chunkElements) => {
        const got = await bytesOf(mix([await one(...values)], [1], chunkElements));
        expect(got).toEqual(new Uint8Array(Float32Array.from(values).buffer));
      }),
    );
  });

  test.each([
    ['-0 of all models', [[-0], [-0]], [0.5, 0.5], -0],
    ['-0 and 0', [[-0], [0]], [0.5, 0.5], 0],
    ['-0 of the only model', [[-0]], [1], -0],
    ['a negative value of weight 0', [[-5]], [0], -0],
    ['subnormal values', [[1e-45], [1e-45]], [1, 1], Math.fround(2.8e-45)],
  ])('computes %s as torch does', async (_, values, weights, want) => {
    const models = await Promise.all(values.map((row) => one(...row)));
    const [got] = await valuesOf(mix(models, weights));
    expect(got).toBe(want);
  });

  test.each([
    ['NaN in one model', [[1], [NaN]], [0.5, 0.5], 1],
    ['NaN of weight 0', [[1], [NaN]], [1, 0], 1],
    ['infinity', [[Infinity], [1]], [0.5, 0.5], 0],
    ['infinity of weight 0', [[1], [Infinity]], [1, 0], 1],
    ['a sum beyond float32', [[3e38], [3e38]], [1, 1], 1],
  ])('refuses %s, naming the model and the tensor', async (_, values, weights, bad) => {
    const models = await Promise.all(values.map((row, m) => checkpointOf({ w: f32(...row) }, `model ${m}`)));
    await expect(valuesOf(mix(models, weights))).rejects.toMatchObject({
      code: 'values-not-finite',
      facts: { model: `model ${bad}`, tensor: 'w' },
    });
  });

  test('widens half precision before it mixes', async () => {
    // 1/3 in half precision, and 1
    const models = [await checkpointOf({ w: f16(0x3555) }), await one(1)];
    const third = 0.333251953125;
    expect([...(await valuesOf(mix(models, [0.3, 0.7])))]).toEqual([
      Math.fround(Math.fround(Math.fround(0.3) * third) + Math.fround(0.7)),
    ]);
  });

  test.each([1, 2, 3, 7, 9, 10, 11, 1000])('gives the same bytes in chunks of %i', async (chunkElements) => {
    const values = Array.from({ length: 10 }, (_, i) => i / 3);
    const models = [await one(...values), await one(...values.toReversed())];
    const chunks = await toArray(mix(models, [0.4, 0.6], chunkElements));
    expect(chunks.map(({ byteLength }) => byteLength / 4)).toEqual(
      Array.from({ length: Math.ceil(10 / chunkElements) }, (_, c) =>
        Math.min(chunkElements, 10 - c * chunkElements),
      ),
    );
    const whole = await bytesOf(mix(models, [0.4, 0.6]));
    expect(new Uint8Array(await new Blob(chunks).arrayBuffer())).toEqual(whole);
  });

  test('copies integers from the last model, beyond what a double can hold', async () => {
    const values = [2n ** 62n + 1n, -1n, 7n];
    const models = [await checkpointOf({ w: i64(1n, 2n, 3n) }), await checkpointOf({ w: i64(...values) })];
    for (const chunkElements of [1, 2, 100]) {
      const got = await bytesOf(mix(models, [0.9, 0.1], chunkElements));
      expect([...new BigInt64Array(got.buffer)]).toEqual(values);
    }
  });

  test('copies bytes in chunks that need not hold a whole number of elements', async () => {
    const model = await checkpointOf({ w: u8(1, 2, 3, 4, 5, 6, 7) });
    expect([...(await bytesOf(mix([model], [1], 1)))]).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });

  test('yields nothing for an empty tensor', async () => {
    const models = [await checkpointOf({ w: f32() }), await checkpointOf({ w: f32() })];
    expect(await toArray(mix(models, [0.5, 0.5]))).toEqual([]);
  });

  test('mixes a scalar', async () => {
    const scalar = (value: number) => checkpointOf({ w: { ...f32(value), shape: [] } });
    expect([...(await valuesOf(mix([await scalar(1), await scalar(3)], [0.5, 0.5])))]).toEqual([2]);
  });

  test('gives tensors in the order of the file, small ones in one chunk', async () => {
    const model = await checkpointOf({ a: f32(1), b: f32(2), c: i64(3n) });
    const matched = (['b', 'c', 'a'] as const).map((name) => {
      const tensor = model.tensors.get(name)!;
      return { name, shape: tensor.shape, kind: kindOf(tensor.dtype), from: [tensor] };
    });
    const [chunk, ...others] = await toArray(
      mergeTensors(planLinear(matched, [1]).tensors, [model], running),
    );
    expect(others).toEqual([]);
    expect(new BigInt64Array(chunk!.buffer.slice(0, 8))[0]).toBe(3n);
    expect([...new Float32Array(chunk!.buffer.slice(8))]).toEqual([1, 2]);
  });

  test('stops before the first chunk', async () => {
    const chunks = mix([await one(1, 2, 3)], [1], 1, AbortSignal.abort());
    await expect(chunks.next()).rejects.toMatchObject({ name: 'AbortError' });
  });

  test('stops between chunks', async () => {
    const controller = new AbortController();
    const chunks = mix([await one(1, 2, 3)], [1], 1, controller.signal);
    expect((await chunks.next()).done).toBe(false);
    controller.abort();
    await expect(chunks.next()).rejects.toMatchObject({ name: 'AbortError' });
    expect((await chunks.next()).done).toBe(true);
  });

  test('stops between chunks of a copy', async () => {
    const controller = new AbortController();
    const chunks = mix([await checkpointOf({ w: i64(1n, 2n) })], [1], 2, controller.signal);
    expect((await chunks.next()).done).toBe(false);
    controller.abort();
    await expect(chunks.next()).rejects.toMatchObject({ name: 'AbortError' });
  });

  test('passes on what reading throws', async () => {
    const [a, b] = [await one(1, 2), await one(1)];
    const tensor = a.tensors.get('w')!;
    const plan = planLinear([{ name: 'w', shape: [2], kind: 'float', from: [tensor, tensor] }], [0.5, 0.5]);
    // the second checkpoint's file is shorter than the tensor that the plan reads from it
    await expect(bytesOf(mergeTensors(plan.tensors, [a, b], running))).rejects.toMatchObject({
      code: 'read-short',
    });
  });
});
