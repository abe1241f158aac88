/**
 * The safetensors header: which tensors a file holds and where. Pure: bytes in, table out; trusts nothing.
 *
 *   8 bytes   n, uint64 little-endian
 *   n bytes   JSON { name: { dtype, shape, data_offsets: [begin, end] } }, UTF-8, space-padded
 *             the name `__metadata__` is reserved: an object of strings
 *   the rest  tensor data, row-major little-endian, in offset order, without gaps
 *
 * Source: https://github.com/huggingface/safetensors#format
 */
import { KnownError } from '../errors.ts';
import { elementBytes, isDtype, type Dtype } from '../tensor/dtype.ts';
import { excessOf, findBlemishes, type JsonLimits } from './json.ts';

/** Where a file's data would start if its header were empty: the length of the header's length. */
export const lengthBytes = 8;

/**
 * The reference implementation reads up to 100 MB. 60,000 tensors with names of 60 letters take 8: models have a tenth
 * of that, and a hostile header costs no more than a second and 64 MB (`npm run fuzz`).
 */
const headerLimitBytes = 8 * 1024 * 1024;

const limits: JsonLimits = {
  // the table, an entry, its shape; and one more, so that a list inside a shape is refused by its tensor's name
  depth: 4,
  // 50,000 tensors
  values: 500_000,
};

export const metadataName = '__metadata__';

export interface TensorEntry {
  readonly name: string;
  readonly dtype: Dtype;
  /** () for a scalar; any dimension may be 0. */
  readonly shape: readonly number[];
  readonly elementCount: number;
  /** Half-open byte range, counted from the first byte after the header. */
  readonly start: number;
  readonly end: number;
}

export interface Header {
  /** In offset order. */
  readonly tensors: readonly TensorEntry[];
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * The length of the header's JSON, from a file's first 8 bytes (fewer if it is shorter). Data starts at 8 + this.
 * Throws `header-truncated` unless the file is long enough for its header, `header-too-large` above 8 MiB.
 */
export function headerBytesOf(first8: Uint8Array, file: string, fileBytes: number): number {
  if (fileBytes < lengthBytes || first8.length < lengthBytes) {
    throw new KnownError('header-truncated', { file, fileBytes, needBytes: lengthBytes });
  }
  const view = new DataView(first8.buffer, first8.byteOffset, lengthBytes);
  const headerBytes = view.getUint32(4, true) * 2 ** 32 + view.getUint32(0, true);
  if (headerBytes > headerLimitBytes) {
    throw new KnownError('header-too-large', { file, headerBytes, limitBytes: headerLimitBytes });
  }
  const needBytes = lengthBytes + headerBytes;
  if (needBytes > fileBytes) throw new KnownError('header-truncated', { file, fileBytes, needBytes });
  return headerBytes;
}

/**
 * Reads and checks the whole table. `dataBytes` is what follows the header in the file. Throws `header-json`,
 * `tensor-duplicate`, `tensor-entry-invalid`, `dtype-unknown`, `shape-overflow`, `shape-bytes`, `offsets-invalid`,
 * `offsets-beyond-end`, `offsets-overlap`, `offsets-gap` or `data-unclaimed`, for the first fault found.
 */
export function parseHeader(headerBytes: Uint8Array, file: string, dataBytes: number): Header {
  const table = parseTable(headerBytes, file);
  const metadata = parseMetadata(table, file);
  const tensors = Object.entries(table)
    .filter(([name]) => name !== metadataName)
    .map(([name, entry]) => parseEntry(name, entry, file, dataBytes))
    .sort((a, b) => a.start - b.start || a.end - b.end);
  checkContiguous(tensors, file, dataBytes);
  return { tensors, metadata };
}

/** UTF-8, JSON, an object, without blemish. */
function parseTable(headerBytes: Uint8Array, file: string): Readonly<Record<string, unknown>> {
  const fail = (why: string, cause?: unknown) => new KnownError('header-json', { file, why }, { cause });
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(headerBytes);
  } catch (error) {
    throw fail('it is not UTF-8', error);
  }
  if (!text.startsWith('{')) throw fail('it does not start with {');
  const excess = excessOf(text, limits);
  if (excess === 'depth') throw fail('it nests deeper than a table of tensors');
  if (excess === 'values') throw fail(`it holds more than ${limits.values} values`);
  let table: Record<string, unknown>;
  try {
    table = JSON.parse(text) as Record<string, unknown>;
  } catch (error) {
    throw fail(error instanceof Error ? error.message : String(error), error);
  }
  checkBlemishes(text, file);
  return table;
}

