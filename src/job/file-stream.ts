/**
 * A forward-only stream into one file of the private file system, through a synchronous access handle: the
 * fastest way in, and the only one in every browser. Dedicated workers only.
 *
 * What is not closed does not stay: a failed write or an abort closes the handle and removes the file.
 */
import { KnownError } from '../errors.ts';
import { findFile, toStorageError } from './storage.ts';

export interface FileStream {
  readonly stream: WritableStream<Uint8Array>;
  /** Closes the handle and removes the file, whatever state the stream is in; does nothing once the stream is closed. */
  discard(): Promise<void>;
}

/**
 * Opens `path` below `folder`, emptied. The stream's writes throw `storage-full` when there is no room left.
 * Throws `storage-unavailable` where files cannot be opened for writing, e.g. outside a dedicated worker.
 */
export async function openFileStream(folder: FileSystemDirectoryHandle, path: string): Promise<FileStream> {
  const { parent, file, handle } = await openHandle(folder, path);
  let open = true;
  let at = 0;

  const discard = async (): Promise<void> => {
    if (!open) return;
    open = false;
    handle.close();
    await parent.removeEntry(file.name);
  };

  const stream = new WritableStream<Uint8Array>({
    async write(chunk) {
      try {
        writeAll(handle, chunk, at, path);
        at += chunk.byteLength;
      } catch (error) {
        // a stream whose write failed never calls abort
        await discard();
        throw toStorageError(error, path);
      }
    },
    async close() {
      try {
        handle.flush();
        handle.close();
        open = false;
      } catch (error) {
        await discard();
        throw toStorageError(error, path);
      }
    },
    abort: discard,
  });
  return { stream, discard };
}

async function openHandle(folder: FileSystemDirectoryHandle, path: string) {
  try {
    const { parent, file } = await findFile(folder, path, 'create');
    if (typeof file.createSyncAccessHandle !== 'function') {
      throw new KnownError('storage-unavailable', { why: 'files can be written in dedicated workers only' });
    }
    const handle = await file.createSyncAccessHandle();
    handle.truncate(0);
    return { parent, file, handle };
  } catch (error) {
    throw toStorageError(error, path);
  }
}

/**
 * A disk that fills up may take a part of the bytes, or none, before the browser calls it an error; Chromium has been
 * seen to return 4294967288 there instead of throwing, a negative number that lost its sign.
 */
function writeAll(handle: FileSystemSyncAccessHandle, chunk: Uint8Array, at: number, path: string): void {
  let written = 0;
  while (written < chunk.byteLength) {
    const count = handle.write(chunk.subarray(written), { at: at + written });
    if (count === 0 || count > chunk.byteLength - written)
      throw new KnownError('storage-full', { file: path });
    written += count;
  }
}
