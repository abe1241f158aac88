/** A mixture as a checkpoint that computes what is read: it can be run before, and without, being written. */
import type { Checkpoint, Tensor } from '../safetensors/checkpoint.ts';
import type { MixedTensor, Plan } from './plan.ts';
import { mixRange } from './run.ts';

/** What a reader of float tensors needs of a checkpoint. */
export type ReadableCheckpoint = Pick<Checkpoint, 'tensors' | 'read'>;

/** Float tensors only, under the plan's names, as float32. Memory: what is read, times (models + 1). @param checkpoints (models,) */
export function openMixed({ tensors }: Plan, checkpoints: readonly Checkpoint[]): ReadableCheckpoint {
  const planned = new Map(
    tensors.flatMap((tensor) => (tensor.kind === 'mix' ? [[tensor.name, tensor]] : [])),
  );
  return {
    tensors: new Map([...planned].map(([name, tensor]) => [name, describe(tensor)])),
    read({ name }, start, end) {
      const tensor = planned.get(name);
      if (tensor === undefined) throw new TypeError(`${name} is no tensor of the mixture`);
      return mixRange(tensor, checkpoints, start, end);
    },
  };
}

/** It lies in no file. */
function describe({ name, shape }: MixedTensor): Tensor {
  const elementCount = shape.reduce((product, size) => product * size, 1);
  return { name, dtype: 'F32', shape, elementCount, bytes: 4 * elementCount, file: '', start: 0 };
}
