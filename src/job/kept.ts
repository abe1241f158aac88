/**
 * The jobs that this browser keeps, finished and unfinished, with what they take; and the one way to delete them.
 * Nothing is deleted here but what a person asks for, and nothing that somebody uses.
 */
import { KnownError } from '../errors.ts';
import { walkFiles } from '../storage.ts';
import { removeJob } from './remove.ts';
import { jobLock } from './lock.ts';
import { readBegun, readMarker, type Begun, type Finished } from './marker.ts';
import { readJournal } from './journal.ts';
import { offerLock } from './offered.ts';
import { listFolders, openJobs } from './storage.ts';

/** `in-use`: a page offers it, or a worker writes it. */
export type JobUse = 'free' | 'in-use';

interface Stored {
  readonly job: string;
  /** On disk, a packed zip included. */
  readonly bytes: number;
  readonly use: JobUse;
}

/** A finished job. */
export interface KeptOutput extends Stored, Finished {}

/** A job without its marker: being written, or left. */
export interface UnfinishedJob extends Stored, Begun {
  /** How to go on with it; absent where nothing of its checkpoint was written. */
  readonly continuation?: {
    /** What is being made, as a recipe's text. */
    readonly recipe: string;
    /** How much of it is written, 0 to 1. */
    readonly share: number;
  };
}

export interface KeptJobs {
  /** Newest first. */
  readonly outputs: readonly KeptOutput[];
  readonly unfinished: readonly UnfinishedJob[];
}

/**
 * Every job that takes room here. `offeredHere`: the outputs that the asking page offers itself; they are in use only
 * if another page offers them too. Reads names, sizes and markers. Throws `storage-unavailable`.
 */
export async function listJobs(offeredHere: readonly string[]): Promise<KeptJobs> {
  const folders = await listFolders();
  const { held = [] } = await navigator.locks.query();
  const holders = (name: string): number => held.filter((lock) => lock.name === name).length;
  const outputs: KeptOutput[] = [];
  const unfinished: UnfinishedJob[] = [];
  for (const folder of folders) {
    const job = folder.name;
    const { fileCount, bytes, changedMs } = await measure(folder);
    // deleted meanwhile, or not yet begun
    if (fileCount === 0) continue;
    const finished = await readMarker(folder);
    if (finished) {
      const others = holders(offerLock(job)) - (offeredHere.includes(job) ? 1 : 0);
      outputs.push({ job, bytes, use: others > 0 ? 'in-use' : 'free', ...finished });
    } else {
      const begun = (await readBegun(folder)) ?? { name: '', beganMs: changedMs };
      const use = holders(jobLock(job)) > 0 ? 'in-use' : 'free';
      unfinished.push({ job, bytes, use, ...begun, ...(await continuationOf(folder)) });
    }
  }
  return {
    outputs: outputs.sort((a, b) => b.madeMs - a.madeMs),
    unfinished: unfinished.sort((a, b) => b.beganMs - a.beganMs),
  };
}

/** Deletes a job, finished or not. `name`: what to call it when it stays. Throws `kept-in-use` where a page offers it or a worker writes it. */
export async function removeKeptJob(job: string, name: string): Promise<void> {
  const alone = { ifAvailable: true };
  await navigator.locks.request(jobLock(job), alone, (unwritten) =>
    navigator.locks.request(offerLock(job), alone, async (unoffered) => {
      if (unwritten === null || unoffered === null) throw new KnownError('kept-in-use', { name });
      await removeJob(await openJobs(), job);
    }),
  );
}

async function continuationOf(
  folder: FileSystemDirectoryHandle,
): Promise<Pick<UnfinishedJob, 'continuation'>> {
  const journal = await readJournal(folder);
  if (journal === undefined || journal.checksums.length === 0) return {};
  const { head, checksums } = journal;
  return { continuation: { recipe: head.recipe, share: Math.min(1, checksums.length / head.chunkCount) } };
}

async function measure(folder: FileSystemDirectoryHandle) {
  let fileCount = 0;
  let bytes = 0;
  let changedMs = 0;
  for await (const { file } of walkFiles(folder)) {
    fileCount++;
    bytes += file.size;
    changedMs = Math.max(changedMs, file.lastModified);
  }
  return { fileCount, bytes, changedMs };
}
