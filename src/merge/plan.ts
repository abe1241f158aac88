/**
 * What a merge will do, decided before a byte is read: for every output tensor its terms, in model order. Pure.
 * Per-tensor coefficients are the seam for methods that weigh layers apart; linear mixing fills them alike.
 */
import type { MatchedTensor } from '../model/match.ts';
import { isFloat, type Dtype } from '../tensor/dtype.ts';
import type { HalfDtype } from '../tensor/narrow.ts';
import type { Tensor } from '../safetensors/checkpoint.ts';

/** What a mixture's values are stored as. */
export type MixDtype = 'F32' | HalfDtype;

/** What is asked for: one dtype for all, or each tensor as model 1 stores it. */
export type OutputDtype = MixDtype | 'as-model-1';

export const outputDtypes: readonly OutputDtype[] = ['F32', 'F16', 'BF16', 'as-model-1'];

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
      /** sum over terms of weight · values, in model order, in float32; then rounded once to `dtype`. */
      readonly kind: 'mix';
      readonly name: string;
      readonly shape: readonly number[];
      readonly dtype: MixDtype;
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

/** A tensor that is a sum. */
export type MixedTensor = PlannedTensor & { readonly kind: 'mix' };

export interface Plan {
  readonly tensors: readonly PlannedTensor[];
  /** Of most of the mixed values: what config.json states. */
  readonly dtype: MixDtype;
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
export function planLinear(
  tensors: readonly MatchedTensor[],
  weights: readonly number[],
  dtype: OutputDtype = 'F32',
): Plan {
  const main = dtype === 'as-model-1' ? mainDtypeOf(tensors) : dtype;
  const dtypeOf = ({ from: [first] }: MatchedTensor): MixDtype =>
    // a tensor that model 1 lacks comes as most of model 1 is
    dtype === 'as-model-1' && first !== undefined ? toMixDtype(first.dtype) : main;
  return { tensors: tensors.map((tensor) => planTensor(tensor, weights, dtypeOf(tensor))), dtype: main };
}

/** What most of model 1's mixed values are stored as. */
function mainDtypeOf(tensors: readonly MatchedTensor[]): MixDtype {
  const counts = new Map<MixDtype, number>();
  for (const { from } of tensors) {
    const [first] = from;
    if (first === undefined || !isFloat(first.dtype)) continue;
    const dtype = toMixDtype(first.dtype);
    counts.set(dtype, (counts.get(dtype) ?? 0) + first.elementCount);
  }
  const [most] = [...counts].sort(([, a], [, b]) => b - a);
  return most?.[0] ?? 'F32';
}

/** Sums are float32: a wider dtype would store no more. */
function toMixDtype(dtype: Dtype): MixDtype {
  return dtype === 'F16' || dtype === 'BF16' ? dtype : 'F32';
}

function planTensor(
  { name, shape, kind, from }: MatchedTensor,
  weights: readonly number[],
  dtype: MixDtype,
): PlannedTensor {
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
  return { kind: 'mix', name, shape, dtype, terms };
}
