/**
 * A job's own folder in the browser's private file system, and what makes it trustworthy: a job counts only
 * when its marker is there, and the marker is written last.
 *
 *   jobs/<id>/output/…   the files, under the paths that they will have
 *   jobs/<id>/journal    what is being made, and which chunks of it are on the disk: see journal.ts; gone once it is complete
 *   jobs/<id>/begun      written first: JSON { version, name, beganMs }, what to call a job that was left unfinished
 *   jobs/<id>/complete   the marker: JSON { version, name, madeMs, files: [{ path, bytes, sha256 }], proof }
 *   jobs/<id>/complete.next   the marker that takes its place, see replace.ts
 *
 * While a job is written its maker holds a Web Lock of the job's name; a lock dies with its tab or worker, so a
 * folder that has no marker and whose lock is free was left unfinished. See kept.ts for what becomes of it.
 */
import { KnownError } from '../errors.ts';
import { isAbsent, isHeld, renameFile, toStorageError } from '../storage.ts';
import { openFileStream, type FileStream } from './file-stream.ts';
import { createJobFile, openJobFile, type JobFile } from './job-file.ts';
import { Journal, readJournal, type JournalText } from './journal.ts';
import { holdLock, jobLock } from './lock.ts';
import { readMarker, writeBegun, writeMarker, type Finished, type WrittenFile } from './marker.ts';
import { ignoreAbsent, removeJob } from './remove.ts';
import { finishReplacing, replaceFile, writeWhole } from './replace.ts';
import { findFile, openFolder, openJobs } from './storage.ts';

export class JobFolder {
  readonly id: string;
  readonly #folder: FileSystemDirectoryHandle;
  readonly #release: () => void;
  readonly #open = new Set<FileStream | JobFile | Journal>();

  constructor(id: string, folder: FileSystemDirectoryHandle, release: () => void) {
    this.id = id;
    this.#folder = folder;
    this.#release = release;
  }

