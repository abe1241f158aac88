/**
 * A checkpoint as one file or as several with their index, and one more for each folder with tensors of its own: every byte's
 * place and every file's name, known before the first byte is written. Pure.
 */
import { checkpointPath } from './checkpoint.ts';
import { printIndex } from './shard-index.ts';
import { shardPath, splitTensors } from './split.ts';
import { bytesOf, planFile, type FilePlan, type TensorToWrite } from './writer.ts';

export interface PlannedShard {
  readonly path: string;
  /** `2_Dense` where the file's tensors are called `2_Dense/…` outside of it; '' for the model's own files. */
  readonly folder: string;
  readonly plan: FilePlan;
}

export interface CheckpointPlan {
  /** The model's own in the order of their names, then the folders'. */
  readonly shards: readonly PlannedShard[];
  /** Text of `model.safetensors.index.json`, of the model's own files; `undefined` for one, which needs none. */
  readonly index: string | undefined;
  /** Of all files, without the index. */
  readonly bytes: number;
}

/**
 * @param tensors in the order in which they fill the files
 * @param shardBytes most bytes of values in one of the model's own files; one file when absent
 * @param folders whose tensors, `FOLDER/name`, have a file there, under their names without it
 *
 * Throws `shard-bytes-invalid` and `shards-too-many`.
 */
export function planShards(
  tensors: readonly TensorToWrite[],
  shardBytes?: number,
  folders: readonly string[] = [],
): CheckpointPlan {
  const own = tensorsOutside(folders, tensors);
  const split = splitTensors(own.map(bytesOf), shardBytes);
  const shards = split.map((indices, s) => ({
    path: shardPath(s, split.length),
    folder: '',
    plan: planFile(indices.map((t) => own[t]!)),
  }));
  const inside = folders.map((folder) => ({
    path: joinFolder(folder, checkpointPath),
    folder,
    plan: planFile(tensorsIn(folder, tensors)),
  }));
  const all = [...shards, ...inside];
  const bytes = all.reduce((sum, { plan }) => sum + plan.bytes, 0);
  return { shards: all, index: shards.length === 1 ? undefined : indexOf(shards), bytes };
}

/** Those that fill the model's own files. */
export function tensorsOutside<T extends TensorToWrite>(
  folders: readonly string[],
  tensors: readonly T[],
): readonly T[] {
  return tensors.filter(({ name }) => !folders.some((folder) => name.startsWith(`${folder}/`)));
}

function tensorsIn(folder: string, tensors: readonly TensorToWrite[]): readonly TensorToWrite[] {
  const prefix = joinFolder(folder, '');
  return tensors.flatMap(({ name, dtype, shape }) =>
    name.startsWith(prefix) ? [{ name: name.slice(prefix.length), dtype, shape }] : [],
  );
}

/** What a folder's tensor or file is called outside of it. */
export function joinFolder(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`;
}

function indexOf(shards: readonly PlannedShard[]): string {
  const placed = shards.flatMap(({ path, plan }) => plan.tensors.map(({ name }) => [name, path] as const));
  const total = shards.reduce((sum, { plan }) => sum + plan.bytes - plan.header.length, 0);
  return printIndex(new Map(placed), total);
}