/** Throws for the first of the things that `JSON.parse` forgives. */
function checkBlemishes(text: string, file: string): void {
  const fail = (why: string) => new KnownError('header-json', { file, why });
  for (const { kind, path, text: literal } of findBlemishes(text)) {
    const tensor = path[0] ?? '';
    const invalid = (why: string) =>
      tensor === metadataName
        ? fail(`${metadataName}: ${why}`)
        : new KnownError('tensor-entry-invalid', { file, tensor, why });
    switch (kind) {
      case 'duplicate-key':
        if (path.length > 1) throw invalid(`${literal} is given twice`);
        if (tensor === metadataName) throw fail(`${literal} is given twice`);
        throw new KnownError('tensor-duplicate', { file, tensor });
      case 'integer-spelling':
        throw invalid(`${literal} is not spelt as an integer`);
      case 'lone-surrogate':
        throw fail(`${literal} is not a whole text: it holds half of a surrogate pair`);
    }
  }
}

function parseMetadata(table: Readonly<Record<string, unknown>>, file: string): Record<string, string> {
  const metadata = Object.hasOwn(table, metadataName) ? table[metadataName] : {};
  const fail = (why: string) => new KnownError('header-json', { file, why: `${metadataName}${why}` });
  if (!isPlainObject(metadata)) throw fail(' is not an object');
  for (const [key, value] of Object.entries(metadata)) {
    if (typeof value !== 'string') throw fail(`: the value of ${JSON.stringify(key)} is not a string`);
  }
  return metadata as Record<string, string>;
}

/** One tensor on its own: its fields, and that its shape and dtype make up its byte range. */
function parseEntry(name: string, entry: unknown, file: string, dataBytes: number): TensorEntry {
  const place = { file, tensor: name };
  const { dtype, shape, offsets } = parseFields(entry, place);
  let elementCount = 1;
  for (const size of shape) {
    elementCount *= size;
    // also in between: the reference implementation does not let a later 0 hide an overflow
    if (!Number.isSafeInteger(elementCount * elementBytes(dtype))) {
      throw new KnownError('shape-overflow', { ...place, shape: printShape(shape) });
    }
  }
  const [start, end] = offsets;
  if (start > end) {
    const why = `it ends at byte ${end}, before its start at ${start}`;
    throw new KnownError('offsets-invalid', { ...place, why });
  }
  if (end > dataBytes) throw new KnownError('offsets-beyond-end', { ...place, end, dataBytes });
  const wantBytes = elementCount * elementBytes(dtype);
  const gotBytes = end - start;
  if (gotBytes !== wantBytes) {
    throw new KnownError('shape-bytes', { ...place, shape: printShape(shape), wantBytes, gotBytes });
  }
  return { name, dtype, shape, elementCount, start, end };
}

/** The three fields of an entry, each of its type, and no other. */
function parseFields(
  entry: unknown,
  place: { readonly file: string; readonly tensor: string },
): { dtype: Dtype; shape: readonly number[]; offsets: readonly [number, number] } {
  const fail = (why: string) => new KnownError('tensor-entry-invalid', { ...place, why });
  if (!isPlainObject(entry)) throw fail('it is not an object');
  for (const field of ['dtype', 'shape', 'data_offsets']) {
    if (!Object.hasOwn(entry, field)) throw fail(`it has no ${field}`);
  }
  const { dtype, shape, data_offsets: offsets, ...others } = entry;
  const other = Object.keys(others)[0];
  if (other !== undefined)
    throw fail(`it has a field ${JSON.stringify(other)}, which the format does not know`);
  if (typeof dtype !== 'string') throw fail('its dtype is not a string');
  if (!isDtype(dtype)) throw new KnownError('dtype-unknown', { ...place, dtype });
  if (!isSizeList(shape)) throw fail('its shape is not a list of sizes');
  if (!isSizeList(offsets) || offsets.length !== 2) {
    throw new KnownError('offsets-invalid', { ...place, why: 'data_offsets are not two byte positions' });
  }
  return { dtype, shape, offsets: offsets as [number, number] };
}

/** `tensors` in offset order cover [0, dataBytes) without overlap or gap. */
function checkContiguous(tensors: readonly TensorEntry[], file: string, dataBytes: number): void {
  let expected = 0;
  for (const { name, start, end } of tensors) {
    if (start < expected) throw new KnownError('offsets-overlap', { file, tensor: name, start, expected });
    if (start > expected) throw new KnownError('offsets-gap', { file, tensor: name, start, expected });
    expected = end;
  }
  if (expected !== dataBytes) {
    throw new KnownError('data-unclaimed', { file, dataBytes, usedBytes: expected });
  }
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whole numbers from 0 to 2^53 - 1: larger ones have no exact double. */
function isSizeList(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

/** How messages write a shape, e.g. `(2, 3)`. A hostile one may have millions of dimensions: real ones have at most 5. */
export function printShape(shape: readonly number[]): string {
  return shape.length > 8 ? `(${shape.slice(0, 8).join(', ')}, …)` : `(${shape.join(', ')})`;
}
