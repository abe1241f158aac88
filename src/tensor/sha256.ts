/** SHA-256 of what comes piece by piece. `crypto.subtle` hashes only what is whole in memory. */

export interface Sha256 {
  /** Takes the next bytes; copies them, so the caller may reuse the buffer at once. */
  update(bytes: Uint8Array): void;
  /** Ends the hash: 64 lower-case hexadecimal digits. Call it once, and `update` no more. */
  digestHex(): string;
}

/** Bytes go to the kernels in runs of this size: 256 KiB, so that they are still in the cache when they are hashed. */
const runBytes = 256 * 1024;

export async function createSha256(): Promise<Sha256> {
  // loaded when something is first hashed
  const { openKernels } = await import('./kernels.ts');
  const kernels = await openKernels();
  const hash = kernels.beginSha256();
  const at = kernels.take(runBytes);
  const run = kernels.view(at, runBytes);
  return {
    update(bytes) {
      for (let start = 0; start < bytes.byteLength; start += runBytes) {
        const piece = bytes.subarray(start, start + runBytes);
        run.set(piece);
        hash.update(at, piece.byteLength);
      }
    },
    digestHex: () => hash.digestHex(),
  };
}

/** Read in pieces of this size: 8 MiB, large enough for the disk's speed. */
const pieceBytes = 8 * 1024 * 1024;

/** Of UTF-8. */
export function hashText(text: string): Promise<string> {
  return hashBlob(new Blob([text]));
}

/**
 * Of a blob of any size, piece by piece. `onPiece` hears of each piece's bytes, and may throw to stop; `read` reads one, where
 * its failure has a name. Throws what they throw.
 */
export async function hashBlob(
  blob: Blob,
  onPiece: (bytes: number) => void = () => undefined,
  read: (piece: Blob) => Promise<Uint8Array> = readPlain,
): Promise<string> {
  const hash = await createSha256();
  for (let start = 0; start < blob.size; start += pieceBytes) {
    const piece = await read(blob.slice(start, start + pieceBytes));
    hash.update(piece);
    onPiece(piece.byteLength);
  }
  return hash.digestHex();
}

async function readPlain(piece: Blob): Promise<Uint8Array> {
  return new Uint8Array(await piece.arrayBuffer());
}
