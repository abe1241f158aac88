/**
 * The kernels that run at memory's speed: an instance of the WebAssembly module (source in assembly/) with memory of its own,
 * given out once and never taken back. Little-endian, as the file format and every machine with a browser are.
 */
import { kernelsBase64 } from 'virtual:kernels';
import { isFloat, type Dtype, type FloatDtype } from './dtype.ts';
import type { HalfDtype } from './narrow.ts';

/** Byte position in the kernels' memory. */
export type Place = number;

/** What a mixture's values are stored as. */
type SumDtype = 'F32' | HalfDtype;

/** One model's share in a sum. */
export interface PlacedTerm {
  /** (n,) as stored, zeros behind them up to a multiple of 8 elements. */
  readonly values: Place;
  readonly dtype: FloatDtype;
  /** float32 value. */
  readonly weight: number;
}

/** As the module numbers them. */
const codes: Readonly<Record<FloatDtype, number>> = { F32: 0, F16: 1, BF16: 2, F64: 3 };

/** Elements beyond the last that a kernel may touch, in bytes of the widest type. */
export const slackBytes = 8 * 8;

/** A running hash: its state and what waits for a whole group, see assembly/sha256.ts. */
const hashBytes = 640;
const termBytes = 12;
const checksumBytes = 32;
const pageBytes = 65_536;

/** As mix.ts of the module returns them. */
const outcomes = ['mixed', 'not-finite', 'overflows'] as const;
export type MixOutcome = (typeof outcomes)[number];

interface Exports extends WebAssembly.Exports {
  readonly memory: WebAssembly.Memory;
  heapBase(): number;
  mix(terms: Place, termCount: number, out: Place, dtype: number, count: number): number;
  widen(out: Place, values: Place, dtype: number, count: number): void;
  narrow(out: Place, values: Place, dtype: number, count: number): void;
  checksum(at: Place, bytes: number, out: Place): void;
  isFinite(at: Place, bytes: number, dtype: number): number;
  beginSha256(at: Place): void;
  updateSha256(at: Place, data: Place, bytes: number): void;
  endSha256(at: Place): void;
}

let compiled: Promise<WebAssembly.Module> | undefined;

function compile(): Promise<WebAssembly.Module> {
  const bytes = Uint8Array.from(atob(kernelsBase64), (letter) => letter.charCodeAt(0));
  return (compiled ??= WebAssembly.compile(bytes));
}

/** An instance with memory of its own. Throws CompileError in a browser without WebAssembly's SIMD. */
export async function openKernels(): Promise<Kernels> {
  const instance = await WebAssembly.instantiate(await compile(), {});
  return new Kernels(instance.exports as Exports);
}

export class Kernels {
  readonly #exports: Exports;
  #end: Place;
  readonly #terms: Place;
  readonly #checksum: Place;

  /** Use `openKernels`. */
  constructor(exports: Exports) {
    this.#exports = exports;
    this.#end = exports.heapBase();
    // the most terms that a sum may have, many times over
    this.#terms = this.take(256 * termBytes);
    this.#checksum = this.take(checksumBytes);
  }

  /** Memory for good, at a multiple of 16 bytes, zeroed. Throws RangeError where the browser has no more. */
  take(bytes: number): Place {
    const at = Math.ceil(this.#end / 16) * 16;
    this.#end = at + bytes;
    const missing = this.#end - this.#exports.memory.buffer.byteLength;
    if (missing > 0) this.#exports.memory.grow(Math.ceil(missing / pageBytes));
    return at;
  }

  /** The memory itself; taking more makes a view useless. */
  view(at: Place, bytes: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#exports.memory.buffer as ArrayBuffer, at, bytes);
  }

  /**
   * out[i] = sum over terms, in order, of weight · values[i]: float32 after every product and every sum, rounded once more, to
   * nearest even, where the sum is stored in half precision. `not-finite`: a sum is NaN or infinite; `overflows`: a finite sum
   * is beyond the half type's range; `out` is not to be used then. Up to `slackBytes` behind `out` are overwritten.
   *
   * @param count elements of each term and of `out`
   */
  mix(terms: readonly PlacedTerm[], out: Place, dtype: SumDtype, count: number): MixOutcome {
    const { buffer } = this.#exports.memory;
    const table = new DataView(buffer, this.#terms, terms.length * termBytes);
    terms.forEach(({ values, dtype, weight }, t) => {
      table.setUint32(t * termBytes, values, true);
      table.setUint32(t * termBytes + 4, codes[dtype], true);
      table.setFloat32(t * termBytes + 8, weight, true);
    });
    return outcomes[this.#exports.mix(this.#terms, terms.length, out, codes[dtype], count)]!;
  }

  /** out[i] = float32(values[i]), (count,), NaNs kept as torch keeps them. */
  widen(out: Place, values: Place, dtype: HalfDtype, count: number): void {
    this.#exports.widen(out, values, codes[dtype], count);
  }

  /** out[i] = values[i], (count,), rounded to nearest even; infinities and NaNs stay such. */
  narrow(out: Place, values: Place, dtype: HalfDtype, count: number): void {
    this.#exports.narrow(out, values, codes[dtype], count);
  }

  /** 64 hexadecimal digits that tell bytes from damaged ones at a tenth of SHA-256's cost, see assembly/check.ts. */
  checksum(at: Place, bytes: number): string {
    this.#exports.checksum(at, bytes, this.#checksum);
    return toHex(this.view(this.#checksum, checksumBytes));
  }

  /** Whether `bytes` of whole stored values hold no NaN and no infinity; integers never do. */
  isFinite(at: Place, bytes: number, dtype: Dtype): boolean {
    return !isFloat(dtype) || this.#exports.isFinite(at, bytes, codes[dtype]) !== 0;
  }

  /** A SHA-256 of bytes that lie in this memory. */
  beginSha256(): PlacedSha256 {
    const at = this.take(hashBytes);
    this.#exports.beginSha256(at);
    return {
      update: (data, bytes) => this.#exports.updateSha256(at, data, bytes),
      digestHex: () => {
        this.#exports.endSha256(at);
        const hex = toHex(this.view(at, 32));
        this.#exports.beginSha256(at);
        return hex;
      },
    };
  }
}

export interface PlacedSha256 {
  update(data: Place, bytes: number): void;
  /** 64 lower-case hexadecimal digits; afterwards it is as new, for the next. */
  digestHex(): string;
}

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
