/** What a mixture will take up, known from headers alone. */
import type { MatchedTensor } from '../model/match.ts';
import { planShards, tensorsOutside } from '../safetensors/shards.ts';
import { bytesOf } from '../safetensors/writer.ts';
import { planLinear, type OutputDtype } from './plan.ts';

export interface PlannedOutput {
  readonly tensorCount: number;
  readonly parameterCount: number;
  /** Of the checkpoint in one file, with the files of Dense modules, by what its values are stored as. */
  readonly bytes: Readonly<Record<OutputDtype, number>>;
  /** (tensors,) of each, in the order in which they fill files; those of Dense modules have files of their own. */
  readonly tensorBytes: Readonly<Record<OutputDtype, readonly number[]>>;
}

/** @param folders of Dense modules */
export function planOutput(
  tensors: readonly MatchedTensor[],
  folders: readonly string[] = [],
): PlannedOutput {
  // names, shapes and dtypes are the same whatever the weights
  const anyWeights = tensors[0]?.from.map(() => 0) ?? [];
  const plans = byDtype((dtype) => planLinear(tensors, anyWeights, dtype).tensors);
  return {
    tensorCount: tensors.length,
    parameterCount: tensors.reduce((sum, { shape }) => sum + shape.reduce((n, size) => n * size, 1), 0),
    bytes: byDtype((dtype) => planShards(plans[dtype], undefined, folders).bytes),
    tensorBytes: byDtype((dtype) => tensorsOutside(folders, plans[dtype]).map(bytesOf)),
  };
}

function byDtype<T>(of: (dtype: OutputDtype) => T): Readonly<Record<OutputDtype, T>> {
  return { F32: of('F32'), F16: of('F16'), BF16: of('BF16'), 'as-model-1': of('as-model-1') };
}
