/** What parts of a model take where they run, known before any value is read: on a GPU one tensor counts, in WebAssembly one part. */
import { KnownError } from '../errors.ts';
import type { Part, PartParameter } from './graph.ts';

/** A tensor as it lies in one GPU buffer. */
export interface Piece {
  readonly tensor: string;
  readonly needBytes: number;
}

/**
 * Of parameters in WebAssembly's memory of 4 GiB, where a run copies all of a part's; the rest is the runtime's own and what it
 * computes. Tried with version 1.30: seven tensors of 512 MiB run, eight fail in words that say nothing of memory.
 */
export const wasmBytes = 3.5 * 1024 ** 3;

/** A GPU buffer's size: at least 16 bytes, and a multiple of them: onnxruntime-web binds its buffers so. */
export function toBufferBytes(bytes: number): number {
  return Math.max(16, Math.ceil(bytes / 16) * 16);
}

/** In float32; 0 for a table of which only the rows that occur are placed, since those are not known yet. */
export function placedBytes({ shape, rows }: PartParameter): number {
  if (rows !== 'all' && 'used' in rows) return 0;
  const rowCount = rows === 'all' ? shape[0]! : rows.end - rows.start;
  return 4 * shape.slice(1).reduce((product, size) => product * size, rowCount);
}

export function sumBytes(parameters: readonly PartParameter[]): number {
  return parameters.reduce((sum, parameter) => sum + placedBytes(parameter), 0);
}

/** `undefined` where nothing is placed. */
export function largestPiece(parts: readonly Part[]): Piece | undefined {
  let largest: Piece | undefined;
  for (const parameter of parts.flatMap(({ parameters }) => parameters)) {
    const needBytes = toBufferBytes(placedBytes(parameter));
    if (needBytes > (largest?.needBytes ?? 0)) largest = { tensor: parameter.name, needBytes };
  }
  return largest;
}

/** Throws `memory-missing` where a part is larger than WebAssembly's memory. */
export function checkWasm(parts: readonly Part[], model: string): void {
  const needBytes = Math.max(0, ...parts.map(({ parameters }) => sumBytes(parameters)));
  const missingBytes = needBytes - wasmBytes;
  if (missingBytes > 0) {
    throw new KnownError('memory-missing', { model, needBytes, limitBytes: wasmBytes, missingBytes });
  }
}
