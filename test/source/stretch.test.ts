import { describe, expect, test } from 'vitest';
import { RangeBlob } from '../../src/source/range-blob.ts';
import type { ReadStoppable } from '../../src/source/read-ahead.ts';
import { readStretches } from '../../src/source/stretch.ts';

const mebi = 1024 * 1024;
const bytes = 20 * mebi + 3;

/** Byte `i` is `i % 251`: a piece in the wrong place shows. */
const content = new Uint8Array(
  Buffer.alloc(
    bytes,
    Uint8Array.from({ length: 251 }, (_, i) => i),
  ),
);

/** A file, and the ranges that were asked of it. */
function openFile() {
  const asked: (readonly [number, number])[] = [];
  const read: ReadStoppable = async function* (start, end) {
    asked.push([start, end]);
    for (let at = start; at < end; at += 100_000) yield content.slice(at, Math.min(end, at + 100_000));
  };
  const blob = new RangeBlob(readStretches(read, bytes), 0, bytes);
  const readAt = async (start: number, end: number): Promise<void> => {
    // not by the matcher, which would compare millions of numbers one by one
    expect(Buffer.compare(await blob.slice(start, end).bytes(), content.subarray(start, end))).toBe(0);
  };
  return { asked, readAt };
}

describe('readStretches', () => {
  test('asks for a header by itself, and no byte more', async () => {
    const { asked, readAt } = openFile();
    await readAt(0, 8);
    await readAt(8, mebi);
    expect(asked).toEqual([
      [0, 8],
      [8, mebi],
    ]);
  });

  test('fetches ahead once reads of values follow each other, also over a gap and a small one', async () => {
    const { asked, readAt } = openFile();
    await readAt(100, mebi);
    await readAt(mebi, 3 * mebi);
    await readAt(3 * mebi, 3 * mebi + 12);
    await readAt(3 * mebi + 500_000, 6 * mebi);
    await readAt(6 * mebi, bytes);
    expect(asked).toEqual([
      [100, mebi],
      [mebi, 5 * mebi],
      [5 * mebi, 9 * mebi],
      [9 * mebi, 13 * mebi],
      [13 * mebi, 17 * mebi],
      [17 * mebi, bytes],
    ]);
  });

  test('answers reads that were asked for at once, each with its own bytes', async () => {
    const { readAt } = openFile();
    const starts = [0, 1, 2, 3, 4, 5].map((i) => i * mebi);
    await Promise.all(starts.map((start) => readAt(start, start + mebi)));
  });

  test('goes elsewhere when it is asked to', async () => {
    const { readAt } = openFile();
    for (const start of [0, mebi, 2 * mebi, 10 * mebi, 11 * mebi, 5 * mebi, 3])
      await readAt(start, start + mebi);
  });

  test('begins anew after a failure', async () => {
    let failing: 'yes' | 'no' = 'no';
    const blob = new RangeBlob(
      readStretches(async function* (start, end) {
        if (failing === 'yes') throw new Error('broken');
        yield new Uint8Array(end - start);
      }, bytes),
      0,
      bytes,
    );
    for (const at of [0, mebi]) await blob.slice(at, at + mebi).bytes();
    failing = 'yes';
    await expect(blob.slice(12 * mebi, 13 * mebi).bytes()).rejects.toThrow('broken');
    failing = 'no';
    expect((await blob.slice(12 * mebi, 13 * mebi).bytes()).byteLength).toBe(mebi);
  });
});