  /**
   * A forward-only stream into `path`, which is emptied first. Abort it, or let a write fail, and the file is
   * gone. Dedicated workers only. Throws `storage-unavailable`; its writes throw `storage-full`.
   */
  async writable(path: string): Promise<WritableStream<Uint8Array>> {
    const output = await openFolder(this.#folder, 'output');
    const file = await openFileStream(output, path);
    this.#open.add(file);
    return file.stream;
  }

  /**
   * A file of exactly `bytes` bytes at `path`, to be written in any order; what an earlier attempt left of it stays. Room for all
   * of it is asked for at once. Dedicated workers only. Throws `storage-full`, `storage-unavailable`.
   */
  async createFile(path: string, bytes: number): Promise<JobFile> {
    const file = await createJobFile(await openFolder(this.#folder, 'output'), path, bytes);
    this.#open.add(file);
    return file;
  }

  /** The file at `path` as it is, for reading, also while another worker writes it where a browser shares files. Throws `output-missing`. */
  async openFile(path: string): Promise<JobFile> {
    const output = await openFolder(this.#folder, 'output');
    return openJobFile(output, path).catch((error: unknown) => {
      if (isAbsent(error)) throw new KnownError('output-missing', { job: this.id }, { cause: error });
      throw toStorageError(error, path);
    });
  }

  /** The file at `path` for reading, beside others who read it; `undefined` where somebody holds it alone. Throws `output-missing`. */
  async openReadOnly(path: string): Promise<Pick<JobFile, 'bytes' | 'read' | 'close'> | undefined> {
    const output = await openFolder(this.#folder, 'output');
    return openJobFile(output, path, 'read-only').catch((error: unknown) => {
      if (isAbsent(error)) throw new KnownError('output-missing', { job: this.id }, { cause: error });
      if (isHeld(error)) return undefined;
      throw toStorageError(error, path);
    });
  }

  /** What an earlier attempt noted; `undefined` when there was none, or its journal does not begin whole. */
  readJournal(): Promise<JournalText | undefined> {
    return readJournal(this.#folder);
  }

  /** Notes what is done from here on; the first `kept` notes of an earlier attempt stay. Throws `storage-full`, `storage-unavailable`. */
  async openJournal(text: JournalText, kept: number): Promise<Journal> {
    const journal = await Journal.open(this.#folder, text, kept);
    this.#open.add(journal);
    return journal;
  }

  /** The file at `path`, backed by the disk. Throws `output-missing` when it is not there. */
  async file(path: string): Promise<File> {
    try {
      const { file } = await findFile(this.#folder, `output/${path}`, 'throw');
      return await file.getFile();
    } catch (error) {
      if (isAbsent(error)) throw new KnownError('output-missing', { job: this.id }, { cause: error });
      throw toStorageError(error, path);
    }
  }

  /**
   * Writes the marker, gives the lock back, and returns what the marker says: from here on the job counts. Call it
   * once, after the proof. Throws `output-damaged` when a file is not as long as stated.
   */
  async complete({ name, files, proof }: Omit<Finished, 'madeMs'>): Promise<Finished> {
    for (const { path, bytes } of files) {
      const got = (await this.file(path)).size;
      if (got !== bytes) {
        throw new KnownError('output-damaged', { file: path, why: `${got} bytes on disk, ${bytes} written` });
      }
    }
    const finished: Finished = { name, madeMs: Date.now(), files, proof };
    await writeMarker(this.#folder, finished);
    await this.#folder.removeEntry('journal').catch(ignoreAbsent);
    this.#release();
    return finished;
  }

  /** Writes a file that the marker does not list, whole or not at all. Dedicated workers only. Throws `storage-full`. */
  async keepBeside(path: string, content: Blob): Promise<void> {
    try {
      await writeWhole(await this.#folder.getDirectoryHandle('output'), path, content);
    } catch (error) {
      throw toStorageError(error, path);
    }
  }

  /**
   * A file of `bytes` bytes that the marker does not list, written by `write` in any order, and under its name only once that is
   * done. Dedicated workers only. Throws `storage-full` and what `write` throws; nothing is left then.
   */
  async writeBeside(path: string, bytes: number, write: (file: JobFile) => Promise<void>): Promise<void> {
    const output = await openFolder(this.#folder, 'output');
    // the same extension: what is cut short is told by it, as what is whole
    const next = `next-${path}`;
    try {
      const file = await createJobFile(output, next, bytes);
      try {
        await write(file);
      } finally {
        file.close();
      }
      await renameFile(output, await output.getFileHandle(next), path);
    } catch (error) {
      await output.removeEntry(next).catch(() => undefined);
      throw toStorageError(error, path);
    }
  }

  /** Removes what lies right in the output under a name that `isUnwanted` picks; what is in use and will not go stays. */
  async removeBeside(isUnwanted: (name: string) => boolean): Promise<void> {
    const output = await openFolder(this.#folder, 'output');
    const names: string[] = [];
    for await (const name of output.keys()) if (isUnwanted(name)) names.push(name);
    for (const name of names) await output.removeEntry(name).catch(() => undefined);
  }

  /**
   * Puts `content` in the place of the finished job's file `written.path`, which lies right in the output, and says so in
   * the marker: both are new afterwards or, where this was cut short, both as they were. `check` reads back what was
   * written, before anything changes. Dedicated workers only. Throws `output-missing`, `storage-full`.
   */
  async replace(
    written: WrittenFile,
    content: Blob,
    check: (file: File) => Promise<void>,
  ): Promise<readonly WrittenFile[]> {
    return navigator.locks.request(jobLock(this.id), () =>
      replaceFile(this.#folder, written, content, check).catch((error: unknown) => {
        if (isAbsent(error)) throw new KnownError('output-missing', { job: this.id }, { cause: error });
        throw toStorageError(error, written.path);
      }),
    );
  }

  /** What a finished job says of itself; `undefined` for a job that is not finished. */
  async readComplete(): Promise<Finished | undefined> {
    return readMarker(this.#folder);
  }

  async isComplete(): Promise<boolean> {
    return (await this.readComplete()) !== undefined;
  }

  /** Lets go of a job that is not finished, with what is in it: it can be continued. */
  async leave(): Promise<void> {
    try {
      for (const file of this.#open) await file.discard();
    } finally {
      this.#release();
    }
  }

  /** Deletes the job with all its files, finished or not; streams that are still open are closed first. */
  async remove(): Promise<void> {
    try {
      for (const file of this.#open) await file.discard();
      await removeJob(await openJobs(), this.id);
    } finally {
      this.#release();
    }
  }
}

/** A new, empty job, locked by this worker until it is complete or removed. Throws `storage-full`, `storage-unavailable`. */
export async function createJob(name: string): Promise<JobFolder> {
  const jobs = await openJobs();
  const id = crypto.randomUUID();
  // locked before the folder exists: another tab never sees it free
  const release = await holdLock(id);
  try {
    const folder = await openFolder(jobs, id);
    await writeBegun(folder, { name, beganMs: Date.now() });
    return new JobFolder(id, folder, release);
  } catch (error) {
    await removeJob(jobs, id).catch(() => undefined);
    release();
    throw error;
  }
}

/** A job that was left unfinished, locked by this worker from here on; `undefined` when it is finished, gone, or somebody works on it. */
export async function continueJob(id: string): Promise<JobFolder | undefined> {
  const release = await holdLock(id, 'if-free');
  if (release === undefined) return undefined;
  try {
    const folder = await (await openJobs()).getDirectoryHandle(id);
    if ((await readMarker(folder)) === undefined) return new JobFolder(id, folder, release);
  } catch (error) {
    release();
    if (isAbsent(error)) return undefined;
    throw toStorageError(error, id);
  }
  release();
  return undefined;
}

/** A job that another worker writes and holds, to read what it has written so far. Throws `output-missing`. */
export async function openUnfinished(id: string): Promise<JobFolder> {
  try {
    return new JobFolder(id, await (await openJobs()).getDirectoryHandle(id), () => undefined);
  } catch (error) {
    if (isAbsent(error)) throw new KnownError('output-missing', { job: id }, { cause: error });
    throw toStorageError(error, id);
  }
}

/** A finished job. Throws `output-missing` when there is none of this id, or it was not finished. */
export async function openJob(id: string): Promise<JobFolder> {
  const jobs = await openJobs();
  try {
    const folder = await jobs.getDirectoryHandle(id);
    // a tab closed in the middle of replacing a file; one that is at it holds the lock
    if (!(await hasEntry(folder, 'complete')) && (await readMarker(folder)) !== undefined) {
      await navigator.locks.request(jobLock(id), () => finishReplacing(folder));
    }
    if ((await readMarker(folder)) !== undefined) return new JobFolder(id, folder, () => undefined);
  } catch (error) {
    // a TypeError: not a name that a folder can have
    if (!isAbsent(error) && !(error instanceof TypeError)) throw toStorageError(error, id);
  }
  throw new KnownError('output-missing', { job: id });
}

async function hasEntry(folder: FileSystemDirectoryHandle, name: string): Promise<boolean> {
  try {
    await folder.getFileHandle(name);
    return true;
  } catch (error) {
    if (isAbsent(error)) return false;
    throw toStorageError(error, name);
  }
}
