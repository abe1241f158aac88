/**
 * The browser's private file system as a place for the Hub's files:
 *
 *   shaker-1/hub/<id>/<commit>/<path>        complete, checked against what the Hub states
 *   shaker-1/hub/<id>/<commit>/<path>.part   the first bytes of a file that is still coming
 *
 * Every part of a path is percent-encoded, so `<id>` is one folder.
 */
import { isAbsent, isHeld, layout, openRoot, openSync, readAll, toStorageError } from '../storage.ts';
import type { StoredFile } from './source.ts';

export const root: readonly string[] = [layout, 'hub'];

/** Held, shared, while anything of the model is fetched or read; whoever deletes it asks for it alone. */
export function modelLock(id: string, commit: string): string {
  return [...root, id, commit].join('/');
}

/** Where one file lies, as a list of encoded names. */
export interface Place {
  readonly folders: readonly string[];
  readonly name: string;
  /** Never the name of a complete file: there, a final `.part` is encoded. */
  readonly partName: string;
}

export function placeOf(id: string, commit: string, path: string): Place {
  const parts = path.split('/').map((part) => encodeURIComponent(part).replace(/\.part$/, '%2Epart'));
  const name = parts.pop()!;
  return { folders: [...root, encodeURIComponent(id), commit, ...parts], name, partName: `${name}.part` };
}

/** The folder, `undefined` when there is none and none is to be made. Throws `storage-unavailable`. */
export async function openFolder(
  folders: readonly string[],
  missing: 'create' | 'leave',
): Promise<FileSystemDirectoryHandle | undefined> {
  try {
    let folder = await openRoot();
    for (const name of folders)
      folder = await folder.getDirectoryHandle(name, { create: missing === 'create' });
    return folder;
  } catch (error) {
    if (isAbsent(error) && missing === 'leave') return undefined;
    throw toStorageError(error, folders.at(-1)!);
  }
}

/** The file as it is now, `undefined` when there is none. */
export async function openStored(place: Place, name: string): Promise<File | undefined> {
  const folder = await openFolder(place.folders, 'leave');
  try {
    return await (await folder?.getFileHandle(name))?.getFile();
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw toStorageError(error, name);
  }
}

/** The complete file of `bytes` bytes for reading at once; `undefined` when it is not there, or another tab holds it alone. */
export async function openStoredNow(place: Place, bytes: number): Promise<StoredFile | undefined> {
  const folder = await openFolder(place.folders, 'leave');
  try {
    const file = await folder?.getFileHandle(place.name);
    if (file === undefined) return undefined;
    const handle = await openSync(file, 'read-only');
    if (handle.getSize() === bytes) {
      return {
        bytes,
        read: (into, at) => readAll(handle, into, at, place.name),
        close: () => handle.close(),
      };
    }
    handle.close();
  } catch (error) {
    if (!isHeld(error) && !isAbsent(error)) throw toStorageError(error, place.name);
  }
  return undefined;
}

/** Removes the file, if it is there. */
export async function removeStored(place: Place, name: string): Promise<void> {
  const folder = await openFolder(place.folders, 'leave');
  try {
    await folder?.removeEntry(name);
  } catch (error) {
    if (!isAbsent(error)) throw toStorageError(error, name);
  }
}
