import { describe, expect, test } from 'vitest';
import { readAhead, type ReadStoppable } from '../../src/source/read-ahead.ts';

/** A source whose byte at `i` is `i`, and which answers when it is let. */
function openGates() {
  const asked: string[] = [];
  const gates = new Map<number, () => void>();
  const ended: number[] = [];
  const read: ReadStoppable = async function* (start, end, signal) {
    asked.push(`${start}-${end}`);
    await new Promise<void>((resolve, reject) => {
      gates.set(start, resolve);
      signal.addEventListener('abort', () => {
        ended.push(start);
        reject(signal.reason as Error);
      });
    });
    for (let at = start; at < end; at++) yield Uint8Array.of(at);
  };
  return { asked, ended, read, open: (start: number) => gates.get(start)!() };
}

describe('readAhead', () => {
  test('asks for so many ranges at a time, and gives their bytes in order', async () => {
    const { asked, read, open } = openGates();
    const got: number[] = [];
    const all = (async () => {
      for await (const piece of readAhead(read, 2, 11, { laneCount: 2, rangeBytes: 4 })) got.push(...piece);
    })();
    await expect.poll(() => asked).toEqual(['2-6', '6-10']);
    open(6);
    await new Promise((resolve) => setTimeout(resolve, 10));
    // complete, and held back: it is not its turn, and no third range is begun
    expect([got, asked.length]).toEqual([[], 2]);
    open(2);
    await expect.poll(() => asked).toEqual(['2-6', '6-10', '10-11']);
    open(10);
    await all;
    expect(got).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  test('gives what lies before a range that fails, then throws, and ends the others', async () => {
    const { ended, read, open } = openGates();
    const failing: ReadStoppable = (start, end, signal) => {
      if (start !== 4) return read(start, end, signal);
      return (async function* () {
        yield* [];
        throw new Error('of 4');
      })();
    };
    const got: number[] = [];
    const all = (async () => {
      for await (const piece of readAhead(failing, 0, 12, { laneCount: 3, rangeBytes: 4 }))
        got.push(...piece);
    })();
    await new Promise((resolve) => setTimeout(resolve, 10));
    open(0);
    await expect(all).rejects.toThrow('of 4');
    expect(got).toEqual([0, 1, 2, 3]);
    expect(ended).toContain(8);
  });

  test('ends every range when its reader leaves early', async () => {
    const { ended, read, open } = openGates();
    const pieces = readAhead(read, 0, 12, { laneCount: 3, rangeBytes: 4 });
    const first = pieces.next();
    await new Promise((resolve) => setTimeout(resolve, 10));
    open(0);
    expect((await first).value).toEqual(Uint8Array.of(0));
    await pieces.return(undefined);
    expect(ended).toEqual(expect.arrayContaining([4, 8]));
  });

  test('of nothing asks for nothing', async () => {
    const { asked, read } = openGates();
    expect((await readAhead(read, 5, 5, { laneCount: 3, rangeBytes: 4 }).next()).done).toBe(true);
    expect(asked).toEqual([]);
  });
});
