import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openCheckpoint } from '../../src/safetensors/checkpoint.ts';
import { planFile, writeCheckpoint, type FilePlan } from '../../src/safetensors/writer.ts';
import { dtypes, elementBytes } from '../../src/tensor/dtype.ts';
import { sourceOf } from '../model/models.ts';
import { memorySink } from './files.ts';

const fixture = (path: string) => readFile(new URL(`../fixtures/${path}`, import.meta.url));
const never = new AbortController().signal;

async function* cut(data: Uint8Array, chunkBytes: number): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < data.length; start += chunkBytes)
    yield data.subarray(start, start + chunkBytes);
  await Promise.resolve();
}

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
});

describe('writeCheckpoint', () => {
  const plan: FilePlan = planFile([{ name: 'a', dtype: 'U8', shape: [4] }]);
  const data = Uint8Array.of(1, 2, 3, 4);

  test.each([1, 3, 4, 100])('writes the file in chunks of %i bytes and closes it', async (chunkBytes) => {
    const { sink, state } = memorySink();
    await writeCheckpoint(plan, cut(data, chunkBytes), sink, never);
    expect(state.ended).toBe('closed');
    expect(state.bytes()).toEqual(Uint8Array.of(...plan.header, 1, 2, 3, 4));
  });

  test('writes a file without data', async () => {
    const { sink, state } = memorySink();
    const empty = planFile([]);
    await writeCheckpoint(empty, cut(new Uint8Array(), 1), sink, never);
    expect(state.ended).toBe('closed');
    expect(state.bytes()).toEqual(new Uint8Array(empty.header));
  });

  test.each([
    ['a byte too few', data.subarray(1), 'bytes were planned'],
    ['a byte too many', Uint8Array.of(1, 2, 3, 4, 5), 'bytes were planned'],
  ])('aborts the sink when %s comes', async (_, chunks, message) => {
    const { sink, state } = memorySink();
    await expect(writeCheckpoint(plan, cut(chunks, 2), sink, never)).rejects.toThrow(message);
    expect(state.ended).toBe('aborted');
    // what is too much is noticed before it is written
    expect(state.bytes().length).toBeLessThanOrEqual(plan.bytes);
  });

  test('aborts the sink when the chunks fail, and says why', async () => {
    const { sink, state } = memorySink();
    async function* failing() {
      yield data.subarray(0, 1);
      await Promise.reject(new Error('the file changed'));
    }
    await expect(writeCheckpoint(plan, failing(), sink, never)).rejects.toThrow('the file changed');
    expect(state.ended).toBe('aborted');
  });

  test('stops between chunks, aborts the sink and ends the producer', async () => {
    const { sink, state } = memorySink();
    const stop = new AbortController();
    let ended = false;
    async function* stopping() {
      try {
        yield data.subarray(0, 2);
        stop.abort();
        yield data.subarray(2);
      } finally {
        ended = true;
      }
      await Promise.resolve();
    }
    await expect(writeCheckpoint(plan, stopping(), sink, stop.signal)).rejects.toMatchObject({
      name: 'AbortError',
    });
    expect(state.ended).toBe('aborted');
    expect(ended).toBe(true);
  });

  test('tells the failure of the sink', async () => {
    const sink = new WritableStream<Uint8Array>({
      write() {
        throw new Error('the disk is full');
      },
    });
    await expect(writeCheckpoint(plan, cut(data, 1), sink, never)).rejects.toThrow('the disk is full');
  });

  test('asks for a chunk only when the one before is written', async () => {
    const order: string[] = [];
    const sink = new WritableStream<Uint8Array>({
      async write(chunk) {
        await new Promise((resolve) => setTimeout(resolve, 1));
        order.push(`wrote ${chunk.length}`);
      },
    });
    async function* watched() {
      for (const chunk of [data.subarray(0, 1), data.subarray(1)]) {
        order.push(`made ${chunk.length}`);
        yield chunk;
      }
      await Promise.resolve();
    }
    await writeCheckpoint(plan, watched(), sink, never);
    expect(order).toEqual([`wrote ${plan.header.length}`, 'made 1', 'wrote 1', 'made 3', 'wrote 3']);
  });

  test('writes what openCheckpoint reads back, byte for byte', async () => {
    const tensor = fc.record({
      name: fc.string({ unit: 'grapheme', maxLength: 8 }),
      dtype: fc.constantFrom(...dtypes),
      shape: fc.array(fc.nat(4), { maxLength: 3 }),
    });
    const tables = fc.uniqueArray(tensor, { selector: ({ name }) => name, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(
        tables,
        fc.integer({ min: 1, max: 64 }),
        fc.nat(255),
        async (tensors, chunkBytes, seed) => {
          const random = planFile(tensors);
          const values = Uint8Array.from(
            { length: random.bytes - random.header.length },
            (_, i) => (i * 37 + seed) % 256,
          );
          const { sink, state } = memorySink();
          await writeCheckpoint(random, cut(values, chunkBytes), sink, never);
          const checkpoint = await openCheckpoint(sourceOf({ 'model.safetensors': state.bytes() }));
          expect(checkpoint.bytes).toBe(random.bytes);
          for (const { name, dtype, shape, start, end, elementCount } of random.tensors) {
            const read = checkpoint.tensors.get(name)!;
            expect([read.dtype, read.shape]).toEqual([dtype, shape]);
            expect(await checkpoint.readElements(read, 0, elementCount)).toEqual(values.slice(start, end));
          }
        },
      ),
    );
  });
});
