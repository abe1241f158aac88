/**
 * The weighted sum of a chunk: widened, scaled, summed, checked and narrowed block by block, so that the float32 sums never
 * leave the processor's cache. float32 after every product and every sum, in the order of the terms; no fused multiply-add.
 *
 * Source: LM-Cocktail (https://arxiv.org/abs/2311.13534); FlagEmbedding `merge_param`.
 */
import { BF16, F16, F32, F64 } from './dtype';
import { exponent32, narrowBfloat16, narrowHalf, pack, widen4 } from './lanes';

/** 16 Ki elements, 64 KiB of sums: a part of every second-level cache. */
const blockElements: usize = 16 * 1024;
const block: usize = memory.data(16 * 1024 * 4, 16);

/** One term: where its values lie, how they are stored, its weight. */
@unmanaged
class Term {
  values!: usize;
  dtype!: u32;
  weight!: f32;
}

/**
 * out[i] = sum over terms of weight · values[i]. Returns 0, or 1 where a sum is NaN or infinite, or 2 where one is beyond the
 * type that it is stored as; `out` is then not to be used. Works in steps of 8 elements: up to 7 beyond the last are read
 * and written.
 */
export function mix(terms: usize, termCount: u32, out: usize, dtype: u32, count: usize): u32 {
  const width: usize = dtype == F32 ? 4 : 2;
  for (let start: usize = 0; start < count; start += blockElements) {
    const length = min(blockElements, count - start);
    const sums = dtype == F32 ? out + start * 4 : block;
    for (let m: u32 = 0; m < termCount; m++) {
      addTerm(changetype<Term>(terms + m * offsetof<Term>()), m == 0, sums, start, length);
    }
    if (!areFinite(sums, length)) return 1;
    if (dtype != F32 && narrowBlock(out + start * width, sums, length, dtype)) return 2;
  }
  return 0;
}

function addTerm(term: Term, first: bool, sums: usize, start: usize, count: usize): void {
  const w = term.weight;
  switch (term.dtype) {
    case F32: {
      const at = term.values + start * 4;
      if (first) scale<f32>(sums, at, count, w);
      else addScaled<f32>(sums, at, count, w);
      break;
    }
    case F16: {
      const at = term.values + start * 2;
      if (first) scale<u16>(sums, at, count, w);
      else addScaled<u16>(sums, at, count, w);
      break;
    }
    case BF16: {
      const at = term.values + start * 2;
      if (first) scale<i16>(sums, at, count, w);
      else addScaled<i16>(sums, at, count, w);
      break;
    }
    case F64: {
      const at = term.values + start * 8;
      if (first) scale<f64>(sums, at, count, w);
      else addScaled<f64>(sums, at, count, w);
      break;
    }
    default:
      unreachable();
  }
}

/** The first term overwrites: 0 + (−0) would lose a sign. */
function scale<T>(sums: usize, values: usize, count: usize, weight: f32): void {
  const w = f32x4.splat(weight);
  const end = sums + count * 4;
  for (; sums < end; sums += 32, values += 8 * sizeof<T>()) {
    v128.store(sums, f32x4.mul(w, widen4<T>(values)));
    v128.store(sums, f32x4.mul(w, widen4<T>(values + 4 * sizeof<T>())), 16);
  }
}

function addScaled<T>(sums: usize, values: usize, count: usize, weight: f32): void {
  const w = f32x4.splat(weight);
  const end = sums + count * 4;
  for (; sums < end; sums += 32, values += 8 * sizeof<T>()) {
    v128.store(sums, f32x4.add(v128.load(sums), f32x4.mul(w, widen4<T>(values))));
    const next = f32x4.mul(w, widen4<T>(values + 4 * sizeof<T>()));
    v128.store(sums, f32x4.add(v128.load(sums, 16), next), 16);
  }
}

function areFinite(sums: usize, count: usize): bool {
  const ones = i32x4.splat(exponent32);
  let bad = i32x4.splat(0);
  // not in steps of 8: what lies beyond the last sum may be anything
  const whole = sums + (count & ~3) * 4;
  const end = sums + count * 4;
  for (; sums < whole; sums += 16) bad = v128.or(bad, v128.eq<u32>(v128.and(v128.load(sums), ones), ones));
  if (v128.any_true(bad)) return false;
  for (; sums < end; sums += 4) if ((load<u32>(sums) & exponent32) == exponent32) return false;
  return true;
}

/** Finite sums only. Returns whether one became infinite. */
function narrowBlock(out: usize, sums: usize, count: usize, dtype: u32): bool {
  if (dtype == F16) narrowAll<u16>(out, sums, count);
  else narrowAll<i16>(out, sums, count);
  const ones: i16 = dtype == F16 ? 0x7c00 : 0x7f80;
  const end = out + count * 2;
  const whole = out + (count & ~7) * 2;
  let bad = i32x4.splat(0);
  for (; out < whole; out += 16) {
    bad = v128.or(bad, v128.eq<u16>(v128.and(v128.load(out), i16x8.splat(ones)), i16x8.splat(ones)));
  }
  if (v128.any_true(bad)) return true;
  for (; out < end; out += 2) if ((load<i16>(out) & ones) == ones) return true;
  return false;
}

function narrowAll<T>(out: usize, sums: usize, count: usize): void {
  const end = sums + count * 4;
  for (; sums < end; sums += 32, out += 16) {
    const low = v128.load(sums);
    const high = v128.load(sums, 16);
    if (isSigned<T>()) v128.store(out, pack(narrowBfloat16(low), narrowBfloat16(high)));
    else v128.store(out, pack(narrowHalf(low), narrowHalf(high)));
  }
}

/** out[i] = float32(values[i]), NaNs and infinities too, for F16 and BF16. In steps of 8, as `mix`. */
export function widen(out: usize, values: usize, dtype: u32, count: usize): void {
  const end = out + count * 4;
  for (; out < end; out += 16, values += 8) {
    v128.store(out, dtype == F16 ? widen4<u16>(values) : widen4<i16>(values));
  }
}

/** out[i] = values[i] rounded to nearest even, NaNs and infinities too, to F16 or BF16. In steps of 8, as `mix`. */
export function narrow(out: usize, values: usize, dtype: u32, count: usize): void {
  if (dtype == F16) narrowAll<u16>(out, values, count);
  else narrowAll<i16>(out, values, count);
}
