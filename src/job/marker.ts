/** What a job says of itself, as small JSON files in its folder: `begun` from its start, `complete` at its end. */
import type { Proof } from '../proof.ts';
import { isAbsent, toStorageError } from '../storage.ts';
import { openFileStream } from './file-stream.ts';
import { nextMarkerPath } from './replace.ts';
import { findFile } from './storage.ts';

/** One file of a finished job, as it was read back. */
export interface WrittenFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** Of the marker's fields; another number is another layout, and such a job does not count. */
const markerVersion = 2;

/** What a finished job says of itself. */
export interface Finished {
  /** What to call the model that it holds. */
  readonly name: string;
  /** When it was finished, in milliseconds since 1970. */
  readonly madeMs: number;
  readonly files: readonly WrittenFile[];
  /** What was checked before it was finished. */
  readonly proof: Proof;
}

interface Marker extends Finished {
  readonly version: number;
}

/** What a job says of itself from its start. */
export interface Begun {
  /** What the model is to be called. */
  readonly name: string;
  /** In milliseconds since 1970. */
  readonly beganMs: number;
}

/** The marker of a finished job. Throws `storage-full`. */
export function writeMarker(folder: FileSystemDirectoryHandle, finished: Finished): Promise<void> {
  return writeJson(folder, 'complete', { version: markerVersion, ...finished });
}

/** Throws `storage-full`. */
export function writeBegun(folder: FileSystemDirectoryHandle, begun: Begun): Promise<void> {
  return writeJson(folder, 'begun', { version: markerVersion, ...begun });
}

/** The marker, or the one that was about to take its place; `undefined` when there is none or it is not whole. */
export async function readMarker(folder: FileSystemDirectoryHandle): Promise<Finished | undefined> {
  return (await readMarkerAt(folder, 'complete')) ?? readMarkerAt(folder, nextMarkerPath);
}

async function readMarkerAt(folder: FileSystemDirectoryHandle, path: string): Promise<Finished | undefined> {
  const marker = await readJson<Marker>(folder, path);
  if (marker?.version !== markerVersion) return undefined;
  const { name, madeMs, files, proof } = marker as Marker;
  return { name, madeMs, files, proof };
}

/** What the job was begun as, or `undefined` when it does not say. */
export async function readBegun(folder: FileSystemDirectoryHandle): Promise<Begun | undefined> {
  const begun = await readJson<Begun & { readonly version: number }>(folder, 'begun');
  return begun?.version === markerVersion ? (begun as Begun) : undefined;
}

async function readJson<T>(
  folder: FileSystemDirectoryHandle,
  path: string,
): Promise<Partial<T> | null | undefined> {
  try {
    const { file } = await findFile(folder, path, 'throw');
    return JSON.parse(await (await file.getFile()).text()) as Partial<T> | null;
  } catch (error) {
    if (isAbsent(error) || error instanceof SyntaxError) return undefined;
    throw toStorageError(error, path);
  }
}

async function writeJson(folder: FileSystemDirectoryHandle, path: string, value: object): Promise<void> {
  const { stream } = await openFileStream(folder, path);
  const writer = stream.getWriter();
  await writer.write(new TextEncoder().encode(JSON.stringify(value)));
  await writer.close();
}
