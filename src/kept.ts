/**
 * What this browser keeps of this page: models that were fetched, mixtures, and jobs that were left unfinished. It
 * stays until a person deletes it, and a mixture can be saved again as long as it is there.
 */
import type { WrittenFile } from './job/marker.ts';
import { listJobs, removeKeptJob, type KeptJobs } from './job/kept.ts';
import { indexPath } from './safetensors/shard-index.ts';
import { isShardPath } from './safetensors/split.ts';
import type { Watching } from './score/score.ts';
import { listStored, removeStoredModel, type StoredModel } from './source/stored.ts';
import { createSha256 } from './tensor/sha256.ts';

export { discardPacked, offerLock } from './job/offered.ts';
export type { KeptOutput, UnfinishedJob } from './job/kept.ts';
export type { StoredModel } from './source/stored.ts';

export interface Kept extends KeptJobs {
  readonly models: readonly StoredModel[];
}

/** One thing that is kept. */
export type KeptItem =
  | { readonly kind: 'model'; readonly id: string; readonly commit: string }
  /** `name`: what to call it when it cannot be deleted. */
  | { readonly kind: 'job'; readonly job: string; readonly name: string };

/** Reads names, sizes and markers. Throws `storage-unavailable`. `offeredHere`: see `listJobs`. */
export async function listKept(offeredHere: readonly string[]): Promise<Kept> {
  return { models: await listStored(), ...(await listJobs(offeredHere)) };
}

/** Throws `kept-in-use`. */
export async function removeKept(item: KeptItem): Promise<void> {
  switch (item.kind) {
    case 'model':
      return removeStoredModel(item.id, item.commit);
    case 'job':
      return removeKeptJob(item.job, item.name);
  }
}

/** Writes a finished output into `folder`, and reads it back. Throws `output-missing` and what `writeFiles` throws. */
export async function saveOutput(
  job: string,
  folder: FileSystemDirectoryHandle,
  watching: Watching,
): Promise<void> {
  // loaded when something is first saved
  const { openJob } = await import('./job/folder.ts');
  const output = await openJob(job);
  const files = (await output.readComplete())?.files ?? [];
  const entries = files.toSorted(checkpointLast).map(async (file) => {
    return { ...file, file: await output.file(file.path) };
  });
  const { writeFiles } = await import('./export/folder.ts');
  await writeFiles(await Promise.all(entries), folder, createSha256, watching);
}

/**
 * Without its checkpoint a folder does not look like a model: it comes last, after the others by size; and last of all
 * the index, without which shards are none.
 */
function checkpointLast(a: WrittenFile, b: WrittenFile): number {
  const rank = ({ path }: WrittenFile): number => (path === indexPath ? 2 : isShardPath(path) ? 1 : 0);
  return rank(a) - rank(b) || a.bytes - b.bytes || (a.path < b.path ? -1 : 1);
}
