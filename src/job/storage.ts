/**
 * The browser's private file system (OPFS), where jobs lie; its failures become known errors here.
 *
 *   shaker-1/            the layout's version; another layout would be another folder
 *     hub/…              files of the Hub, kept by source/
 *     jobs/<id>/…        see folder.ts
 */
import { KnownError } from '../errors.ts';

const layout = 'shaker-1';

/** The folder of all jobs. Throws `storage-unavailable` where a browser has no private file system, or hides it (private windows). */
export async function openJobs(): Promise<FileSystemDirectoryHandle> {
  // absent outside a browser, and on pages that are not secure
  const storage = (globalThis as { navigator?: { storage?: Partial<StorageManager> } }).navigator?.storage;
  if (storage?.getDirectory === undefined) {
    throw new KnownError('storage-unavailable', { why: 'this browser has no private file system' });
  }
  try {
    const root = await storage.getDirectory();
    return await openFolder(await openFolder(root, layout), 'jobs');
  } catch (error) {
    throw toStorageError(error, 'jobs');
  }
}

/** The folder `name` in `folder`, made if need be. Throws `storage-full` and `storage-unavailable`. */
export async function openFolder(
  folder: FileSystemDirectoryHandle,
  name: string,
): Promise<FileSystemDirectoryHandle> {
  try {
    return await folder.getDirectoryHandle(name, { create: true });
  } catch (error) {
    throw toStorageError(error, name);
  }
}

/** What the file system threw, as a known error: no room left, or not usable and why. Anything else is returned as it is. */
export function toStorageError(error: unknown, file: string): unknown {
  if (!(error instanceof DOMException)) return error;
  if (error.name === 'QuotaExceededError') return new KnownError('storage-full', { file }, { cause: error });
  const why = `${error.name}: ${error.message}`;
  return new KnownError('storage-unavailable', { why }, { cause: error });
}

/** The handle of `path` below `folder`, whose folders are made on the way where `missing` says so. `.` and `..` are refused by the file system itself. */
export async function findFile(
  folder: FileSystemDirectoryHandle,
  path: string,
  missing: 'create' | 'throw',
): Promise<{ readonly parent: FileSystemDirectoryHandle; readonly file: FileSystemFileHandle }> {
  const create = missing === 'create';
  const names = path.split('/');
  const last = names.pop()!;
  let parent = folder;
  for (const name of names) parent = await parent.getDirectoryHandle(name, { create });
  return { parent, file: await parent.getFileHandle(last, { create }) };
}

export function isAbsent(error: unknown): boolean {
  return (
    error instanceof DOMException && (error.name === 'NotFoundError' || error.name === 'TypeMismatchError')
  );
}
