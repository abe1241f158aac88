/**
 * A plan cut into chunks: runs of a file's bytes that are computed, written, checked and, after a crash, done again as one.
 * Tensors that are small share a chunk. The same plan gives the same chunks, so a number says which. Pure.
 */
import { elementBytes } from '../tensor/dtype.ts';
import { joinFolder, type PlannedShard } from '../safetensors/shards.ts';
import type { MixedTensor, PlannedTensor } from './plan.ts';

/** Elements [start, end) of a tensor that is mixed, at byte `at` of the chunk; or bytes [start, end) of one that is copied. */
export type Piece =
  | {
      readonly kind: 'mix';
      readonly tensor: MixedTensor;
      readonly start: number;
      readonly end: number;
      readonly at: number;
    }
  | {
      readonly kind: 'copy';
      readonly tensor: PlannedTensor & { readonly kind: 'copy' };
      readonly start: number;
      readonly end: number;
      readonly at: number;
    };

export interface Chunk {
  /** Counted through all files. */
  readonly index: number;
  /** Path of the file that it is of. */
  readonly path: string;
  /** Bytes [start, end) of that file. */
  readonly start: number;
  readonly end: number;
  /** The first chunk of a file is what lies before its values. */
  readonly header?: Uint8Array<ArrayBuffer>;
  /** In the file's order, without gaps. */
  readonly pieces: readonly Piece[];
}

/** Shared by the inputs of a chunk, the next chunk's, and the output: 64 MiB. */
const budgetBytes = 64 * 1024 * 1024;

/** At least as fast as any larger: 1 Mi elements of float32, 4 MiB. Small chunks keep whoever reads back close behind. */
const mostElements = 1024 * 1024;

/**
 * Elements of one chunk of a mixture of so many models: twice the inputs, since the next are read while these are mixed, and the
 * output, within the budget.
 */
export function chunkElementsFor(modelCount: number): number {
  return Math.min(mostElements, Math.floor(budgetBytes / 4 / (2 * modelCount + 1)));
}

/**
 * @param files in the order in which they are written
 * @param tensors of all files, in any order
 * @param chunkElements most elements in one chunk; of tensors that are copied, bytes of four elements count as one
 */
export function planChunks(
  files: readonly PlannedShard[],
  tensors: readonly PlannedTensor[],
  chunkElements: number,
): readonly Chunk[] {
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const chunks: Chunk[] = [];
  for (const { path, folder, plan } of files) {
    const { header } = plan;
    chunks.push({ index: chunks.length, path, start: 0, end: header.length, header, pieces: [] });
    const ordered = plan.tensors.map(({ name }) => byName.get(joinFolder(folder, name))!);
    let start = header.length;
    for (const { pieces, bytes } of cut(ordered, chunkElements)) {
      chunks.push({ index: chunks.length, path, start, end: start + bytes, pieces });
      start += bytes;
    }
  }
  return chunks;
}

/** A chunk's pieces, and the bytes that they come to. */
interface Cut {
  readonly pieces: readonly Piece[];
  readonly bytes: number;
}

function* cut(tensors: readonly PlannedTensor[], chunkElements: number): Generator<Cut> {
  let pieces: Piece[] = [];
  let bytes = 0;
  let room = chunkElements;
  for (const tensor of tensors) {
    const units = unitsOf(tensor);
    let start = 0;
    while (start < units.count) {
      const end = Math.min(units.count, start + room * units.perElement);
      pieces.push({ kind: tensor.kind, tensor, start, end, at: bytes } as Piece);
      bytes += (end - start) * units.bytes;
      room -= Math.ceil((end - start) / units.perElement);
      start = end;
      if (room > 0) continue;
      yield { pieces, bytes };
      [pieces, bytes, room] = [[], 0, chunkElements];
    }
  }
  if (bytes > 0) yield { pieces, bytes };
}

/** What a tensor is cut by: elements where it is mixed, bytes where it is copied. */
function unitsOf({ kind, shape, dtype }: PlannedTensor) {
  const elementCount = shape.reduce((product, size) => product * size, 1);
  const width = elementBytes(dtype);
  return kind === 'mix'
    ? { count: elementCount, bytes: width, perElement: 1 }
    : { count: elementCount * width, bytes: 1, perElement: 4 };
}
