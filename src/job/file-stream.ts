/**
 * A forward-only stream into one file of the private file system, through a synchronous access handle: the
 * fastest way in, and the only one in every browser. Dedicated workers only.
 *
 * What is not closed does not stay: a failed write or an abort closes the handle and removes the file.
 */
import { openSync, toStorageError, writeAll } from '../storage.ts';
import { findFile } from './storage.ts';

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
        throw error;
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
    const handle = await openSync(file);
    handle.truncate(0);
    return { parent, file, handle };
  } catch (error) {
    throw toStorageError(error, path);
  }
}
