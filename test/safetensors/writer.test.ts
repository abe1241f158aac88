import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openCheckpoint } from '../../src/safetensors/checkpoint.ts';
import { planFile } from '../../src/safetensors/writer.ts';
import { dtypes, elementBytes } from '../../src/tensor/dtype.ts';
import { sourceOf } from '../model/models.ts';

const fixture = (path: string) => readFile(new URL(`../fixtures/${path}`, import.meta.url));

describe('planFile', () => {
  test('puts wide tensors first, then goes by name', () => {
    const plan = planFile([
      { name: 'b', dtype: 'U8', shape: [3] },
      { name: 'a', dtype: 'F16', shape: [] },
      { name: 'd', dtype: 'F32', shape: [2] },
      { name: 'c', dtype: 'F32', shape: [0] },
    ]);
    expect(plan.tensors.map(({ name, start, end }) => [name, start, end])).toEqual([
      ['c', 0, 0],
      ['d', 0, 8],
      ['a', 8, 10],
      ['b', 10, 13],
    ]);
    expect(plan.bytes).toBe(plan.header.length + 13);
  });

  test('pads the header with spaces to a multiple of 8', () => {
    const { header, bytes } = planFile([], { format: 'pt' });
    expect(new TextDecoder().decode(header.subarray(8))).toBe('{"__metadata__":{"format":"pt"}}');
    expect([...header.subarray(0, 8)]).toEqual([32, 0, 0, 0, 0, 0, 0, 0]);
    expect(bytes).toBe(40);
    expect(new TextDecoder().decode(planFile([], {}).header.subarray(8))).toBe('{}      ');
  });

  test('starts every tensor at a multiple of its element size', () => {
    const tensors = dtypes.flatMap((dtype) =>
      [1, 3].map((n) => ({ name: `${dtype} ${n}`, dtype, shape: [n] })),
    );
    const plan = planFile(tensors);
    for (const { name, dtype, start } of plan.tensors) {
      expect((plan.header.length + start) % elementBytes(dtype), name).toBe(0);
    }
  });

  test('refuses a name twice and the reserved name', () => {
    const a = { name: 'a', dtype: 'U8', shape: [1] } as const;
    expect(() => planFile([a, a])).toThrow('a tensor twice');
    expect(() => planFile([{ ...a, name: '__metadata__' }])).toThrow('called __metadata__');
  });

  test.each([
    'safetensors/every-dtype.safetensors',
    'golden/bert-cls/a/model.safetensors',
    'golden/roberta/a/model-00002-of-00003.safetensors',
  ])('makes of the tensors of %s, in any order, the header that the reference writer made', async (path) => {
    const file = new Uint8Array(await fixture(path));
    const { tensors } = await openCheckpoint(sourceOf({ 'model.safetensors': file }));
    const reversed = [...tensors.values()].reverse();
    const plan = planFile(reversed);
    expect(new TextDecoder().decode(plan.header)).toBe(
      new TextDecoder().decode(file.subarray(0, plan.header.length)),
    );
    expect(plan.bytes).toBe(file.length);
  });

  test('plans what openCheckpoint reads back, byte for byte', async () => {
    const tensor = fc.record({
      name: fc.string({ unit: 'grapheme', maxLength: 8 }),
      dtype: fc.constantFrom(...dtypes),
      shape: fc.array(fc.nat(4), { maxLength: 3 }),
    });
    const tables = fc.uniqueArray(tensor, { selector: ({ name }) => name, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(tables, fc.nat(255), async (tensors, seed) => {
        const random = planFile(tensors);
        const values = Uint8Array.from(
          { length: random.bytes - random.header.length },
          (_, i) => (i * 37 + seed) % 256,
        );
        const file = Uint8Array.of(...random.header, ...values);
        const checkpoint = await openCheckpoint(sourceOf({ 'model.safetensors': file }));
        expect(checkpoint.bytes).toBe(random.bytes);
        for (const { name, dtype, shape, start, end, elementCount } of random.tensors) {
          const read = checkpoint.tensors.get(name)!;
          expect([read.dtype, read.shape]).toEqual([dtype, shape]);
          expect(await checkpoint.readElements(read, 0, elementCount)).toEqual(values.slice(start, end));
        }
      }),
    );
  });
});
