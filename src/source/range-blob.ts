/**
 * A Blob whose bytes are somewhere else, e.g. behind a network or in a file that may vanish: every read goes
 * through one function, which checks what it gets.
 *
 * Only reading works: the browser itself sees an empty Blob, so `postMessage`, `new Blob([it])` and
 * `new Response(it)` lose the bytes.
 */

/** Bytes `start` to `end` of one file, in order, in pieces of any size; their sum is `end - start` or it throws. */
export type ReadRange = (start: number, end: number) => AsyncIterable<Uint8Array<ArrayBuffer>>;

export class RangeBlob extends Blob {
  readonly #read: ReadRange;
  readonly #start: number;
  readonly #end: number;

  constructor(read: ReadRange, start: number, end: number, type = '') {
    super([], { type });
    this.#read = read;
    this.#start = start;
    this.#end = end;
  }

  override get size(): number {
    return this.#end - this.#start;
  }

  override slice(start = 0, end = this.size, type = ''): RangeBlob {
    // as Blob: negative counts from the end, beyond the ends is cut
    const toOffset = (at: number): number => Math.min(this.size, at < 0 ? Math.max(0, this.size + at) : at);
    const from = this.#start + toOffset(start);
    return new RangeBlob(this.#read, from, Math.max(from, this.#start + toOffset(end)), type);
  }

  override async bytes(): Promise<Uint8Array<ArrayBuffer>> {
    if (this.size === 0) return new Uint8Array(0);
    let bytes: Uint8Array<ArrayBuffer> | undefined;
    let at = 0;
    for await (const piece of this.#read(this.#start, this.#end)) {
      // the whole in one piece needs no copy
      if (piece.byteLength === this.size && piece.buffer.byteLength === this.size) return piece;
      bytes ??= new Uint8Array(this.size);
      bytes.set(piece, at);
      at += piece.byteLength;
    }
    return bytes ?? new Uint8Array(0);
  }

  override async arrayBuffer(): Promise<ArrayBuffer> {
    return (await this.bytes()).buffer;
  }

  override async text(): Promise<string> {
    return new TextDecoder().decode(await this.bytes());
  }

  override stream(): ReadableStream<Uint8Array<ArrayBuffer>> {
    let pieces: AsyncIterator<Uint8Array<ArrayBuffer>> | undefined;
    return new ReadableStream({
      pull: async (controller) => {
        if (this.size === 0) return controller.close();
        pieces ??= this.#read(this.#start, this.#end)[Symbol.asyncIterator]();
        const { done, value } = await pieces.next();
        if (done === true) controller.close();
        else controller.enqueue(value);
      },
      cancel: async () => {
        await pieces?.return?.();
      },
    });
  }
}
