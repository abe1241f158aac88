/**
 * The checkpoint of a mixture, chunk by chunk from the models' files into a job's: mixed, written, noted in the journal, and told
 * to whoever reads it back. What an earlier attempt left is taken over as far as it is what its journal says.
 */
import { FlushBehind, type Flush } from './flush-behind.ts';
import type { JobFile } from './job/job-file.ts';
import type { JobFolder } from './job/folder.ts';
import type { JournalHead, JournalText } from './job/journal.ts';
import { chunkElementsFor, planChunks, type Chunk } from './merge/chunks.ts';
import type { Plan } from './merge/plan.ts';
import { mixChunks } from './merge/run.ts';
import type { NamedSource } from './pipeline.ts';
import type { Report } from './progress.ts';
import type { ReadFile, WrittenChunk } from './read-back.ts';
import type { Checkpoint } from './safetensors/checkpoint.ts';
import type { PlannedShard } from './safetensors/shards.ts';
import { openStored, type StoredCheckpoint } from './safetensors/stored.ts';
import type { Watching } from './score/score.ts';
import { openKernels, slackBytes, type Kernels } from './tensor/kernels.ts';

/** Reads back what is written, here or in another worker. Chunks are taken one after the other, as they are given. */
export interface Reader {
  /** Throws `output-not-finite`, `output-damaged`, `storage-unavailable`; and again for every later chunk. */
  take(chunk: WrittenChunk): Promise<void>;
  finish(): Promise<readonly ReadFile[]>;
  /** Gives back what it has open. */
  close(): Promise<void>;
}

/** @param chunkBytes most bytes of one chunk */
export type OpenReader = (job: string, chunkBytes: number) => Promise<Reader>;

export interface CheckpointToWrite {
  readonly shards: readonly PlannedShard[];
  readonly plan: Plan;
  readonly named: readonly NamedSource[];
  readonly checkpoints: readonly Checkpoint[];
  readonly head: Omit<JournalHead, 'chunkCount'>;
  /** What an earlier attempt at the same noted. */
  readonly earlier: JournalText | undefined;
}

export interface WrittenCheckpoint {
  /** Resolves once all of it was read back and lies on the disk. Throws what `Reader` throws, and `storage-full`. */
  readonly readBack: Promise<readonly ReadFile[]>;
  /** Bytes that an earlier attempt had written. */
  readonly continuedBytes: number;
  /** Stops reading back and flushing: before the files are removed. */
  readonly close: () => Promise<void>;
}

/** Resolves once every file is closed. Throws what mixing throws, `storage-full`, `storage-unavailable` and AbortError. */
export async function writeMerged(
  folder: JobFolder,
  asked: CheckpointToWrite,
  openReader: OpenReader,
  watching: Watching,
  flush?: Flush,
): Promise<WrittenCheckpoint> {
  const { shards, plan, named, checkpoints, head, earlier } = asked;
  const chunks = planChunks(shards, plan.tensors, chunkElementsFor(checkpoints.length));
  const largest = chunks.reduce((most, { start, end }) => Math.max(most, end - start), 0);
  const kernels = await openKernels();
  const reader = await openReader(folder.id, largest);
  const files = new Files(folder, shards);
  const behind = new FlushBehind(folder.id, flush);
  const telling = new Telling(reader, chunks, { ...watching, report: seldom(watching.report) });
  const report = seldom(watching.report);
  const stored: StoredCheckpoint[] = [];
  try {
    const done = await countSound(chunks, earlier?.checksums ?? [], files, kernels, largest, watching);
    const noted = { head: { ...head, chunkCount: chunks.length }, checksums: earlier?.checksums ?? [] };
    const journal = await folder.openJournal(noted, done);
    for (const [i, chunk] of chunks.slice(0, done).entries()) {
      telling.tell(toWritten(chunk, earlier!.checksums[i]!), await files.open(chunk.path));
    }
    for (const [m, checkpoint] of checkpoints.entries()) {
      stored.push(await openStored(checkpoint, named[m]!.source));
    }
    const inputs = { checkpoints, stored };
    const continuedBytes = chunks.slice(0, done).reduce(sumBytes, 0);
    const total = chunks.reduce(sumBytes, 0);
    let written = continuedBytes;
    for await (const { chunk, bytes, checksum } of mixChunks(
      chunks.slice(done),
      inputs,
      kernels,
      watching.signal,
    )) {
      // before each, not after the last: what checks the header of a written file is not to wait for the reader
      await telling.waitForReader();
      const file = await files.open(chunk.path);
      file.write(bytes, chunk.start);
      journal.note(checksum);
      telling.tell(toWritten(chunk, checksum), file);
      if (file.isShared) behind.wrote(chunk.path, bytes.byteLength);
      written += bytes.byteLength;
      report({ stage: 'merge', subject: chunk.path, done: written, total, unit: 'bytes' });
      // what stops it, and what was checked, are messages
      await breathe();
    }
    // reading back goes on from the system's memory while the last of it is brought to the disk
    files.flush(behind.paths);
    files.close();
    const flushed = behind.end();
    journal.close();
    const readBack = Promise.all([telling.finish(), flushed]).then(([read]) => read);
    // it may fail before somebody asks
    readBack.catch(() => undefined);
    const close = async (): Promise<void> => {
      await Promise.all([reader.close(), behind.stop()]);
    };
    return { readBack, continuedBytes, close };
  } catch (error) {
    await Promise.all([reader.close(), behind.stop()]);
    throw error;
  } finally {
    for (const checkpoint of stored) checkpoint.close();
    files.close();
  }
}

