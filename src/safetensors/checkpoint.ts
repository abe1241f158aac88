/**
 * A model's tensors, in one file or in shards: opened from headers alone, read by ranges afterwards. Memory is a
 * header's and a range's, never a file's.
 *
 * Only the names that transformers loads are looked for, in its order: `model.safetensors`, else its index with its
 * shards, else `pytorch_model.bin`, else that one's. Any other file might be an adapter, an old copy or another
 * precision: never guessed. Folders with tensors of their own are looked through alike, where they are named.
 */
import { isKnown, KnownError } from '../errors.ts';
import type { Source } from '../source/source.ts';
import { toFloat32 } from '../tensor/convert.ts';
import { elementBytes, isFloat, type Dtype } from '../tensor/dtype.ts';
import { readBlob } from '../blob.ts';
import { headerBytesOf, lengthBytes, parseHeader, type Header } from './header.ts';
import { nameMistaken, signatureBytes } from './mistaken.ts';
import { indexLimitBytes, indexPath, parseIndex } from './shard-index.ts';

export interface Tensor {
  readonly name: string;
  readonly dtype: Dtype;
  /** () for a scalar; any dimension may be 0. */
  readonly shape: readonly number[];
  readonly elementCount: number;
  readonly bytes: number;
  /** Path of the file that holds it. */
  readonly file: string;
  /** Byte position of its first element in that file. */
  readonly start: number;
  /**
   * (dimensions,) in elements, of a tensor whose elements do not lie side by side in row-major order: only `readBytes`
   * knows where they are. `undefined` for every other.
   */
  readonly strides?: readonly number[];
}

export interface CheckpointFile {
  readonly path: string;
  readonly bytes: number;
}

/** A file whose header was read, with its tensors in offset order. */
interface OpenedFile extends CheckpointFile {
  readonly tensors: readonly Tensor[];
}

export const checkpointPath = 'model.safetensors';

/** What a model may be kept in, first come first served. */
const forms = [
  { single: checkpointPath, index: indexPath, openFile },
  { single: 'pytorch_model.bin', index: 'pytorch_model.bin.index.json', openFile: openBin },
] as const;

/** The files that a checkpoint is opened by, in the order in which they are looked for. */
export const checkpointPaths: readonly string[] = forms.flatMap(({ single, index }) => [single, index]);

/** Headers fetched at once: enough to hide a network's latency, few enough not to trip a host's limits. */
const headersAtOnce = 8;

/**
 * Opens a model's checkpoint: reads headers (and the index) only. Of each of `folders` the tensors are `FOLDER/name`. Throws `checkpoint-missing`; the codes of
 * `parseHeader`, `headerBytesOf`, `openTorchFile`, `parseIndex` and `nameMistaken`; `index-shard-missing`, `index-tensor-missing`, `tensor-in-two-shards`, `file-too-large` (the index), `read-short`,
 * `file-unreadable`. In their facts `file` is `<model>/<path>`, because every model has a file of the same name.
 */
export async function openCheckpoint(source: Source, folders: readonly string[] = []): Promise<Checkpoint> {
  const files = [...(await openFiles(source))];
  for (const folder of folders) {
    const inside = {
      name: `${source.name}/${folder}`,
      open: (path: string) => source.open(`${folder}/${path}`),
    };
    files.push(...(await openFiles(inside)).map((file) => moveInto(folder, file)));
  }
  holdersOf(files);
  return new Checkpoint(source, files);
}

/** Where one checkpoint's files are: a model's folder, or one in it. */
type Folder = Pick<Source, 'name' | 'open'>;

async function openFiles(source: Folder): Promise<readonly OpenedFile[]> {
  for (const form of forms) {
    const single = await source.open(form.single);
    if (single !== undefined) return [await form.openFile(source.name, form.single, single)];
    const index = await source.open(form.index);
    if (index !== undefined) return openShards(source, index, form);
  }
  throw new KnownError('checkpoint-missing', { model: source.name });
}

/** A folder's file, called as it is called from the model's own. */
function moveInto(folder: string, { path, bytes, tensors }: OpenedFile): OpenedFile {
  const file = `${folder}/${path}`;
  return {
    path: file,
    bytes,
    tensors: tensors.map((tensor) => ({ ...tensor, name: `${folder}/${tensor.name}`, file })),
  };
}

