/** Whether values are numbers at all: what a mixture must be made of, and consist of. */

/** The first value that is NaN or infinite, as its index; −1 when all are finite. */
export function firstNonFinite(values: Float32Array): number {
  // 0 · x is 0 for every finite x and NaN for all others: one sum, no branch, for the common case
  let probe = 0;
  for (let i = 0; i < values.length; i++) probe += 0 * values[i]!;
  return probe === 0 ? -1 : values.findIndex((value) => !Number.isFinite(value));
}
