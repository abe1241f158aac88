/**
 * float32 to the half-precision types that files are stored in: the inverse of convert.ts's widening. Rounds to nearest,
 * ties to even, subnormals too. Works on bits with whole numbers only; the one branch in each loop is taken by values
 * at or beyond the type's range, which a model has few of.
 *
 * Source: IEEE 754-2019, 3.4, 3.6 and 4.3.1; bfloat16 is the upper half of a float32.
 */

export type HalfDtype = 'F16' | 'BF16';

/** The largest finite value of each. */
export const halfLimits: Readonly<Record<HalfDtype, number>> = { F16: 65504, BF16: (2 - 2 ** -7) * 2 ** 127 };

/**
 * By a float32's sign and exponent, (512,): the half that a fraction is added to, and how far the 24-bit significand
 * is shifted down to become that fraction. 1.5 kB, made when the first values are narrowed.
 */
interface HalfTable {
  readonly bases: Uint16Array;
  readonly shifts: Uint8Array;
}

let halfTable: HalfTable | undefined;

/**
 * out[i] = values[i], rounded. Infinities stay; a NaN stays one, quiet, with its sign and the payload's upper bits.
 * Returns the first finite value that became infinite, `undefined` when none did.
 *
 * @param out (n,) bits, overwritten; must not share memory with `values`
 */
export function narrow(values: Float32Array, dtype: HalfDtype, out: Uint16Array): number | undefined {
  if (values.length !== out.length) throw new RangeError(`${values.length} values for ${out.length} places`);
  const bits = new Int32Array(values.buffer, values.byteOffset, values.length);
  const overflow = dtype === 'F16' ? narrowToHalf(bits, out) : narrowToBfloat16(bits, out);
  return overflow < 0 ? undefined : values[overflow];
}

/** `bits` and `out` are (n,). Returns the index of the first finite value that became infinite, −1 for none. */
function narrowToBfloat16(bits: Int32Array, out: Uint16Array): number {
  let overflow = -1;
  for (let i = 0; i < bits.length; i++) {
    const value = bits[i]!;
    // half of the last place less one, and one more where the last place is odd: a tie goes to the even
    const rounded = ((value + 0x7fff + ((value >>> 16) & 1)) | 0) >>> 16;
    out[i] = rounded;
    // the two highest exponents: what may overflow, infinities and NaNs
    if ((value & 0x7f000000) === 0x7f000000) {
      if ((value & 0x7fffffff) > 0x7f800000) out[i] = (value >>> 16) | 0x40;
      else if (overflow < 0 && (rounded & 0x7f80) === 0x7f80 && (value & 0x7f800000) !== 0x7f800000)
        overflow = i;
    }
  }
  return overflow;
}

/** `bits` and `out` are (n,). Returns the index of the first finite value that became infinite, −1 for none. */
function narrowToHalf(bits: Int32Array, out: Uint16Array): number {
  const { bases, shifts } = (halfTable ??= makeHalfTable());
  let overflow = -1;
  for (let i = 0; i < bits.length; i++) {
    const value = bits[i]!;
    const row = value >>> 23;
    const shift = shifts[row]!;
    const significand = (value & 0x7fffff) | 0x800000;
    // as above; a carry out of the fraction runs into the exponent, which is what it should do
    const fraction = (significand + (1 << (shift - 1)) - 1 + ((significand >>> shift) & 1)) >>> shift;
    const rounded = bases[row]! + fraction;
    out[i] = rounded;
    if ((rounded & 0x7c00) === 0x7c00) {
      if ((value & 0x7fffffff) > 0x7f800000) out[i] = rounded | 0x200 | ((value >>> 13) & 0x1ff);
      else if (overflow < 0 && (value & 0x7f800000) !== 0x7f800000) overflow = i;
    }
  }
  return overflow;
}

/** A float32 has 8 exponent bits (bias 127) and 23 of fraction; a half has 5 (bias 15) and 10, and 2^-24 is its least. */
function makeHalfTable(): HalfTable {
  const bases = new Uint16Array(512);
  const shifts = new Uint8Array(512);
  for (let row = 0; row < 512; row++) {
    const sign = (row & 0x100) << 7;
    const exponent = (row & 0xff) - 127;
    if (exponent > 15) {
      // 2^16 and above: infinity, and a shift that leaves nothing of the significand
      bases[row] = sign | 0x7c00;
      shifts[row] = 25;
    } else if (exponent >= -14) {
      // ordinary: the significand's leading 1 adds one to the exponent
      bases[row] = sign | ((exponent + 14) << 10);
      shifts[row] = 13;
    } else {
      // subnormal, in units of 2^-24; below 2^-25 nothing is left
      bases[row] = sign;
      shifts[row] = Math.min(25, -1 - exponent);
    }
  }
  return { bases, shifts };
}