/** The path of the file that holds each tensor. Throws `tensor-in-two-shards`. */
function holdersOf(files: readonly OpenedFile[]): ReadonlyMap<string, string> {
  const heldBy = new Map<string, string>();
  for (const { path, tensors } of files) {
    for (const { name } of tensors) {
      const first = heldBy.get(name);
      if (first !== undefined)
        throw new KnownError('tensor-in-two-shards', { tensor: name, first, second: path });
      heldBy.set(name, path);
    }
  }
  return heldBy;
}

type Form = (typeof forms)[number];

async function openShards(source: Folder, index: Blob, form: Form): Promise<readonly OpenedFile[]> {
  const file = `${source.name}/${form.index}`;
  if (index.size > indexLimitBytes) {
    throw new KnownError('file-too-large', { file, bytes: index.size, limitBytes: indexLimitBytes });
  }
  const bytes = await readRange(index, 0, index.size, file);
  const shardOf = readIndex(bytes, file);
  const files = await openAll(source, [...new Set(shardOf.values())].sort(), file, form);
  const heldBy = holdersOf(files);
  for (const [tensor, shard] of shardOf) {
    if (heldBy.get(tensor) !== shard) throw new KnownError('index-tensor-missing', { file, shard, tensor });
  }
  // tensors that only a shard knows of are kept: transformers loads whole shards, whatever the index says
  return files;
}

function readIndex(bytes: Uint8Array, file: string): ReadonlyMap<string, string> {
  try {
    return parseIndex(decodeIndex(bytes, file), file);
  } catch (error) {
    throw isKnown(error, 'index-invalid') ? (nameMistaken(bytes, file, bytes.byteLength) ?? error) : error;
  }
}

/** Not as browsers decode by default, which would read a damaged name as another, and pass over a byte order mark. */
function decodeIndex(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw new KnownError('index-invalid', { file, why: 'it is not UTF-8' }, { cause: error });
  }
}

async function openAll(
  source: Folder,
  shards: readonly string[],
  file: string,
  form: Form,
): Promise<readonly OpenedFile[]> {
  const files: OpenedFile[] = [];
  for (let first = 0; first < shards.length; first += headersAtOnce) {
    const opening = shards.slice(first, first + headersAtOnce).map(async (shard) => {
      const blob = await source.open(shard);
      if (blob === undefined) throw new KnownError('index-shard-missing', { file, shard });
      return form.openFile(source.name, shard, blob);
    });
    files.push(...(await Promise.all(opening)));
  }
  return files;
}

async function openFile(model: string, path: string, blob: Blob): Promise<OpenedFile> {
  const file = `${model}/${path}`;
  const bytes = blob.size;
  const { header, dataStart } = await readHeader(blob, file).catch(async (error: unknown) => {
    throw await explain(error, blob, file);
  });
  const tensors = header.tensors.map(({ name, dtype, shape, elementCount, start, end }) => {
    return { name, dtype, shape, elementCount, bytes: end - start, file: path, start: dataStart + start };
  });
  return { path, bytes, tensors };
}

/** Loaded when the first such file is opened: most models have none. */
const loadBinFile = () => import('./bin-file.ts');

async function openBin(model: string, path: string, blob: Blob): Promise<OpenedFile> {
  const { openBinFile } = await loadBinFile();
  return { path, bytes: blob.size, tensors: await openBinFile(blob, path, `${model}/${path}`) };
}

async function readHeader(
  blob: Blob,
  file: string,
): Promise<{ readonly header: Header; readonly dataStart: number }> {
  const bytes = blob.size;
  const first8 = await readRange(blob, 0, Math.min(lengthBytes, bytes), file);
  const dataStart = lengthBytes + headerBytesOf(first8, file, bytes);
  const header = parseHeader(await readRange(blob, lengthBytes, dataStart, file), file, bytes - dataStart);
  return { header, dataStart };
}

