/**
 * Writing safetensors: a plan that knows every byte's place before the first is written.
 * The format is described in `header.ts`. Byte for byte what the reference writer makes of the same tensors.
 */
import { dtypes, elementBytes, type Dtype } from '../tensor/dtype.ts';
import { lengthBytes, metadataName, type TensorEntry } from './header.ts';

export interface TensorToWrite {
  readonly name: string;
  readonly dtype: Dtype;
  /** () for a scalar. */
  readonly shape: readonly number[];
}

export interface FilePlan {
  /** The file's beginning, up to the first byte of data: the length, the JSON, the padding. */
  readonly header: Uint8Array<ArrayBuffer>;
  /** In the order in which their data is to be written, with their place counted from the end of the header. */
  readonly tensors: readonly TensorEntry[];
  /** Of the whole file. */
  readonly bytes: number;
}

/**
 * Lays out a file. Tensors come by dtype, widest first, then by name: with the header padded to a multiple of 8,
 * each then starts at a multiple of its element's size with no gap, and can be mapped as a typed array where it lies.
 * `format: pt` is what transformers asks for before it loads a file.
 */
export function planFile(
  tensors: readonly TensorToWrite[],
  metadata: Readonly<Record<string, string>> = { format: 'pt' },
): FilePlan {
  const entries = place(tensors);
  const table: [string, unknown][] = entries.map(({ name, dtype, shape, start, end }) => [
    name,
    { dtype, shape, data_offsets: [start, end] },
  ]);
  if (Object.keys(metadata).length > 0) table.unshift([metadataName, metadata]);
  // not JSON.stringify of one object, which would put names like "0" first
  const json = `{${table.map(([name, entry]) => `${JSON.stringify(name)}:${JSON.stringify(entry)}`).join(',')}}`;
  const header = printHeader(json);
  return { header, tensors: entries, bytes: header.length + (entries.at(-1)?.end ?? 0) };
}

/** Of its values. */
export function bytesOf({ dtype, shape }: TensorToWrite): number {
  return elementCountOf(shape) * elementBytes(dtype);
}

function elementCountOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

function place(tensors: readonly TensorToWrite[]): TensorEntry[] {
  const names = new Set(tensors.map(({ name }) => name));
  if (names.size !== tensors.length || names.has(metadataName)) {
    throw new Error(`a file to write has a tensor twice, or one called ${metadataName}`);
  }
  let start = 0;
  return [...tensors].sort(compareForWriting).map(({ name, dtype, shape }) => {
    const elementCount = elementCountOf(shape);
    const end = start + elementCount * elementBytes(dtype);
    const entry = { name, dtype, shape, elementCount, start, end };
    start = end;
    return entry;
  });
}

/** By UTF-16 unit, not by locale: the order must be the same in every browser. */
function compareForWriting(a: TensorToWrite, b: TensorToWrite): number {
  return dtypes.indexOf(b.dtype) - dtypes.indexOf(a.dtype) || (a.name < b.name ? -1 : 1);
}

/** The length, the JSON, and spaces up to a multiple of 8, which the length counts. */
function printHeader(json: string): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder().encode(json);
  const headerBytes = Math.ceil(text.length / 8) * 8;
  const header = new Uint8Array(lengthBytes + headerBytes).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(headerBytes), true);
  header.set(text, lengthBytes);
  return header;
}
