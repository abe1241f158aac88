/**
 * A file that `torch.save` wrote since PyTorch 1.6: which tensors it holds and where their values lie. Reads the
 * directory and the pickle, never the values; executes nothing.
 *
 *   <name>/data.pkl    the state dict: for each tensor its storage, offset, shape and strides
 *   <name>/data/<key>  a storage: elements, little-endian, in the order of memory
 *   <name>/version     of the container; <name>/byteorder says `little` where it is there
 *
 * Source: https://docs.pytorch.org/docs/stable/notes/serialization.html; https://github.com/pytorch/pytorch,
 * torch/serialization.py `_save`, caffe2/serialize/inline_container.cc
 */
import { readBlob } from '../blob.ts';
import { KnownError } from '../errors.ts';
import { elementBytes, type Dtype } from '../tensor/dtype.ts';
import { readDirectory, type ZipEntry } from '../zip/directory.ts';
import { unpickle, type Unpickled } from './pickle.ts';
import { isContiguous, lastElement } from './strides.ts';
import { nameKind, type RawTensor, type Value } from './values.ts';

export interface TorchTensor {
  readonly name: string;
  readonly dtype: Dtype;
  /** () for a scalar; any dimension may be 0. */
  readonly shape: readonly number[];
  readonly elementCount: number;
  /** Of its own elements, in row-major order. */
  readonly bytes: number;
  /** Byte position of its first element in the file. */
  readonly start: number;
  /** (dimensions,) in elements; `undefined` where the elements lie in row-major order without gaps. */
  readonly strides: readonly number[] | undefined;
  /** Key of its storage, which tensors may share, and the place of its first element there, in elements. */
  readonly storage: string;
  readonly offset: number;
}

/** The pickle of 30,000 tensors: about 140 bytes and the name each. */
const pickleLimitBytes = 4 * 1024 * 1024;

/** Both may hold a number and a line feed. */
const recordLimitBytes = 64;

/** Of a name that is no tensor's, in a message. */
const shownLetters = 80;

/** What the signature and the tar form's mark need. */
const firstBytes = 512;

/**
 * The tensors of a state dict, in its order. Throws `torch-tar`, `torch-legacy` for older forms, `torch-script`,
 * `torch-record-missing`, `torch-record-odd`, `torch-big-endian`, `file-too-large` (the pickle), `torch-not-flat`,
 * `torch-tensor-invalid`, `shape-overflow`; the codes of `unpickle`, `readDirectory` and `readBlob`.
 */
export async function openTorchFile(blob: Blob, file: string): Promise<readonly TorchTensor[]> {
  await checkForm(blob, file);
  const records = listRecords(await readDirectory(blob, file), file);
  if ([...records.keys()].some((path) => path === 'constants.pkl' || path.startsWith('code/'))) {
    throw new KnownError('torch-script', { file });
  }
  await checkRecords(blob, records, file);
  const pickle = await readRecord(blob, records, 'data.pkl', pickleLimitBytes, file);
  return listTensors(unpickle(pickle, file), records, file);
}

/** A zip starts as one; what PyTorch wrote before, or wrote for the asking, does not. */
async function checkForm(blob: Blob, file: string): Promise<void> {
  const bytes = await readBlob(blob.slice(0, firstBytes), file, Math.min(firstBytes, blob.size));
  const first = String.fromCharCode(...bytes);
  if (first.startsWith('PK\x03\x04')) return;
  if (first.startsWith('ustar', 257)) throw new KnownError('torch-tar', { file });
  // PROTO 2, then torch's magic number as a long of ten bytes
  if (first.startsWith('\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9'))
    throw new KnownError('torch-legacy', { file });
  throw new KnownError('zip-damaged', { file, why: 'it does not start as one' });
}

/** By their paths in the one folder that holds them all, whose name is what the file was called when it was saved. */
function listRecords(entries: readonly ZipEntry[], file: string): ReadonlyMap<string, ZipEntry> {
  const folder = /^[^/]*\//.exec(entries[0]?.path ?? '')?.[0] ?? '';
  const outside = entries.find(({ path }) => !path.startsWith(folder));
  if (outside !== undefined) throw odd(file, outside.path, `outside of ${folder}`);
  return new Map(entries.map((entry) => [entry.path.slice(folder.length), entry]));
}

