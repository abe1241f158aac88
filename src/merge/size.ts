/** What a mixture will take up, known from headers alone. */
import type { MatchedTensor } from '../model/match.ts';
import { planFile } from '../safetensors/writer.ts';
import { outputDtypes, planLinear, type OutputDtype } from './plan.ts';

export interface PlannedOutput {
  readonly tensorCount: number;
  readonly parameterCount: number;
  /** Of the checkpoint's file, by what its values are stored as. */
  readonly bytes: Readonly<Record<OutputDtype, number>>;
}

export function planOutput(tensors: readonly MatchedTensor[]): PlannedOutput {
  // names, shapes and dtypes are the same whatever the weights
  const anyWeights = tensors[0]?.from.map(() => 0) ?? [];
  const bytes = outputDtypes.map(
    (dtype) => [dtype, planFile(planLinear(tensors, anyWeights, dtype).tensors).bytes] as const,
  );
  return {
    tensorCount: tensors.length,
    parameterCount: tensors.reduce((sum, { shape }) => sum + shape.reduce((n, size) => n * size, 1), 0),
    bytes: Object.fromEntries(bytes) as Record<OutputDtype, number>,
  };
}
