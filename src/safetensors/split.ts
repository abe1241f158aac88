/**
 * Which tensor goes into which file of a checkpoint, and what the files are called. Pure: sizes in, places out.
 *
 * Tensors fill a file in the order given until the next would pass the limit. One that is larger than the limit has a
 * file of its own, which stands before the file that is being filled. The limit is of values: a header comes on top.
 *
 * Source: huggingface_hub 2.4, `split_state_dict_into_shards_factory`
 */
import { KnownError } from '../errors.ts';

/** 5 GB, in the units that the Hub and file managers count in: what transformers up to version 4 splits at. */
export const defaultShardBytes = 5e9;

/** 1 MB: with less, every tensor of the smallest model would be a file. */
export const shardBytesMin = 1e6;

/** A recipe lists at most 1,024 files, the small ones among them. */
export const shardLimit = 1000;

/**
 * (files,) of the indices of the tensors in each, in the order given: always one file or more. Throws
 * `shard-bytes-invalid` and `shards-too-many`.
 *
 * @param tensorBytes (tensors,) as they are written
 * @param shardBytes one file when absent
 */
export function splitTensors(
  tensorBytes: readonly number[],
  shardBytes?: number,
): readonly (readonly number[])[] {
  if (shardBytes === undefined) return [tensorBytes.map((_, t) => t)];
  if (!Number.isSafeInteger(shardBytes) || shardBytes < shardBytesMin)
    throw new KnownError('shard-bytes-invalid', { limitBytes: shardBytesMin });
  const shards: (readonly number[])[] = [];
  let filling: number[] = [];
  let filledBytes = 0;
  for (const [t, bytes] of tensorBytes.entries()) {
    if (bytes > shardBytes) {
      shards.push([t]);
      continue;
    }
    if (filledBytes + bytes > shardBytes) {
      shards.push(filling);
      filling = [];
      filledBytes = 0;
    }
    filling.push(t);
    filledBytes += bytes;
  }
  if (filling.length > 0 || shards.length === 0) shards.push(filling);
  if (shards.length > shardLimit)
    throw new KnownError('shards-too-many', { count: shards.length, limit: shardLimit });
  return shards;
}

/** E.g. `model-00002-of-00003.safetensors`; `model.safetensors` for the only one. @param index counted from 0 */
export function shardPath(index: number, count: number): string {
  if (count === 1) return 'model.safetensors';
  const digits = (value: number): string => String(value).padStart(5, '0');
  return `model-${digits(index + 1)}-of-${digits(count)}.safetensors`;
}

/** A file of a checkpoint that this file has named; the index is not among them. */
export function isShardPath(path: string): boolean {
  return /^model(-\d{5}-of-\d{5})?\.safetensors$/.test(path);
}
