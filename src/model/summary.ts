/** A checkpoint in a few words, for a card. */
import type { Tensor } from '../safetensors/checkpoint.ts';
import type { Dtype } from '../tensor/dtype.ts';

/** Values in all tensors, and the dtypes that hold them, most values first. */
export function dtypesOf(tensors: Iterable<Tensor>): {
  readonly parameterCount: number;
  readonly dtypes: readonly Dtype[];
} {
  const counts = new Map<Dtype, number>();
  for (const { dtype, elementCount } of tensors) counts.set(dtype, (counts.get(dtype) ?? 0) + elementCount);
  const sorted = [...counts].sort(([, a], [, b]) => b - a);
  return {
    parameterCount: sorted.reduce((sum, [, count]) => sum + count, 0),
    dtypes: sorted.map(([dtype]) => dtype),
  };
}
