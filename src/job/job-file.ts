/**
 * One file of a job, written at any place through a synchronous access handle, and, where a browser can share files, read by another
 * worker meanwhile. Dedicated workers only.
 */
import { isShared, openSync, readAll, toStorageError, writeAll, type SyncMode } from '../storage.ts';
import { findFile } from './storage.ts';

export interface JobFile {
  /** When it was opened. */
  readonly bytes: number;
  /** Bytes that it has now, whoever changed that. Throws `storage-unavailable`. */
  size(): number;
  /** Whether another worker can open it before it is closed. */
  readonly isShared: boolean;
  /** Fills `into` from byte `at` on. Throws `storage-unavailable`. */
  read(into: Uint8Array, at: number): void;
  /** Writes all of `chunk` at byte `at`. Throws `storage-full`, `storage-unavailable`. */
  write(chunk: Uint8Array, at: number): void;
  /** Returns once what was written is on the disk, and not only with the system: it holds up a thread for as long. Throws `storage-full`, `storage-unavailable`. */
  flush(): void;
  close(): void;
  /** Closes it, whatever state it is in. */
  discard(): Promise<void>;
}

/** Opens `path` below `folder` with a length of `bytes`, made if need be. Throws `storage-full`, `storage-unavailable`. */
export async function createJobFile(
  folder: FileSystemDirectoryHandle,
  path: string,
  bytes: number,
): Promise<JobFile> {
  let handle: FileSystemSyncAccessHandle | undefined;
  try {
    const { file } = await findFile(folder, path, 'create');
    handle = await openSync(file, 'shared');
    // the whole length at once: growing with each chunk asks the browser for room each time, and takes five times as long
    if (handle.getSize() !== bytes) handle.truncate(bytes);
    return toJobFile(handle, bytes, path);
  } catch (error) {
    // nobody else can: a file that is held keeps its folder from being removed
    handle?.close();
    throw toStorageError(error, path);
  }
}

/** Opens `path` as it is. Throws what the file system throws. */
export async function openJobFile(
  folder: FileSystemDirectoryHandle,
  path: string,
  mode: SyncMode = 'shared',
): Promise<JobFile> {
  const { file } = await findFile(folder, path, 'throw');
  const handle = await openSync(file, mode);
  return toJobFile(handle, handle.getSize(), path);
}

function toJobFile(handle: FileSystemSyncAccessHandle, bytes: number, path: string): JobFile {
  let open = true;
  const close = (): void => {
    if (open) handle.close();
    open = false;
  };
  return {
    bytes,
    isShared: isShared(handle),
    size() {
      try {
        return handle.getSize();
      } catch (error) {
        throw toStorageError(error, path);
      }
    },
    read: (into, at) => readAll(handle, into, at, path),
    write: (chunk, at) => writeAll(handle, chunk, at, path),
    flush() {
      try {
        handle.flush();
      } catch (error) {
        throw toStorageError(error, path);
      }
    },
    close,
    discard: () => Promise.resolve(close()),
  };
}
