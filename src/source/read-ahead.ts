/**
 * One stretch of a file, fetched as several ranges at a time and given away in order: what hides the way to the Hub and
 * back, and the slow beginning of each connection. Knows nothing of the Hub.
 */
import type { ReadRange } from './range-blob.ts';

/** Memory: what has come of the ranges after the first, so under `laneCount` times `rangeBytes`. */
export interface Lanes {
  /** Ranges that are asked for at a time. */
  readonly laneCount: number;
  readonly rangeBytes: number;
}

/** As `ReadRange`, and stops when the signal aborts. */
export type ReadStoppable = (start: number, end: number, signal: AbortSignal) => ReturnType<ReadRange>;

/** Bytes `start` to `end` in order. The failure of a range is thrown in its turn: what lies before it is given away first. */
export async function* readAhead(
  read: ReadStoppable,
  start: number,
  end: number,
  { laneCount, rangeBytes }: Lanes,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const stop = new AbortController();
  const running: RunningRange[] = [];
  let next = start;
  const fill = (): void => {
    while (running.length < laneCount && next < end) {
      const until = Math.min(next + rangeBytes, end);
      running.push(new RunningRange(read(next, until, stop.signal)));
      next = until;
    }
  };
  try {
    fill();
    for (let first = running[0]; first !== undefined; first = running[0]) {
      yield* first.pieces();
      running.shift();
      fill();
    }
  } finally {
    stop.abort();
  }
}

/** A range that is read from the moment it is made, whether or not anybody takes its pieces yet. */
class RunningRange {
  readonly #pieces: Uint8Array<ArrayBuffer>[] = [];
  #state: { readonly at: 'running' | 'done' } | { readonly at: 'failed'; readonly error: unknown } = {
    at: 'running',
  };
  #wake: () => void = () => undefined;

  constructor(read: ReturnType<ReadRange>) {
    void this.#run(read);
  }

  async *pieces(): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    for (;;) {
      for (let piece = this.#pieces.shift(); piece !== undefined; piece = this.#pieces.shift()) yield piece;
      if (this.#state.at === 'failed') throw this.#state.error;
      if (this.#state.at === 'done') return;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  async #run(read: ReturnType<ReadRange>): Promise<void> {
    try {
      for await (const piece of read) {
        this.#pieces.push(piece);
        this.#wake();
      }
      this.#state = { at: 'done' };
    } catch (error) {
      this.#state = { at: 'failed', error };
    }
    this.#wake();
  }
}
