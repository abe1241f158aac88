/**
 * What tells a model's checkpoint from any other: the SHA-256 of its files. The embedded models and large files of the
 * Hub state theirs; files of this computer are hashed, in a pass of its own, since merging reads tensors in the
 * output's order and not files in theirs (docs/decisions.md, 2026-11-24).
 */
import type { NamedSource } from './pipeline.ts';
import { readBlob } from './blob.ts';
import { openCheckpoint } from './safetensors/checkpoint.ts';
import type { Watching } from './score/score.ts';
import { hashBlob } from './tensor/sha256.ts';

/** A file of a checkpoint, by its path in the model's folder. */
export interface FileIdentity {
  readonly path: string;
  readonly bytes: number;
  /** Absent where only reading the whole file could tell, and nobody needs it: git's small files on the Hub. */
  readonly sha256?: string;
}

/** The files of the model's checkpoint. Local ones are read whole (stage `identify`). Throws what reading throws, and AbortError. */
export async function identifyModel(
  { ref, source }: NamedSource,
  { signal, report }: Watching,
): Promise<readonly FileIdentity[]> {
  const { files, bytes: total } = await openCheckpoint(source);
  const entries = await source.list();
  const identities: FileIdentity[] = [];
  let before = 0;
  for (const { path, bytes } of files) {
    const stated = entries.find((entry) => entry.path === path)?.oid?.match(/^sha256:(.*)$/)?.[1];
    if (stated !== undefined) identities.push({ path, bytes, sha256: stated });
    else if (ref.kind !== 'local') identities.push({ path, bytes });
    else {
      const blob = await source.open(path);
      let done = before;
      const onPiece = (pieceBytes: number): void => {
        signal.throwIfAborted();
        done += pieceBytes;
        report({ stage: 'identify', subject: source.name, done, total, unit: 'bytes' });
      };
      const file = `${source.name}/${path}`;
      const sha256 = await hashBlob(blob ?? new Blob([]), onPiece, (piece) => readBlob(piece, file));
      identities.push({ path, bytes, sha256 });
    }
    before += bytes;
  }
  return identities;
}
