/**
 * What a job notes while it is written, so that it can go on after a crash: lines of JSON, the first says what is being made, each
 * further one that a chunk is on the disk, with its checksum:
 *
 *   {"version":1,"key":"…","recipe":"…","chunkCount":…}
 *   "<checksum>"           of chunk 0, then of chunk 1, …
 *
 * Chunks come in order, so a line's place is the chunk's number. A note is a hint: whoever goes on compares what lies on the disk
 * with the checksum before he believes it. A line that a crash cut short is none.
 */
import { isAbsent, openSync, toStorageError, writeAll } from '../storage.ts';
import { findFile } from './storage.ts';

const journalVersion = 1;

/** Larger than any: a hundred bytes a chunk. */
const journalLimitBytes = 64 * 1024 * 1024;

/** What is being made. */
export interface JournalHead {
  /** Equal keys, equal bytes: a hash of the inputs' identities, the weights, and all else that decides a byte. */
  readonly key: string;
  /** What to make, as a recipe's text: enough to ask for the models again. */
  readonly recipe: string;
  /** Of all of the checkpoint's files. */
  readonly chunkCount: number;
}

export interface JournalText {
  readonly head: JournalHead;
  /** (chunks done,) in order. */
  readonly checksums: readonly string[];
}

/** The journal in a job's folder. Throws `storage-unavailable`. */
export async function readJournal(folder: FileSystemDirectoryHandle): Promise<JournalText | undefined> {
  let text: string;
  try {
    const file = await (await folder.getFileHandle('journal')).getFile();
    if (file.size > journalLimitBytes) return undefined;
    text = await file.text();
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw toStorageError(error, 'journal');
  }
  const [first = '', ...lines] = text.split('\n').slice(0, -1);
  const head = parseLine(first) as Partial<JournalHead & { readonly version: number }> | undefined;
  const { key, recipe, chunkCount, version } = head ?? {};
  if (version !== journalVersion || typeof key !== 'string') return undefined;
  if (typeof recipe !== 'string' || typeof chunkCount !== 'number') return undefined;
  const checksums = lines.map(parseLine);
  const odd = checksums.findIndex((line) => typeof line !== 'string');
  return {
    head: { key, recipe, chunkCount },
    checksums: (odd < 0 ? checksums : checksums.slice(0, odd)) as string[],
  };
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line) ?? undefined;
  } catch {
    return undefined;
  }
}

export class Journal {
  readonly #handle: FileSystemSyncAccessHandle;
  #at = 0;
  #open = true;

  private constructor(handle: FileSystemSyncAccessHandle) {
    this.#handle = handle;
  }

  /** Begins anew with what is still true. Dedicated workers only. Throws `storage-full`, `storage-unavailable`. */
  static async open(
    folder: FileSystemDirectoryHandle,
    { head, checksums }: JournalText,
    kept: number,
  ): Promise<Journal> {
    try {
      const { file } = await findFile(folder, 'journal', 'create');
      const journal = new Journal(await openSync(file));
      const lines = [{ version: journalVersion, ...head }, ...checksums.slice(0, kept)];
      journal.#append(lines);
      journal.#handle.truncate(journal.#at);
      return journal;
    } catch (error) {
      throw toStorageError(error, 'journal');
    }
  }

  /** Notes that the next chunk is on the disk. Throws `storage-full`, `storage-unavailable`. */
  note(checksum: string): void {
    this.#append([checksum]);
  }

  #append(lines: readonly unknown[]): void {
    const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
    const bytes = new TextEncoder().encode(text);
    writeAll(this.#handle, bytes, this.#at, 'journal');
    this.#at += bytes.byteLength;
  }

  close(): void {
    if (this.#open) this.#handle.close();
    this.#open = false;
  }

  discard(): Promise<void> {
    return Promise.resolve(this.close());
  }
}