function sumBytes(sum: number, { start, end }: Chunk): number {
  return sum + end - start;
}

function toWritten({ path, start, end }: Chunk, checksum: string): WrittenChunk {
  return { path, start, end, checksum };
}

/** How many chunks, from the first on, lie on the disk as their notes say. */
async function countSound(
  chunks: readonly Chunk[],
  checksums: readonly string[],
  files: Files,
  kernels: Kernels,
  largest: number,
  { signal }: Watching,
): Promise<number> {
  if (checksums.length === 0) return 0;
  const at = kernels.take(largest + slackBytes);
  for (const [i, checksum] of checksums.entries()) {
    signal.throwIfAborted();
    const chunk = chunks[i];
    if (chunk === undefined) return i;
    const bytes = chunk.end - chunk.start;
    (await files.open(chunk.path)).read(kernels.view(at, bytes), chunk.start);
    if (kernels.checksum(at, bytes) !== checksum) return i;
    await breathe();
  }
  return checksums.length;
}

/** The files that are being written, opened when their first chunk comes. */
class Files {
  readonly #folder: JobFolder;
  readonly #bytes: ReadonlyMap<string, number>;
  readonly #open = new Map<string, JobFile>();

  constructor(folder: JobFolder, shards: readonly PlannedShard[]) {
    this.#folder = folder;
    this.#bytes = new Map(shards.map(({ path, plan }) => [path, plan.bytes]));
  }

  async open(path: string): Promise<JobFile> {
    const file = this.#open.get(path) ?? (await this.#folder.createFile(path, this.#bytes.get(path)!));
    this.#open.set(path, file);
    return file;
  }

  /** Brings those that are open to the disk, but for those that somebody else brings there. */
  flush(others: ReadonlySet<string>): void {
    for (const [path, file] of this.#open) if (!others.has(path)) file.flush();
  }

  close(): void {
    for (const file of this.#open.values()) file.close();
    this.#open.clear();
  }
}

/**
 * How much of the output the writer may be ahead of who reads it back. Hashing takes longer than mixing: a writer that takes the
 * processor for itself closes the file sooner, and has a person wait longer for the proof.
 */
const leadShare = 1 / 3;

/** Tells the reader of chunks: at once where files are shared, else when they are closed. */
class Telling {
  readonly #reader: Reader;
  readonly #watching: Watching;
  readonly #total: number;
  readonly #held: WrittenChunk[] = [];
  #path = '';
  #given = 0;
  #checked = 0;
  #closed = false;
  #failure: Error | undefined;
  /** Called when a chunk was read back, or could not be, and on a stop. */
  #heard: () => void = () => undefined;

  constructor(reader: Reader, chunks: readonly Chunk[], watching: Watching) {
    this.#reader = reader;
    this.#watching = watching;
    this.#total = chunks.reduce(sumBytes, 0);
    // once, and not with each of thousands of waits
    watching.signal.addEventListener('abort', () => this.#heard());
  }

  tell(chunk: WrittenChunk, { isShared }: JobFile): void {
    if (isShared) this.#give(chunk);
    else this.#held.push(chunk);
  }

  /** Resolves when the reader is near enough. Throws why it stopped reading, and the signal's reason. */
  async waitForReader(): Promise<void> {
    while (this.#given - this.#checked > this.#total * leadShare) {
      if (this.#failure !== undefined) throw this.#failure;
      this.#watching.signal.throwIfAborted();
      await new Promise<void>((resolve) => (this.#heard = resolve));
    }
  }

  /** All files are closed. */
  async finish(): Promise<readonly ReadFile[]> {
    this.#closed = true;
    for (const chunk of this.#held) this.#give(chunk);
    this.#report();
    const read = await this.#reader.finish().catch((error: Error) => {
      // the first failure is the one to tell
      throw this.#failure ?? error;
    });
    if (this.#failure !== undefined) throw this.#failure;
    return read;
  }

  #give(chunk: WrittenChunk): void {
    const bytes = chunk.end - chunk.start;
    this.#given += bytes;
    this.#reader.take(chunk).then(
      () => {
        this.#checked += bytes;
        this.#path = chunk.path;
        this.#heard();
        if (this.#closed) this.#report();
      },
      (error: Error) => {
        this.#failure ??= error;
        this.#heard();
      },
    );
  }

  #report(): void {
    const [subject, done] = [this.#path, this.#checked];
    this.#watching.report({ stage: 'check', subject, done, total: this.#total, unit: 'bytes' });
  }
}

/** Often enough for an eye; drawing each chunk would take the processor from mixing. */
const reportMs = 100;

/** `report`, not called again within `reportMs`, but for the end. */
function seldom(report: Report): Report {
  let lastMs = -Infinity;
  return (progress) => {
    const now = performance.now();
    if (now - lastMs < reportMs && progress.done < progress.total) return;
    lastMs = now;
    report(progress);
  };
}

/** Lets messages in. A timer would wait 4 ms each time, once it is set again and again. */
function breathe(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}
