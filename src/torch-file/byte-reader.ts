/** A pickle's bytes in order. Every read past the end is a `Misuse`. */
import { Misuse } from './misuse.ts';

/** Names of modules and classes are shorter; a line without an end is no name. */
const lineLimitBytes = 1024;

export class ByteReader {
  at = 0;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get left(): number {
    return this.#bytes.length - this.at;
  }

  byte(): number {
    return this.#view.getUint8(this.#take(1));
  }
  uint16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }
  uint32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }
  int32(): number {
    return this.#view.getInt32(this.#take(4), true);
  }
  /** Big-endian, unlike the others. */
  double(): number {
    return this.#view.getFloat64(this.#take(8), false);
  }

  /** A whole number of `byteCount` bytes, little-endian, in two's complement; at most 8, as far as sizes reach. */
  long(byteCount: number): number {
    if (byteCount > 8) throw new Misuse(`it has a number of ${byteCount} bytes`);
    const start = this.#take(byteCount);
    let value = 0n;
    for (let i = 0; i < byteCount; i++) value |= BigInt(this.#bytes[start + i]!) << BigInt(8 * i);
    const signed = BigInt.asIntN(8 * byteCount, value);
    if (signed > Number.MAX_SAFE_INTEGER || signed < Number.MIN_SAFE_INTEGER) {
      throw new Misuse(`it has the number ${signed}`);
    }
    return Number(signed);
  }

  text(byteCount: number): string {
    const start = this.#take(byteCount);
    return this.#decode(this.#bytes.subarray(start, start + byteCount));
  }

  /** Up to a line feed, which is passed over. */
  line(): string {
    const end = this.#bytes.subarray(this.at, this.at + lineLimitBytes).indexOf(0x0a);
    if (end === -1) throw new Misuse('it has a name without an end');
    const text = this.text(end);
    this.at++;
    return text;
  }

  #decode(bytes: Uint8Array): string {
    try {
      return this.#decoder.decode(bytes);
    } catch (error) {
      throw new Misuse('it has a text that is not UTF-8', { cause: error });
    }
  }

  /** Where the next `byteCount` bytes start. */
  #take(byteCount: number): number {
    if (byteCount > this.left) throw new Misuse('it ends in the middle');
    const start = this.at;
    this.at += byteCount;
    return start;
  }
}
