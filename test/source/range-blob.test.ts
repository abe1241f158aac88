import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RangeBlob } from '../../src/source/range-blob.ts';

const bytes = Uint8Array.from({ length: 20 }, (_, i) => i);

/** In pieces of at most three bytes, as a network might. */
async function* read(start: number, end: number): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  for (let at = start; at < end; at += 3) yield bytes.slice(at, Math.min(at + 3, end));
}

describe('RangeBlob', () => {
  test('slices as a Blob does, whatever the offsets', async () => {
    const offset = fc.integer({ min: -30, max: 30 });
    await fc.assert(
      fc.asyncProperty(offset, offset, offset, offset, async (a, b, c, d) => {
        const got = new RangeBlob(read, 0, bytes.length).slice(a, b).slice(c, d);
        const want = new Blob([bytes]).slice(a, b).slice(c, d);
        expect(got.size).toBe(want.size);
        expect(await got.arrayBuffer()).toEqual(await want.arrayBuffer());
      }),
    );
  });

  test('streams what it reads', async () => {
    const blob = new RangeBlob(read, 2, 10);
    const pieces: number[] = [];
    for await (const piece of blob.stream() as unknown as AsyncIterable<Uint8Array>) pieces.push(...piece);
    expect(pieces).toEqual([2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test('reads as text', async () => {
    async function* hello(): AsyncGenerator<Uint8Array<ArrayBuffer>> {
      // a character may be cut in two
      yield new Uint8Array([0x68, 0xc3]);
      yield new Uint8Array([0xa9]);
    }
    expect(await new RangeBlob(hello, 0, 3).text()).toBe('hé');
  });

  test('passes an error on to whoever reads', async () => {
    async function* broken(): AsyncGenerator<Uint8Array<ArrayBuffer>> {
      yield await Promise.reject<Uint8Array<ArrayBuffer>>(new Error('the line is cut'));
    }
    const blob = new RangeBlob(broken, 0, 3);
    await expect(blob.arrayBuffer()).rejects.toThrow('the line is cut');
    await expect(blob.stream().getReader().read()).rejects.toThrow('the line is cut');
  });
});
