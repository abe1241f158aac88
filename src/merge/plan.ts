/**
 * What a merge will do, decided before a byte is read: for every output tensor its terms, in model order. Pure.
 * Per-tensor coefficients are the seam for methods that weigh layers apart; linear mixing fills them alike.
 */
import type { MatchedTensor } from '../model/match.ts';
import type { Dtype } from '../tensor/dtype.ts';
import type { Tensor } from '../safetensors/checkpoint.ts';

/** The dtype of the output's fractions; `as-model-1`: each tensor's own in the first model. */
export type OutputDtype = 'F32' | 'F16' | 'BF16' | 'as-model-1';

/** One model's share in an output tensor. */
export interface Term {
  /** Index of the model. */
  readonly model: number;
  readonly tensor: Tensor;
  /** float32 value. */
  readonly weight: number;
}

export type PlannedTensor =
  | {
      /** sum over terms of weight · values, in model order. */
      readonly kind: 'mix';
      readonly name: string;
      readonly shape: readonly number[];
      readonly dtype: 'F32';
      readonly terms: readonly Term[];
    }
  | {
      /** One model's bytes as they are: integers. */
      readonly kind: 'copy';
      readonly name: string;
      readonly shape: readonly number[];
      readonly dtype: Dtype;
      readonly model: number;
      readonly tensor: Tensor;
    };

export interface Plan {
  readonly tensors: readonly PlannedTensor[];
}

/**
 * The linear mixture, sum_m w_m · model_m.
 *
 * Weights are rounded to float32 here, once, as the reference does. Integers are taken from the last model that has
 * them, unscaled. A tensor that only one model lends (a pooler or head missing elsewhere) is taken whole: weight 1.
 * A model of weight 0 keeps its term: 0 · x is not nothing for infinities and for the sign of zero.
 *
 * Source: FlagEmbedding, `merge_param`.
 *
 * @param weights (models,)
 */
export function planLinear(tensors: readonly MatchedTensor[], weights: readonly number[]): Plan {
  return { tensors: tensors.map((tensor) => planTensor(tensor, weights)) };
}

function planTensor({ name, shape, kind, from }: MatchedTensor, weights: readonly number[]): PlannedTensor {
  const having = from.flatMap((tensor, model) => (tensor === undefined ? [] : [{ model, tensor }]));
  if (kind === 'integer') {
    const { model, tensor } = having.at(-1)!;
    return { kind: 'copy', name, shape, dtype: tensor.dtype, model, tensor };
  }
  const lent = having.length < from.length;
  const terms = having.map(({ model, tensor }) => ({
    model,
    tensor,
    weight: lent ? 1 : Math.fround(weights[model]!),
  }));
  return { kind: 'mix', name, shape, dtype: 'F32', terms };
}
