/** What a mixture will take up, known from headers alone. */
import type { MatchedTensor } from '../model/match.ts';
import { bytesOf, planFile } from '../safetensors/writer.ts';
import { planLinear, type OutputDtype } from './plan.ts';

export interface PlannedOutput {
  readonly tensorCount: number;
  readonly parameterCount: number;
  /** Of the checkpoint in one file, by what its values are stored as. */
  readonly bytes: Readonly<Record<OutputDtype, number>>;
  /** (tensors,) of each, in the order in which they fill files. */
  readonly tensorBytes: Readonly<Record<OutputDtype, readonly number[]>>;
}

export function planOutput(tensors: readonly MatchedTensor[]): PlannedOutput {
  // names, shapes and dtypes are the same whatever the weights
  const anyWeights = tensors[0]?.from.map(() => 0) ?? [];
  const plans = byDtype((dtype) => planLinear(tensors, anyWeights, dtype).tensors);
  return {
    tensorCount: tensors.length,
    parameterCount: tensors.reduce((sum, { shape }) => sum + shape.reduce((n, size) => n * size, 1), 0),
    bytes: byDtype((dtype) => planFile(plans[dtype]).bytes),
    tensorBytes: byDtype((dtype) => plans[dtype].map(bytesOf)),
  };
}

function byDtype<T>(of: (dtype: OutputDtype) => T): Readonly<Record<OutputDtype, T>> {
  return { F32: of('F32'), F16: of('F16'), BF16: of('BF16'), 'as-model-1': of('as-model-1') };
}
