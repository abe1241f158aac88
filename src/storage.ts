/**
 * The browser's private file system (OPFS): its home folder, writing, and its failures as known errors. What lies in
 * it is for the others to know: files of the Hub (source/opfs.ts) and jobs (job/storage.ts).
 */
import { KnownError } from './errors.ts';

/** The layout's version; another layout would be another folder. */
export const layout = 'shaker-1';

/** The private file system's root. Throws `storage-unavailable` where a browser has none, or hides it (private windows). */
export async function openRoot(): Promise<FileSystemDirectoryHandle> {
  // absent outside a browser, and on pages that are not secure
  const storage = (globalThis as { navigator?: { storage?: Partial<StorageManager> } }).navigator?.storage;
  if (storage?.getDirectory === undefined) {
    throw new KnownError('storage-unavailable', { why: 'this browser has no private file system' });
  }
  try {
    return await storage.getDirectory();
  } catch (error) {
    throw toStorageError(error, layout);
  }
}

/** What the browser says is free here, in bytes; a hint (worker/room.ts). `undefined` where it does not say. */
export async function estimateFreeBytes(): Promise<number | undefined> {
  const storage = (globalThis as { navigator?: { storage?: Partial<StorageManager> } }).navigator?.storage;
  const { usage, quota } = (await storage?.estimate?.().catch(() => undefined)) ?? {};
  return usage === undefined || quota === undefined ? undefined : Math.max(0, quota - usage);
}

/** What the file system threw, as a known error: no room left, or not usable and why. Anything else, an abort too, is returned as it is. */
export function toStorageError(error: unknown, file: string): unknown {
  if (!(error instanceof DOMException) || error.name === 'AbortError') return error;
  if (error.name === 'QuotaExceededError') return new KnownError('storage-full', { file }, { cause: error });
  return new KnownError('storage-unavailable', { why: `${error.name}: ${error.message}` }, { cause: error });
}

export function isAbsent(error: unknown): boolean {
  return (
    error instanceof DOMException && (error.name === 'NotFoundError' || error.name === 'TypeMismatchError')
  );
}

/** Somebody else has the file open, and shares it with nobody, or not so. */
export function isHeld(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'NoModificationAllowedError';
}

export function isFolder(handle: FileSystemHandle): handle is FileSystemDirectoryHandle {
  return handle.kind === 'directory';
}

/** Every file below `folder` as it is now, with its path, in no order; what vanishes meanwhile is left out. */
export async function* walkFiles(
  folder: FileSystemDirectoryHandle,
  prefix = '',
): AsyncGenerator<{ readonly path: string; readonly file: File }> {
  const handles: FileSystemHandle[] = [];
  try {
    for await (const handle of folder.values()) handles.push(handle);
  } catch (error) {
    if (!isAbsent(error)) throw toStorageError(error, folder.name);
  }
  for (const handle of handles) {
    const path = `${prefix}${handle.name}`;
    if (isFolder(handle)) {
      yield* walkFiles(handle, `${path}/`);
      continue;
    }
    const file = await readEntry(handle as FileSystemFileHandle);
    if (file !== undefined) yield { path, file };
  }
}

async function readEntry(handle: FileSystemFileHandle): Promise<File | undefined> {
  try {
    return await handle.getFile();
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw toStorageError(error, handle.name);
  }
}

/** In every browser that has synchronous access handles, and not yet in TypeScript's library. Source: https://fs.spec.whatwg.org, issue 10. */
interface MovableFile extends FileSystemFileHandle {
  move(name: string): Promise<void>;
}

/** Gives `file` the name `name` in its folder, in the place of what has it: not every browser lets a move overwrite. */
export async function renameFile(
  parent: FileSystemDirectoryHandle,
  file: FileSystemFileHandle,
  name: string,
): Promise<void> {
  await parent.removeEntry(name).catch((error: unknown) => {
    if (!isAbsent(error)) throw error;
  });
  await (file as MovableFile).move(name);
}

/** `shared`: others may read and write the file meanwhile, each at places of its own; `read-only`: others may read it. */
export type SyncMode = 'shared' | 'read-only';

/** Not yet in TypeScript's library. Source: https://fs.spec.whatwg.org, FileSystemSyncAccessHandleMode. */
interface OpensInModes {
  createSyncAccessHandle(options?: {
    readonly mode: 'readwrite-unsafe' | 'read-only';
  }): Promise<FileSystemSyncAccessHandle>;
}

/**
 * A synchronous access handle: the fastest way in, and the only one in every browser. A browser that knows no modes gives a
 * handle that nobody shares, whatever was asked. Throws `storage-unavailable` outside a dedicated worker.
 */
export function openSync(file: FileSystemFileHandle, mode?: SyncMode): Promise<FileSystemSyncAccessHandle> {
  if (typeof file.createSyncAccessHandle !== 'function') {
    throw new KnownError('storage-unavailable', { why: 'files can be written in dedicated workers only' });
  }
  if (mode === undefined) return file.createSyncAccessHandle();
  return (file as OpensInModes).createSyncAccessHandle({
    mode: mode === 'shared' ? 'readwrite-unsafe' : mode,
  });
}

/** Whether others can open the handle's file beside it: only where a browser knows modes does a handle state its own. */
export function isShared(handle: FileSystemSyncAccessHandle): boolean {
  return 'mode' in handle && handle.mode === 'readwrite-unsafe';
}

/** Fills `into` from byte `at` on. Throws `storage-unavailable` where the file ends before, or the handle was lost. */
export function readAll(
  handle: FileSystemSyncAccessHandle,
  into: Uint8Array,
  at: number,
  file: string,
): void {
  try {
    let done = 0;
    while (done < into.byteLength) {
      const count = handle.read(into.subarray(done), { at: at + done });
      if (count <= 0) {
        const why = `${file} ends at byte ${at + done}, before ${at + into.byteLength}`;
        throw new KnownError('storage-unavailable', { why });
      }
      done += count;
    }
  } catch (error) {
    throw toStorageError(error, file);
  }
}

/**
 * Writes all of `bytes` at byte `at`, or throws `storage-full`. A disk that fills up may take a part of the bytes, or
 * none, before the browser calls it an error; Chromium has been seen to return 4294967288 there instead of throwing,
 * a negative number that lost its sign.
 */
export function writeAll(
  handle: FileSystemSyncAccessHandle,
  bytes: Uint8Array,
  at: number,
  file: string,
): void {
  try {
    let written = 0;
    while (written < bytes.byteLength) {
      const count = handle.write(bytes.subarray(written), { at: at + written });
      if (count === 0 || count > bytes.byteLength - written) throw new KnownError('storage-full', { file });
      written += count;
    }
  } catch (error) {
    throw toStorageError(error, file);
  }
}
