/** Hashes the tensors of a safetensors file with a reader that shares nothing with the app's. */
import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';

export interface HashedTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly sha256: string;
}

/** Reads `length` bytes at `at`, or fewer at the end. */
type ReadAt = (at: number, length: number) => Uint8Array;

/** Name to dtype, shape and hash of every tensor; `from` is a path or the file's bytes. */
export function hashTensors(from: string | Uint8Array): ReadonlyMap<string, HashedTensor> {
  if (typeof from !== 'string') return hashAll((at, length) => from.subarray(at, at + length));
  const file = openSync(from, 'r');
  try {
    return hashAll((at, length) => {
      const bytes = Buffer.alloc(length);
      return bytes.subarray(0, readSync(file, bytes, 0, length, at));
    });
  } finally {
    closeSync(file);
  }
}

function hashAll(readAt: ReadAt): ReadonlyMap<string, HashedTensor> {
  const headerBytes = Number(Buffer.from(readAt(0, 8)).readBigUInt64LE());
  const header = JSON.parse(Buffer.from(readAt(8, headerBytes)).toString('utf8')) as Record<
    string,
    { dtype: string; shape: number[]; data_offsets: [number, number] }
  >;
  const tensors = Object.entries(header).filter(([name]) => name !== '__metadata__');
  return new Map(
    tensors.map(([name, { dtype, shape, data_offsets }]) => {
      const [start, end] = data_offsets;
      return [
        name,
        { dtype, shape, sha256: hashRange(readAt, 8 + headerBytes + start, 8 + headerBytes + end) },
      ];
    }),
  );
}

function hashRange(readAt: ReadAt, start: number, end: number): string {
  const hash = createHash('sha256');
  for (let at = start; at < end;) {
    const bytes = readAt(at, Math.min(1 << 20, end - at));
    if (bytes.length === 0) throw new Error(`the file ends at ${at}, before ${end}`);
    hash.update(bytes);
    at += bytes.length;
  }
  return hash.digest('hex');
}
