/** How far from the reference a number may be, and why. Ids and bytes have no tolerance: they are equal or wrong. */

export type Provider = 'wasm' | 'webgpu';

/**
 * Nats, of a loss L. The reference sums in float32 and divides cosines by 0.05, so one unit in the last place of a
 * cosine is 20 in the score; a GPU's reductions and exponentials are looser again.
 */
export function lossTolerance(provider: Provider, loss: number): number {
  return (provider === 'wasm' ? 2e-5 : 2e-4) * Math.max(1, Math.abs(loss));
}

/** Torch's softmax and ours differ by a unit in the last place of float32. */
export const weightTolerance = 1e-6;

/** From our own losses: what they differ by moves a weight by at most that, over the temperature. */
export function endToEndTolerance(lossDifference: number, temperature: number): number {
  return weightTolerance + lossDifference / temperature;
}

/** Of each coordinate of a unit vector; summation order in float32. */
export const embeddingTolerance = 1e-4;

/**
 * Of a reranker's score or a language model's logit: sums over the width in float32, in another order, so what rounding leaves
 * is in proportion to their size.
 */
export function logitTolerance(logit: number): number {
  return 1e-4 * Math.max(1, Math.abs(logit));
}

/** Nats per token over some thousand tokens, where single losses agree to 2e-5: far below what tells two models apart. */
export const perplexityTolerance = 1e-3;

/** A software adapter is some 40 times slower than WASM: models beyond this size run a part of the table there. */
export const softwareAdapterParameters = 10_000_000;
