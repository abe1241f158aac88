import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { gather } from '../../src/torch-file/gather.ts';

/** Reads ranges of a storage of bytes that count up, and notes them. */
function storageOf(bytes: Uint8Array<ArrayBuffer>) {
  const ranges: number[] = [];
  const read = (start: number, end: number) => {
    ranges.push(end - start);
    return Promise.resolve(bytes.slice(start, end));
  };
  return { ranges, read };
}

describe('gather', () => {
  test('gives what indexing gives, for any view and any range', async () => {
    const dimension = fc.record({
      size: fc.integer({ min: 1, max: 6 }),
      stride: fc.integer({ min: 0, max: 20 }),
    });
    const view = fc.array(dimension, { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(
        view,
        fc.constantFrom(1, 2, 4, 8),
        fc.nat(),
        fc.nat(),
        async (dimensions, width, a, b) => {
          const shape = dimensions.map(({ size }) => size);
          const strides = dimensions.map(({ stride }) => stride);
          const count = shape.reduce((product, size) => product * size, 1);
          const [start, end] = [a % (count + 1), b % (count + 1)].sort((x, y) => x - y) as [number, number];
          const bytes = Uint8Array.from({ length: 401 * 8 }, (_, i) => (i * 7 + (i >> 8)) & 255);
          const got = await gather({ shape, strides, width }, start, end, storageOf(bytes).read);
          const want = Array.from({ length: end - start }, (_, i) => elementAt(start + i, shape, strides));
          expect([...got]).toEqual(want.flatMap((at) => [...bytes.subarray(at * width, (at + 1) * width)]));
        },
      ),
      { numRuns: 200, seed: 5 },
    );
  });

  test('reads a chunk of a transposed matrix in bounded pieces, not the matrix', async () => {
    // 4 MiB: (1024, 1024) float32, stored the other way round; a chunk of 64 of its rows
    const [rows, columns] = [1024, 1024];
    const stored = Float32Array.from({ length: rows * columns }, (_, i) => i);
    const { ranges, read } = storageOf(new Uint8Array(stored.buffer));
    const view = { shape: [rows, columns], strides: [1, rows], width: 4 };
    const got = new Float32Array((await gather(view, 64 * columns, 128 * columns, read)).buffer);
    expect(got.every((value, i) => value === 64 + Math.floor(i / columns) + (i % columns) * rows)).toBe(true);
    expect(Math.max(...ranges)).toBeLessThanOrEqual(4 * 2 ** 20);
    expect(ranges.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThanOrEqual(4 * 2 ** 20);
  });

  test('reads scattered rows one by one', async () => {
    const bytes = new Uint8Array(16 * 2 ** 20);
    const { ranges, read } = storageOf(bytes);
    // eight rows of 1 KiB, 2 MiB apart
    await gather({ shape: [8, 1024], strides: [2 * 2 ** 20, 1], width: 1 }, 0, 8 * 1024, read);
    expect(ranges).toEqual(new Array(8).fill(1024));
  });
});

/** Where element `i`, in row-major order, lies. */
function elementAt(i: number, shape: readonly number[], strides: readonly number[]): number {
  let at = 0;
  for (let d = shape.length - 1; d >= 0; d--) {
    at += (i % shape[d]!) * strides[d]!;
    i = Math.floor(i / shape[d]!);
  }
  return at;
}
