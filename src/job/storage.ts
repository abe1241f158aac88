/** Where jobs lie in the browser's private file system: `shaker-1/jobs/<id>/…`, see folder.ts. */
import { isFolder, layout, openRoot, toStorageError } from '../storage.ts';

/** The folder of all jobs. Throws `storage-unavailable` where a browser has no private file system, or hides it (private windows). */
export async function openJobs(): Promise<FileSystemDirectoryHandle> {
  return openFolder(await openFolder(await openRoot(), layout), 'jobs');
}

/** The folder of each job, in no order. */
export async function listFolders(): Promise<readonly FileSystemDirectoryHandle[]> {
  const jobs = await openJobs();
  const folders: FileSystemDirectoryHandle[] = [];
  for await (const handle of jobs.values()) if (isFolder(handle)) folders.push(handle);
  return folders;
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
