/**
 * What tells a model's checkpoint from any other: the SHA-256 of its files, those of Dense modules among them. The embedded models and large files of the
 * Hub state theirs; files of this computer are hashed, in a pass of its own and a worker of its own, since merging reads tensors in
 * the output's order and not files in theirs (docs/decisions.md, 2026-11-24).
 */
import type { NamedSource } from './pipeline.ts';
import { readBlob } from './blob.ts';
import { openModelCheckpoint } from './model/dense.ts';
import type { Watching } from './score/score.ts';
import { hashBlob, hashText } from './tensor/sha256.ts';

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
  const { files, bytes: total } = await openModelCheckpoint(source);
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

/** A file of a checkpoint, and what pins its content without reading it: see `Entry.identity`. */
export interface QuickIdentity {
  readonly path: string;
  readonly bytes: number;
  readonly identity: string;
}

/** The files of the model's checkpoint, from its listing. */
export async function listIdentities({ source }: NamedSource): Promise<readonly QuickIdentity[]> {
  const { files } = await openModelCheckpoint(source);
  const entries = await source.list();
  return files.map(({ path, bytes }) => {
    return { path, bytes, identity: entries.find((entry) => entry.path === path)?.identity ?? '' };
  });
}

/** Equal keys, equal bytes of the checkpoint's files. */
export function keyOf(made: {
  /** (models,) */
  readonly identities: readonly (readonly QuickIdentity[])[];
  /** (models,) float32 values. */
  readonly weights: readonly number[];
  /** Of each file of the output: all names, dtypes, shapes and places. */
  readonly headers: readonly string[];
}): Promise<string> {
  // another number where the same inputs would give other bytes
  return hashText(JSON.stringify({ version: 1, ...made }));
}
