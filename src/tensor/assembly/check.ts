/** What is asked of bytes that were read back: whether they are those that were written, and whether they are numbers. */
import { BF16, F16, F32 } from './dtype';

const tail: usize = memory.data(16, 16);

/** Up to 15 bytes at `at`, and zeros. */
function loadTail(at: usize, bytes: usize): v128 {
  memory.fill(tail, 0, 16);
  memory.copy(tail, at, bytes);
  return v128.load(tail);
}

/**
 * 32 bytes at `out`: in lanes of 32 bits the sum of all words, and the sum of these sums, which minds the order. It tells
 * damage from what was meant, not from what somebody meant it to look like: SHA-256 is for that.
 *
 * Source: J. G. Fletcher, "An Arithmetic Checksum for Serial Transmissions", 1982, over 2^32.
 */
export function checksum(at: usize, bytes: usize, out: usize): void {
  let sum = i32x4.splat(0);
  let sums = i32x4.splat(0);
  const end = at + (bytes & ~15);
  for (; at < end; at += 16) {
    sum = i32x4.add(sum, v128.load(at));
    sums = i32x4.add(sums, sum);
  }
  if (bytes & 15) {
    sum = i32x4.add(sum, loadTail(at, bytes & 15));
    sums = i32x4.add(sums, sum);
  }
  v128.store(out, sum);
  v128.store(out, sums, 16);
}

/** Whether none of the stored values is NaN or infinite. */
export function isFinite(at: usize, bytes: usize, dtype: u32): bool {
  const ones = onesOf(dtype);
  let bad = i32x4.splat(0);
  const end = at + (bytes & ~15);
  for (; at < end; at += 16) bad = v128.or(bad, compare(v128.load(at), ones, dtype));
  if (bytes & 15) bad = v128.or(bad, compare(loadTail(at, bytes & 15), ones, dtype));
  return !v128.any_true(bad);
}

/** The exponent's bits. */
function onesOf(dtype: u32): v128 {
  if (dtype == F32) return i32x4.splat(0x7f800000);
  if (dtype == F16) return i16x8.splat(0x7c00);
  if (dtype == BF16) return i16x8.splat(0x7f80);
  return i64x2.splat(0x7ff0000000000000);
}

@inline function compare(values: v128, ones: v128, dtype: u32): v128 {
  const exponents = v128.and(values, ones);
  if (dtype == F32) return i32x4.eq(exponents, ones);
  if (dtype == F16 || dtype == BF16) return i16x8.eq(exponents, ones);
  return i64x2.eq(exponents, ones);
}
