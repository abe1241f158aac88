/**
 * Four stored floats to four float32 and back, in one vector, bit for bit as convert.ts and narrow.ts do one at a time. A stored
 * type is named by the machine type of its width: f32 F32, f64 F64, u16 F16, i16 BF16.
 *
 * Source: IEEE 754-2019, 3.4, 3.6 and 4.3.1; bfloat16 is the upper half of a float32.
 */

/** Exponent of all ones: infinities and NaNs. */
@inline export const exponent32: i32 = 0x7f800000;

/** Reads four stored values at `at` as float32. */
@inline export function widen4<T>(at: usize): v128 {
  if (sizeof<T>() == 8) {
    const low = f32x4.demote_f64x2_zero(v128.load(at));
    const high = f32x4.demote_f64x2_zero(v128.load(at, 16));
    return v128.shuffle<u64>(low, high, 0, 2);
  }
  if (sizeof<T>() == 4) return v128.load(at);
  const bits = v128.load_ext<u16>(at);
  return isSigned<T>() ? v128.shl<u32>(bits, 16) : widenHalf(bits);
}

/** `bits` are four halves in lanes of 32. */
@inline function widenHalf(bits: v128): v128 {
  const magnitude = v128.and(bits, i32x4.splat(0x7fff));
  const sign = v128.shl<u32>(v128.and(bits, i32x4.splat(0x8000)), 16);
  const shifted = v128.shl<u32>(magnitude, 13);
  // exponent bias 15 to 127; once more where all its ones must become all ones
  const bias = i32x4.splat(112 << 23);
  const special = v128.gt<i32>(magnitude, i32x4.splat(0x7bff));
  const ordinary = v128.add<u32>(v128.add<u32>(shifted, bias), v128.and(special, bias));
  // a subnormal is fraction · 2^-24: put it above 2^-14's leading one, and take that away as a number
  const least = i32x4.splat(0x38800000);
  const tiny = f32x4.sub(v128.or(shifted, least), least);
  const isTiny = v128.lt<i32>(magnitude, i32x4.splat(0x400));
  const quiet = v128.and(v128.gt<i32>(magnitude, i32x4.splat(0x7c00)), i32x4.splat(0x400000));
  return v128.or(v128.or(v128.bitselect(tiny, ordinary, isTiny), quiet), sign);
}

/** Rounds four float32 to bfloat16, nearest even, in lanes of 32. */
@inline export function narrowBfloat16(bits: v128): v128 {
  const odd = v128.and(v128.shr<u32>(bits, 16), i32x4.splat(1));
  const rounded = v128.shr<u32>(v128.add<u32>(v128.add<u32>(bits, i32x4.splat(0x7fff)), odd), 16);
  const quiet = v128.or(v128.shr<u32>(bits, 16), i32x4.splat(0x40));
  return v128.bitselect(quiet, rounded, isNan(bits));
}

/** Rounds four float32 to half precision, nearest even, in lanes of 32. */
@inline export function narrowHalf(bits: v128): v128 {
  const sign = v128.and(v128.shr<u32>(bits, 16), i32x4.splat(0x8000));
  const magnitude = v128.and(bits, i32x4.splat(0x7fffffff));
  const odd = v128.and(v128.shr<u32>(magnitude, 13), i32x4.splat(1));
  const rebased = v128.add<u32>(magnitude, i32x4.splat(-(112 << 23) + 0xfff));
  const ordinary = v128.shr<u32>(v128.add<u32>(rebased, odd), 13);
  // below 2^-14 the unit is 2^-24, which is the last place of numbers around 0.5: adding 0.5 rounds to it
  const half = f32x4.splat(0.5);
  const tiny = v128.sub<u32>(f32x4.add(magnitude, half), half);
  const isTiny = v128.lt<i32>(magnitude, i32x4.splat(113 << 23));
  const finite = v128.bitselect(tiny, ordinary, isTiny);
  // 2^16 and above; what rounds up to it has become infinity by itself
  const isBeyond = v128.gt<i32>(magnitude, i32x4.splat(0x477fffff));
  const payload = v128.and(v128.shr<u32>(magnitude, 13), i32x4.splat(0x1ff));
  const nan = v128.and(isNan(bits), v128.or(payload, i32x4.splat(0x200)));
  const beyond = v128.or(nan, i32x4.splat(0x7c00));
  return v128.or(v128.bitselect(beyond, finite, isBeyond), sign);
}

@inline function isNan(bits: v128): v128 {
  return v128.gt<i32>(v128.and(bits, i32x4.splat(0x7fffffff)), i32x4.splat(exponent32));
}

/** Two vectors of 16-bit values in lanes of 32, packed into one. */
@inline export function pack(low: v128, high: v128): v128 {
  return v128.shuffle<u16>(low, high, 0, 2, 4, 6, 8, 10, 12, 14);
}