async function checkRecords(blob: Blob, records: ReadonlyMap<string, ZipEntry>, file: string): Promise<void> {
  const read = async (record: string): Promise<string> =>
    decodeRecord(await readRecord(blob, records, record, recordLimitBytes, file), record, file);
  const version = await read(records.has('version') ? 'version' : '.data/version');
  // what its reader takes: kMinSupportedFileFormatVersion to kMaxSupportedFileFormatVersion
  if (!/^(?:[1-9]|10)\n?$/.test(version)) throw odd(file, 'version', version);
  const order = records.has('byteorder') ? await read('byteorder') : 'little';
  if (order === 'big') throw new KnownError('torch-big-endian', { file });
  if (order !== 'little') throw odd(file, 'byteorder', order);
  // nothing here needs these two, but PyTorch reads no file in which they are no number and no text
  const alignment = records.has('.storage_alignment') ? await read('.storage_alignment') : '64';
  if (!/^[1-9]\d*$/.test(alignment)) throw odd(file, '.storage_alignment', alignment);
  if (records.has('.data/serialization_id')) await read('.data/serialization_id');
}

function decodeRecord(bytes: Uint8Array, record: string, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw new KnownError('torch-record-odd', { file, record, text: 'not UTF-8' }, { cause: error });
  }
}

function odd(file: string, record: string, text: string): KnownError {
  return new KnownError('torch-record-odd', { file, record, text });
}

async function readRecord(
  blob: Blob,
  records: ReadonlyMap<string, ZipEntry>,
  record: string,
  limitBytes: number,
  file: string,
): Promise<Uint8Array> {
  const { start, bytes } = findRecord(records, record, file);
  if (bytes > limitBytes) {
    throw new KnownError('file-too-large', { file: `${file}/${record}`, bytes, limitBytes });
  }
  return readBlob(blob.slice(start, start + bytes), file, bytes);
}

function findRecord(records: ReadonlyMap<string, ZipEntry>, record: string, file: string): ZipEntry {
  const entry = records.get(record);
  if (entry === undefined) throw new KnownError('torch-record-missing', { file, record });
  return entry;
}

function listTensors(
  { value, tensors, storages }: Unpickled,
  records: ReadonlyMap<string, ZipEntry>,
  file: string,
): readonly TorchTensor[] {
  const named = listNamed(value, file);
  const inside = new Set(named.map(([, tensor]) => tensor));
  if (tensors.some((tensor) => !inside.has(tensor))) {
    throw new KnownError('torch-not-flat', { file, entry: '_metadata', kind: 'tensor' });
  }
  for (const { key, dtype, count } of storages.values()) {
    const bytes = count * (dtype === undefined ? 1 : elementBytes(dtype));
    const found = findRecord(records, `data/${key}`, file).bytes;
    if (found !== bytes) throw odd(file, `data/${key}`, `${found} bytes, ${bytes} in its description`);
  }
  return named.map(([name, tensor]) => place(name, tensor, records, file));
}

/** The entries of a state dict: names and tensors, nothing else. */
function listNamed(value: Value, file: string): readonly (readonly [string, RawTensor])[] {
  if (typeof value !== 'object' || value?.kind !== 'dict') {
    throw new KnownError('torch-not-flat', { file, entry: '', kind: nameKind(value) });
  }
  return [...(value.entries ?? [])].map(([name, tensor]) => {
    if (typeof name === 'string' && typeof tensor === 'object' && tensor?.kind === 'tensor') {
      return [name, tensor];
    }
    throw new KnownError('torch-not-flat', {
      file,
      entry: String(name).slice(0, shownLetters),
      kind: nameKind(tensor),
    });
  });
}

/** A tensor checked against its storage, which is whole. */
function place(
  name: string,
  { storage, dtype, offset, shape, strides }: RawTensor,
  records: ReadonlyMap<string, ZipEntry>,
  file: string,
): TorchTensor {
  const fail = (why: string): KnownError =>
    new KnownError('torch-tensor-invalid', { file, tensor: name, why });
  const width = elementBytes(dtype);
  let elementCount = 1;
  for (const size of shape) {
    elementCount *= size;
    // also in between: a later 0 does not hide an overflow
    if (!Number.isSafeInteger(elementCount * width)) {
      throw new KnownError('shape-overflow', {
        file,
        tensor: name,
        shape: `(${shape.slice(0, 8).join(', ')})`,
      });
    }
  }
  const entry = findRecord(records, `data/${storage.key}`, file);
  const storageCount = Math.floor(entry.bytes / width);
  if (offset > storageCount) throw fail(`it starts at element ${offset} of a storage of ${storageCount}`);
  const end = elementCount === 0 ? offset : offset + lastElement(shape, strides) + 1;
  if (end > storageCount) throw fail(`it ends at element ${end} of a storage of ${storageCount}`);
  // a view that repeats its elements could be any size: a few bytes would say gigabytes
  if (elementCount > storageCount)
    throw fail(`it repeats a storage of ${storageCount} to ${elementCount} elements`);
  return {
    ...{ name, dtype, shape, elementCount, offset },
    bytes: elementCount * width,
    start: entry.start + offset * width,
    strides: isContiguous(shape, strides) ? undefined : strides,
    storage: storage.key,
  };
}