/** Why a header could not be read: that the file is another kind of file says more than what is wrong with it as this one. */
async function explain(error: unknown, blob: Blob, file: string): Promise<unknown> {
  const damaged = isKnown(error, 'header-truncated') || isKnown(error, 'header-too-large');
  if (!damaged && !isKnown(error, 'header-json')) return error;
  const first = await readRange(blob, 0, Math.min(signatureBytes, blob.size), file);
  return nameMistaken(first, file, blob.size) ?? error;
}

/** All that computing wants of a checkpoint: what computes what it reads can stand in its place. */
export type Readable = Pick<Checkpoint, 'tensors' | 'read'>;

/** A model's opened checkpoint. Holds no file open and needs no closing. */
export class Checkpoint {
  /** The source's name, for messages. */
  readonly model: string;
  /** In the files' order, then in offset order. */
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly files: readonly CheckpointFile[];
  /** Bytes of all files, headers included. */
  readonly bytes: number;
  readonly #source: Source;
  readonly #blobs = new Map<string, Promise<Blob>>();

  /** Use `openCheckpoint`. The files' tensors have distinct names. */
  constructor(source: Source, files: readonly OpenedFile[]) {
    this.#source = source;
    this.model = source.name;
    this.tensors = new Map(files.flatMap(({ tensors }) => tensors.map((tensor) => [tensor.name, tensor])));
    this.files = files.map(({ path, bytes }) => ({ path, bytes }));
    this.bytes = files.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /**
   * Elements [start, end) of a float tensor as float32, (end - start,), in a buffer of their own. Exact for all dtypes
   * but F64, which is rounded. Throws `read-short`, `file-unreadable`, and what the source throws, as `source-changed`.
   */
  async read(tensor: Tensor, start: number, end: number): Promise<Float32Array<ArrayBuffer>> {
    const { name, dtype } = tensor;
    if (!isFloat(dtype)) throw new TypeError(`${name} is ${dtype}: read its bytes, it has no float values`);
    const bytes = await this.readElements(tensor, start, end);
    if (dtype === 'F32') return new Float32Array(bytes.buffer); // fresh from the file: nothing to convert or to copy
    const values = new Float32Array(end - start);
    toFloat32(bytes, dtype, values);
    return values;
  }

  /** Elements [start, end) of a tensor of any dtype as they are stored, in a buffer of their own. Throws as `read`. */
  readElements(tensor: Tensor, start: number, end: number): Promise<Uint8Array<ArrayBuffer>> {
    const width = elementBytes(tensor.dtype);
    return this.readBytes(tensor, start * width, end * width);
  }

  /** Bytes [startByte, endByte) of a tensor, counted from its first, in a buffer of their own. Throws as `read`. */
  async readBytes(tensor: Tensor, startByte: number, endByte: number): Promise<Uint8Array<ArrayBuffer>> {
    if (!(0 <= startByte && startByte <= endByte && endByte <= tensor.bytes)) {
      throw new RangeError(`${tensor.name} has ${tensor.bytes} bytes, not [${startByte}, ${endByte})`);
    }
    const blob = await this.#open(tensor.file);
    const file = `${this.model}/${tensor.file}`;
    if (tensor.strides !== undefined) {
      const { readStrided } = await loadBinFile();
      return readStrided(tensor, tensor.strides, startByte, endByte, (start, end) =>
        readRange(blob, start, end, file),
      );
    }
    return readRange(blob, tensor.start + startByte, tensor.start + endByte, file);
  }

  /**
   * Opens a file again at its first read: what was a range reader when the header was read may be a cached file now.
   * A failure is not kept, so that the next read tries again.
   */
  #open(path: string): Promise<Blob> {
    let blob = this.#blobs.get(path);
    if (blob === undefined) {
      blob = this.#openAgain(path);
      blob.catch(() => this.#blobs.delete(path));
      this.#blobs.set(path, blob);
    }
    return blob;
  }

  async #openAgain(path: string): Promise<Blob> {
    const blob = await this.#source.open(path);
    const bytes = this.files.find((file) => file.path === path)?.bytes;
    if (blob === undefined || blob.size !== bytes) {
      throw new KnownError('source-changed', { model: this.model, file: path });
    }
    return blob;
  }
}

function readRange(blob: Blob, start: number, end: number, file: string): Promise<Uint8Array<ArrayBuffer>> {
  return readBlob(blob.slice(start, end), file, end - start);
}
