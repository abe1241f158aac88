/**
 * Reads an output's checkpoint back while it is written: each chunk once it is said to be on the disk. What lies there is
 * compared with what was written, its values are checked to be numbers, and it is hashed, in one pass and in a worker of its own
 * where a browser lets two workers open a file; elsewhere once the file is closed.
 *
 * It trusts nothing of the writer but the checksums: where tensors lie it reads from the header as it lies on the disk.
 */
import { KnownError } from './errors.ts';
import { openUnfinished, type JobFolder } from './job/folder.ts';
import type { JobFile } from './job/job-file.ts';
import { lengthBytes, headerBytesOf, parseHeader, type TensorEntry } from './safetensors/header.ts';
import { elementBytes, isFloat } from './tensor/dtype.ts';
import { openKernels, slackBytes, type Kernels, type Place, type PlacedSha256 } from './tensor/kernels.ts';

/** A chunk that the writer gave to the disk. A file's come in order, one file after the other, the header first. */
export interface WrittenChunk {
  readonly path: string;
  /** Bytes [start, end) of the file. */
  readonly start: number;
  readonly end: number;
  readonly checksum: string;
}

/** What was read back of one file. */
export interface ReadFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
  /** Floats that were checked to be numbers. */
  readonly valueCount: number;
}

/** Hashed in runs of this size, while they are in the processor's cache: 256 KiB. */
const runBytes = 256 * 1024;

export class ReadBack {
  readonly #folder: JobFolder;
  readonly #kernels: Kernels;
  readonly #hash: PlacedSha256;
  readonly #room: { readonly at: Place; readonly bytes: number };
  readonly #done: ReadFile[] = [];
  #file: OpenedFile | undefined;
  #turn: Promise<void> = Promise.resolve();
  #closed = false;

  /** Use `openReadBack`. */
  constructor(folder: JobFolder, kernels: Kernels, chunkBytes: number) {
    this.#folder = folder;
    this.#kernels = kernels;
    this.#hash = kernels.beginSha256();
    this.#room = { at: kernels.take(chunkBytes + slackBytes), bytes: chunkBytes };
  }

  /**
   * Checks one chunk, once those before it are. Throws `output-not-finite`, `output-damaged` and `storage-unavailable`; and the same
   * again for every later one.
   */
  take(chunk: WrittenChunk): Promise<void> {
    this.#turn = this.#turn.then(() => this.#take(chunk));
    return this.#turn;
  }

  async #take({ path, start, end, checksum }: WrittenChunk): Promise<void> {
    if (this.#closed) throw new DOMException('closed', 'AbortError');
    const file = await this.#open(path);
    const { at } = this.#room;
    const bytes = end - start;
    if (bytes > this.#room.bytes) throw new RangeError(`a chunk of ${bytes} bytes`);
    const size = file.handle.size();
    if (size < end) {
      const why = `it ends at byte ${size}, and ${end} were written`;
      throw new KnownError('output-damaged', { file: path, why });
    }
    file.handle.read(this.#kernels.view(at, bytes), start);
    if (start > 0) this.#checkFinite(file, path, start, end);
    const got = this.#kernels.checksum(at, bytes);
    if (got !== checksum) {
      const why = `bytes ${start} to ${end} are not what was written: ${got} ≠ ${checksum}`;
      throw new KnownError('output-damaged', { file: path, why });
    }
    if (start === 0) file.tensors = readTensors(this.#kernels.view(at, bytes), path, file.handle.bytes);
    for (let done = 0; done < bytes; done += runBytes) {
      this.#hash.update(at + done, Math.min(runBytes, bytes - done));
    }
    if (end === file.handle.bytes) this.#close(file, path);
  }

  /** What was read, once all is. Throws what `take` throws; `output-damaged` where a file was not read to its end. */
  async finish(): Promise<readonly ReadFile[]> {
    await this.#turn;
    if (this.#file) {
      throw new KnownError('output-damaged', { file: this.#file.path, why: 'it was not read to its end' });
    }
    return this.#done;
  }

  /** Gives the file back that is open; what is still to be taken is not. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#turn.catch(() => undefined);
    this.#file?.handle.close();
    this.#file = undefined;
  }

  async #open(path: string): Promise<OpenedFile> {
    if (this.#file?.path === path) return this.#file;
    if (this.#file) throw new Error(`${path} comes before the end of ${this.#file.path}`);
    const handle = await this.#folder.openFile(path);
    return (this.#file = { path, handle, tensors: [], next: 0, valueCount: 0 });
  }

  #close({ handle, valueCount }: OpenedFile, path: string): void {
    const { bytes } = handle;
    handle.close();
    this.#file = undefined;
    this.#done.push({ path, bytes, sha256: this.#hash.digestHex(), valueCount });
  }

  /** Of the tensors that lie in bytes [start, end), which hold whole elements. */
  #checkFinite(file: OpenedFile, path: string, start: number, end: number): void {
    for (; file.next < file.tensors.length; file.next++) {
      const tensor = file.tensors[file.next]!;
      const [from, until] = [Math.max(start, tensor.start), Math.min(end, tensor.end)];
      if (from < until) {
        const place = this.#room.at + (from - start);
        if (!this.#kernels.isFinite(place, until - from, tensor.dtype)) {
          throw new KnownError('output-not-finite', { file: path, tensor: tensor.name });
        }
        if (isFloat(tensor.dtype)) file.valueCount += (until - from) / elementBytes(tensor.dtype);
      }
      if (tensor.end > end) return;
    }
  }
}

interface OpenedFile {
  readonly path: string;
  readonly handle: JobFile;
  /** In offset order, with their places in the file. */
  tensors: readonly PlacedTensor[];
  /** Index of the first that may not have been checked whole. */
  next: number;
  valueCount: number;
}

type PlacedTensor = Pick<TensorEntry, 'name' | 'dtype' | 'start' | 'end'>;

/** From a file's header, which was read whole. Whether it says what was planned is for who has the plan. */
function readTensors(header: Uint8Array, file: string, fileBytes: number): readonly PlacedTensor[] {
  try {
    const dataStart = lengthBytes + headerBytesOf(header.subarray(0, lengthBytes), file, fileBytes);
    const { tensors } = parseHeader(header.subarray(lengthBytes, dataStart), file, fileBytes - dataStart);
    return tensors.map(({ name, dtype, start, end }) => {
      return { name, dtype, start: dataStart + start, end: dataStart + end };
    });
  } catch (error) {
    if (!(error instanceof KnownError)) throw error;
    throw new KnownError('output-damaged', { file, why: error.message }, { cause: error });
  }
}

/** Of a job that another worker writes. @param chunkBytes most bytes of one chunk. Throws `output-missing`. */
export async function openReadBack(job: string, chunkBytes: number): Promise<ReadBack> {
  return new ReadBack(await openUnfinished(job), await openKernels(), chunkBytes);
}

/** Has the kernels compiled before they are needed. */
export async function prepareReadBack(): Promise<void> {
  await openKernels();
}
