/**
 * Files into a folder that a person picked. A subfolder of their own is made for them, and nothing that was there is
 * written over; each is written in pieces, closed, and at last read back and hashed. A browser writes beside a file and
 * puts that in its place when it is closed, so what is cut short is an empty file, or none.
 *
 * Source: https://wicg.github.io/file-system-access/, https://fs.spec.whatwg.org
 */
import { KnownError } from '../errors.ts';
import type { Report } from '../progress.ts';
import type { CreateSha256 } from '../source/digest.ts';

export interface FolderEntry {
  /** Path inside the folder, `/`-separated. */
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly file: Blob;
}

interface Watching {
  readonly signal: AbortSignal;
  readonly report: Report;
}

/** 8 MiB: large enough for a disk's speed, small enough for a stop. */
const pieceBytes = 8 * 1024 * 1024;

/** A new, empty folder `name` in `parent`; `name-2`, `name-3`, … where there is one, or a file. Throws the `folder-…` codes. */
export async function makeFolder(
  parent: FileSystemDirectoryHandle,
  name: string,
): Promise<FileSystemDirectoryHandle> {
  try {
    for (let count = 1; ; count++) {
      const free = count === 1 ? name : `${name}-${count}`;
      if (await isFree(parent, free)) return await parent.getDirectoryHandle(free, { create: true });
    }
  } catch (error) {
    throw toFolderError(error, parent.name, name);
  }
}

/**
 * Writes the files into `folder` in the order given (progress: `save`), then reads each back (`check`). Throws the
 * `folder-…` codes, `output-damaged` where a file could not be read here, and AbortError; what was written stays: see
 * `removeFolder`.
 */
export async function writeFiles(
  entries: readonly FolderEntry[],
  folder: FileSystemDirectoryHandle,
  createSha256: CreateSha256,
  watching: Watching,
): Promise<void> {
  await eachEntry('save', writeEntry, entries, folder, watching);
  const check: Step = (folder, entry, tick) => checkEntry(folder, entry, createSha256, tick);
  await eachEntry('check', check, entries, folder, watching);
}

async function eachEntry(
  stage: 'save' | 'check',
  work: Step,
  entries: readonly FolderEntry[],
  folder: FileSystemDirectoryHandle,
  { signal, report }: Watching,
): Promise<void> {
  const total = entries.reduce((sum, { bytes }) => sum + bytes, 0);
  let done = 0;
  for (const entry of entries) {
    const tick = (bytes: number): void => {
      signal.throwIfAborted();
      done += bytes;
      report({ stage, subject: entry.path, done, total, unit: 'bytes' });
    };
    try {
      await work(folder, entry, tick);
    } catch (error) {
      // an abort that nobody asked for is the browser's own failure
      throw signal.aborted ? error : toFolderError(error, folder.name, entry.path);
    }
  }
}

/** Called with the bytes done since the last call; throws AbortError. */
type Tick = (bytes: number) => void;
type Step = (folder: FileSystemDirectoryHandle, entry: FolderEntry, tick: Tick) => Promise<void>;

async function writeEntry(
  folder: FileSystemDirectoryHandle,
  { path, file }: FolderEntry,
  tick: Tick,
): Promise<void> {
  const writable = await (await openEntry(folder, path, 'create')).createWritable();
  try {
    // takes the room first: a full disk is said before a byte is written, and by its name. In the middle of a piece
    // Chromium may say only that its pipe broke
    await writable.truncate(file.size);
    for (let start = 0; start < file.size; start += pieceBytes) {
      const piece = await readPiece(file, start, path);
      await writable.write(piece);
      tick(piece.byteLength);
    }
    await writable.close();
  } catch (error) {
    // the first failure is the one to tell
    await writable.abort().catch(() => undefined);
    throw error;
  }
}

async function checkEntry(
  folder: FileSystemDirectoryHandle,
  { path, bytes, sha256 }: FolderEntry,
  createSha256: CreateSha256,
  tick: Tick,
): Promise<void> {
  const file = await (await openEntry(folder, path, 'throw')).getFile();
  const hash = await createSha256();
  for (let start = 0; start < file.size; start += pieceBytes) {
    const piece = new Uint8Array(await file.slice(start, start + pieceBytes).arrayBuffer());
    hash.update(piece);
    tick(piece.byteLength);
  }
  const got = hash.digestHex();
  const why = file.size !== bytes ? `${file.size} ≠ ${bytes} bytes` : `SHA-256 ${got} ≠ ${sha256}`;
  if (file.size !== bytes || got !== sha256) {
    throw new KnownError('folder-damaged', { folder: folder.name, file: path, why });
  }
}

/** Of a file of ours, whose failure is not the folder's. */
async function readPiece(file: Blob, start: number, path: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return new Uint8Array(await file.slice(start, start + pieceBytes).arrayBuffer());
  } catch (error) {
    throw new KnownError('output-damaged', { file: path, why: String(error) }, { cause: error });
  }
}

/** How often, and how far apart, removing is tried: a worker that was ended lets go of its files soon, not at once. */
const attemptCount = 5;
const pauseMs = 200;

/** Removes a folder of files that are not all there. `left`: it could not be removed, and is still there. */
export async function removeFolder(
  parent: FileSystemDirectoryHandle,
  name: string,
): Promise<'removed' | 'left'> {
  for (let attempt = 1; ; attempt++) {
    try {
      await parent.removeEntry(name, { recursive: true });
      return 'removed';
    } catch (error) {
      if (isNamed(error, 'NotFoundError')) return 'removed';
      if (attempt === attemptCount || !isNamed(error, 'NoModificationAllowedError')) return 'left';
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }
}

async function openEntry(
  folder: FileSystemDirectoryHandle,
  path: string,
  missing: 'create' | 'throw',
): Promise<FileSystemFileHandle> {
  const create = missing === 'create';
  const names = path.split('/');
  const last = names.pop()!;
  let parent = folder;
  for (const name of names) parent = await parent.getDirectoryHandle(name, { create });
  return parent.getFileHandle(last, { create });
}

async function isFree(parent: FileSystemDirectoryHandle, name: string): Promise<boolean> {
  try {
    await parent.getDirectoryHandle(name);
    return false;
  } catch (error) {
    if (isNamed(error, 'TypeMismatchError')) return false;
    // the folder itself may be what is not there: then making one in it fails, too
    if (isNamed(error, 'NotFoundError')) return true;
    throw error;
  }
}

function isNamed(error: unknown, name: string): error is DOMException {
  return error instanceof DOMException && error.name === name;
}

/** What writing into a picked folder threw, as a known error; known ones stay what they are. */
function toFolderError(error: unknown, folder: string, file: string): unknown {
  if (!(error instanceof DOMException)) return error;
  const options = { cause: error };
  switch (error.name) {
    case 'NotAllowedError':
    case 'SecurityError':
      return new KnownError('folder-denied', { folder }, options);
    case 'NotFoundError':
      return new KnownError('folder-gone', { folder }, options);
    case 'QuotaExceededError':
      return new KnownError('folder-full', { folder, file }, options);
    default:
      return new KnownError(
        'folder-failed',
        { folder, file, why: `${error.name}: ${error.message}` },
        options,
      );
  }
}
