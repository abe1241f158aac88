/**
 * A checkpoint whose files lie in this browser's storage, opened to be read at once, straight into somebody's memory. What
 * does not lie there, or not in one run, is left to `Checkpoint.readBytes`.
 */
import type { Source, StoredFile } from '../source/source.ts';
import type { Checkpoint, Tensor } from './checkpoint.ts';

export class StoredCheckpoint {
  readonly #files: ReadonlyMap<string, StoredFile>;

  /** Use `openStored`. */
  constructor(files: ReadonlyMap<string, StoredFile>) {
    this.#files = files;
  }

  has(tensor: Tensor): boolean {
    return tensor.strides === undefined && this.#files.has(tensor.file);
  }

  /** Fills `into` with the tensor's bytes from `startByte` on; only of a tensor that it has. Throws `storage-unavailable`. */
  read(tensor: Tensor, startByte: number, into: Uint8Array): void {
    const file = this.#files.get(tensor.file);
    if (file === undefined) throw new TypeError(`${tensor.file} is not stored`);
    file.read(into, tensor.start + startByte);
  }

  close(): void {
    for (const file of this.#files.values()) file.close();
  }
}

/** Opens those of the checkpoint's files that lie in storage. Dedicated workers only. */
export async function openStored({ files }: Checkpoint, source: Source): Promise<StoredCheckpoint> {
  const opened = new Map<string, StoredFile>();
  try {
    for (const { path, bytes } of files) {
      const file = await source.openStored?.(path);
      if (file === undefined) continue;
      // another file has come into its place since the header was read: the checkpoint says so when it is read
      if (file.bytes === bytes) opened.set(path, file);
      else file.close();
    }
  } catch (error) {
    for (const file of opened.values()) file.close();
    throw error;
  }
  return new StoredCheckpoint(opened);
}
