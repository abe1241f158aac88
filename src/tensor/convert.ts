/**
 * Stored floats of any width to float32, the type that everything here computes in. Works on bits, not on numbers,
 * where a bit could be lost: an engine may change a NaN's payload when it passes through a number.
 *
 * Little-endian on both sides, as the file format and every machine with a browser are.
 */
import { elementBytes, type FloatDtype } from './dtype.ts';

/** float32 bits of every half-precision value, (65536,) uint32: 256 KiB, made when the first F16 tensor is read. */
let halfTable: Uint32Array | undefined;

/**
 * out[i] = float32(bytes[i]). Exact but for F64, which is rounded to nearest, ties to even, and overflows to infinity.
 * Signalling NaNs of F16 and F64 become quiet with their payload, those of BF16 and F32 stay, all as torch does.
 *
 * @param bytes (n · bytes of the dtype,) little-endian, at any alignment; copied when it is not aligned
 * @param out (n,) overwritten; must not share memory with `bytes`
 */
export function toFloat32(bytes: Uint8Array, dtype: FloatDtype, out: Float32Array): void {
  const width = elementBytes(dtype);
  if (bytes.length !== out.length * width) {
    throw new RangeError(`${bytes.length} bytes are not ${out.length} elements of ${dtype}`);
  }
  // a typed array can only start at a multiple of its element's size
  const { buffer, byteOffset } = bytes.byteOffset % width === 0 ? bytes : bytes.slice();
  const count = out.length;
  const outBits = new Uint32Array(out.buffer, out.byteOffset, count);
  switch (dtype) {
    case 'F32':
      outBits.set(new Uint32Array(buffer, byteOffset, count));
      break;
    case 'BF16':
      widenBfloat16(new Uint16Array(buffer, byteOffset, count), outBits);
      break;
    case 'F16':
      widenHalf(new Uint16Array(buffer, byteOffset, count), outBits);
      break;
    case 'F64':
      narrowDouble(
        new Uint32Array(buffer, byteOffset, 2 * count),
        new Float64Array(buffer, byteOffset, count),
        out,
      );
      break;
  }
}

/** A bfloat16 is the upper half of a float32. `values` and `outBits` are (n,). */
function widenBfloat16(values: Uint16Array, outBits: Uint32Array): void {
  for (let i = 0; i < values.length; i++) outBits[i] = values[i]! << 16;
}

/** `values` and `outBits` are (n,). */
function widenHalf(values: Uint16Array, outBits: Uint32Array): void {
  const table = (halfTable ??= makeHalfTable());
  for (let i = 0; i < values.length; i++) outBits[i] = table[values[i]!]!;
}

/** `bits` is (2n,), low word first, the same memory as `values` (n,); `out` is (n,). */
function narrowDouble(bits: Uint32Array, values: Float64Array, out: Float32Array): void {
  const outBits = new Uint32Array(out.buffer, out.byteOffset, out.length);
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (value === value) {
      out[i] = value;
      continue;
    }
    // NaN: sign, the payload's upper 22 bits, quiet
    const high = bits[2 * i + 1]!;
    const low = bits[2 * i]!;
    outBits[i] = (high & 0x80000000) | 0x7fc00000 | ((high & 0x7ffff) << 3) | (low >>> 29);
  }
}

/**
 * A half is 1 sign, 5 exponent (bias 15) and 10 fraction bits; a float32 has 1, 8 (bias 127) and 23.
 * Source: IEEE 754-2019, 3.4 and 3.6.
 */
function makeHalfTable(): Uint32Array {
  const table = new Uint32Array(65536);
  const subnormal = new Float32Array(1);
  const subnormalBits = new Uint32Array(subnormal.buffer);
  for (let half = 0; half < 65536; half++) {
    const sign = (half & 0x8000) << 16;
    const exponent = (half >> 10) & 31;
    const fraction = half & 0x3ff;
    if (exponent === 0) {
      // zero or subnormal: fraction · 2^-24, which float32 holds as an ordinary number
      subnormal[0] = fraction / 2 ** 24;
      table[half] = sign | subnormalBits[0]!;
    } else if (exponent === 31) {
      const quiet = fraction === 0 ? 0 : 0x400000;
      table[half] = sign | 0x7f800000 | quiet | (fraction << 13);
    } else {
      table[half] = sign | ((exponent - 15 + 127) << 23) | (fraction << 13);
    }
  }
  return table;
}
