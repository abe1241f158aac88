/**
 * From losses to mixing weights: w = softmax(−L / T), in float32 throughout as the reference computes it.
 *
 * Source: LM-Cocktail, https://arxiv.org/abs/2311.13534, section 3; FlagEmbedding `compute_weights`. Weights sum to 1
 * only to about 1e-7, and are not renormalised.
 */
import { KnownError } from '../errors.ts';

/**
 * @param losses (models,) nats
 * @param names (models,) for the refusal
 * @returns (models,) float32 values
 *
 * Throws `loss-not-finite` naming the model; `setting-invalid` unless the temperature is finite and above 0 in float32,
 * and not so low that no loss over it is finite.
 */
export function weigh(losses: readonly number[], temperature: number, names?: readonly string[]): number[] {
  const refused = () =>
    new KnownError('setting-invalid', { setting: 'temperature', value: String(temperature) });
  const rounded = Math.fround(temperature);
  if (!Number.isFinite(rounded) || rounded <= 0) throw refused();
  checkLosses(losses, names);
  const scaled = losses.map((loss) => Math.fround(-Math.fround(loss) / rounded));
  const highest = Math.max(...scaled);
  // so low a temperature that every quotient overflows: the reference's weights are NaN here
  if (!Number.isFinite(highest)) throw refused();
  const shares = scaled.map((value) => Math.fround(Math.exp(Math.fround(value - highest))));
  const sum = shares.reduce((total, share) => Math.fround(total + share), 0);
  return shares.map((share) => Math.fround(share / sum));
}

/**
 * One fine-tuned model against the rest: alpha for it, and (1 - alpha) · w_i for the others, w = softmax(-L / T) over those
 * alone. One other model takes all of 1 - alpha, whatever its loss.
 *
 * Source: LM-Cocktail, section 3, M_r = alpha · M_t + (1 - alpha) · sum_i w_i · M_i. The reference gets there by mixing
 * twice, and rounds in between; here it is one sum, so the bytes differ in last digits.
 *
 * @param losses (models,) nats; `undefined` where there are two models only
 * @param tuned the fine-tuned model's index
 * @returns (models,)
 *
 * Throws `setting-invalid` unless 0 <= alpha <= 1, and what `weigh` throws.
 */
export function weighAround(
  losses: readonly number[] | undefined,
  tuned: number,
  alpha: number,
  temperature: number,
): readonly number[] {
  if (!(alpha >= 0 && alpha <= 1)) {
    throw new KnownError('setting-invalid', { setting: 'alpha', value: String(alpha) });
  }
  const others = losses?.filter((_, m) => m !== tuned) ?? [0];
  const rest = others.length === 1 ? [1] : weigh(others, temperature);
  const shares = rest.map((weight) => (1 - alpha) * weight);
  return [...shares.slice(0, tuned), alpha, ...shares.slice(tuned)];
}

/** One bad loss would make every weight NaN, or silently 0. Throws `loss-not-finite`. */
export function checkLosses(losses: readonly number[], names: readonly string[] = []): void {
  losses.forEach((loss, m) => {
    if (Number.isFinite(loss)) return;
    throw new KnownError('loss-not-finite', { model: names[m] ?? String(m + 1), loss: String(loss) });
  });
}

/** How far from 1 a sum of weights may be: the reference's own bound, here on both sides. */
const sumTolerance = 1e-3;

/** Throws `weights-invalid` unless there is one finite weight a model and they sum to 1. */
export function checkWeights(weights: readonly number[], modelCount = weights.length): void {
  const fail = (why: string) => new KnownError('weights-invalid', { why });
  if (weights.length !== modelCount) throw fail(`${weights.length} ≠ ${modelCount}`);
  weights.forEach((weight, m) => {
    if (!Number.isFinite(weight)) throw fail(`${m + 1}: ${weight}`);
  });
  const sum = weights.reduce((total, weight) => total + weight, 0);
  if (Math.abs(sum - 1) > sumTolerance) throw fail(`Σ = ${Number(sum.toPrecision(6))}`);
}
