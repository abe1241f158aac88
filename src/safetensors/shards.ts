/**
 * A checkpoint as one file or as several with their index: every byte's place and every file's name, known before the
 * first byte is written. Pure.
 */
import { printIndex } from './shard-index.ts';
import { shardPath, splitTensors } from './split.ts';
import { bytesOf, planFile, type FilePlan, type TensorToWrite } from './writer.ts';

export interface PlannedShard {
  readonly path: string;
  readonly plan: FilePlan;
}

export interface CheckpointPlan {
  /** In the order of their names. */
  readonly shards: readonly PlannedShard[];
  /** Text of `model.safetensors.index.json`; `undefined` for one file, which needs none. */
  readonly index: string | undefined;
  /** Of all files, without the index. */
  readonly bytes: number;
}

/**
 * @param tensors in the order in which they fill the files
 * @param shardBytes most bytes of values in one file; one file when absent
 *
 * Throws `shard-bytes-invalid` and `shards-too-many`.
 */
export function planShards(tensors: readonly TensorToWrite[], shardBytes?: number): CheckpointPlan {
  const split = splitTensors(tensors.map(bytesOf), shardBytes);
  const shards = split.map((indices, s) => ({
    path: shardPath(s, split.length),
    plan: planFile(indices.map((t) => tensors[t]!)),
  }));
  const bytes = shards.reduce((sum, { plan }) => sum + plan.bytes, 0);
  return { shards, index: shards.length === 1 ? undefined : indexOf(shards), bytes };
}

function indexOf(shards: readonly PlannedShard[]): string {
  const placed = shards.flatMap(({ path, plan }) => plan.tensors.map(({ name }) => [name, path] as const));
  const total = shards.reduce((sum, { plan }) => sum + plan.bytes - plan.header.length, 0);
  return printIndex(new Map(placed), total);
}
