/**
 * Reads of a far file that follow each other, served from one stretch that is fetched ahead (read-ahead.ts): what goes
 * through a checkpoint chunk by chunk would otherwise wait for the way to the Hub and back at each. A read that does not
 * follow is asked for by itself, and no byte more: headers are such.
 */
import type { ReadRange } from './range-blob.ts';
import { readAhead, type Lanes, type ReadStoppable } from './read-ahead.ts';

/** Ten models side by side take 80 MiB; 4 MiB still take longer to come than the way there and back. */
const lanes: Lanes = { laneCount: 2, rangeBytes: 4 * 1024 * 1024 };

/** Who reads so much at once reads values, and who does it twice in a row will go on. */
const worthwhileBytes = 256 * 1024;

/** What a read gives away at once; no chunk of a merge is as large. */
const pieceBytes = 32 * 1024 * 1024;

/** What is skipped, rather than begin anew: the tensors between, of a model that has more than the others. */
const skipBytes = 1024 * 1024;

/** Where a stretch has come to, and what of its last piece nobody has taken yet. */
interface Stretch {
  readonly pieces: AsyncGenerator<Uint8Array<ArrayBuffer>>;
  at: number;
  rest: Uint8Array<ArrayBuffer>;
}

/** `read` for a file of `bytes` bytes. Reads are answered one after the other. Memory: two ranges of 4 MiB, and the read itself. */
export function readStretches(read: ReadStoppable, bytes: number): ReadRange {
  const unstopped = new AbortController().signal;
  let stretch: Stretch | undefined;
  let lastEnd = -1;
  let valuesRead: 'yes' | 'no' = 'no';
  let turn: Promise<unknown> = Promise.resolve();

  const take = async (start: number, end: number): Promise<Uint8Array<ArrayBuffer>> => {
    const worthwhile = end - start >= worthwhileBytes;
    const follows = valuesRead === 'yes' && start >= lastEnd && start - lastEnd <= skipBytes;
    valuesRead = worthwhile || follows ? 'yes' : 'no';
    lastEnd = end;
    if (stretch !== undefined && !(start >= stretch.at && start - stretch.at <= skipBytes)) {
      if (!worthwhile) return collect(read(start, end, unstopped), end - start);
      await stretch.pieces.return(undefined);
      stretch = undefined;
    }
    if (stretch === undefined) {
      if (!follows || !worthwhile) return collect(read(start, end, unstopped), end - start);
      stretch = { pieces: readAhead(read, start, bytes, lanes), at: start, rest: new Uint8Array(0) };
    }
    try {
      await skip(stretch, start - stretch.at);
      return await fill(stretch, end - start);
    } catch (error) {
      stretch = undefined;
      throw error;
    }
  };

  return async function* (start, end) {
    for (let at = start; at < end; at += pieceBytes) {
      const mine = turn.then(() => take(at, Math.min(end, at + pieceBytes)));
      turn = mine.catch(() => undefined);
      yield await mine;
    }
  };
}

async function skip(stretch: Stretch, count: number): Promise<void> {
  if (count > 0) await fill(stretch, count);
}

/** The next `count` bytes of the stretch, in a buffer of their own. */
async function fill(stretch: Stretch, count: number): Promise<Uint8Array<ArrayBuffer>> {
  const out = new Uint8Array(count);
  for (let got = 0; got < count;) {
    if (stretch.rest.byteLength === 0) {
      const { done, value } = await stretch.pieces.next();
      if (done === true) return out.slice(0, got);
      stretch.rest = value;
    }
    const piece = stretch.rest.subarray(0, count - got);
    out.set(piece, got);
    got += piece.byteLength;
    stretch.rest = stretch.rest.subarray(piece.byteLength);
    stretch.at += piece.byteLength;
  }
  return out;
}

async function collect(
  pieces: AsyncIterable<Uint8Array<ArrayBuffer>>,
  count: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const out = new Uint8Array(count);
  let got = 0;
  for await (const piece of pieces) {
    out.set(piece, got);
    got += piece.byteLength;
  }
  return got === count ? out : out.slice(0, got);
}
