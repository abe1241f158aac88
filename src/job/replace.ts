/**
 * One file of a finished job in the place of another, so that a crash leaves the old state or the new, never a mixture:
 *
 *   1  output/<path>.next   the new file, written, closed, read back
 *   2  complete.next        the new marker, written and closed
 *   3  complete             removed: from here on the new state holds
 *   4  <path>.next          becomes <path>, then complete.next becomes complete
 *
 * A job without `complete` but with a whole `complete.next` stopped in step 4, which can be done again at any time.
 * The caller holds the job's lock.
 */
import { isAbsent, renameFile } from '../storage.ts';
import { openFileStream } from './file-stream.ts';
import type { WrittenFile } from './marker.ts';
import { findFile } from './storage.ts';

const markerPath = 'complete';
export const nextMarkerPath = 'complete.next';

/** Throws what the file system throws, and what `check` throws; nothing has changed then. Returns the marker's files. */
export async function replaceFile(
  job: FileSystemDirectoryHandle,
  written: WrittenFile,
  content: Blob,
  check: (file: File) => Promise<void>,
): Promise<readonly WrittenFile[]> {
  const output = await job.getDirectoryHandle('output');
  const next = `${written.path}.next`;
  await write(output, next, content);
  await check(await (await output.getFileHandle(next)).getFile());

  // whatever else the marker states stays
  const marker = JSON.parse(await readText(job, markerPath)) as { readonly files: readonly WrittenFile[] };
  const files = marker.files.map((file) => (file.path === written.path ? written : file));
  await write(job, nextMarkerPath, new Blob([JSON.stringify({ ...marker, files })]));

  await job.removeEntry(markerPath);
  await finishReplacing(job);
  return files;
}

/** Step 4, from wherever it stopped. Does nothing for a job that has its marker. */
export async function finishReplacing(job: FileSystemDirectoryHandle): Promise<void> {
  if ((await find(job, markerPath)) !== undefined) return;
  const { files } = JSON.parse(await readText(job, nextMarkerPath)) as {
    readonly files: readonly WrittenFile[];
  };
  const output = await job.getDirectoryHandle('output');
  for (const { path } of files.filter((file) => !file.path.includes('/'))) {
    const next = await find(output, `${path}.next`);
    if (next !== undefined) await renameFile(output, next, path);
  }
  await renameFile(job, await job.getFileHandle(nextMarkerPath), markerPath);
}

/** Under its name only once it is closed. `path` lies right in `folder`. */
export async function writeWhole(
  folder: FileSystemDirectoryHandle,
  path: string,
  content: Blob,
): Promise<void> {
  await write(folder, `${path}.next`, content);
  await renameFile(folder, await folder.getFileHandle(`${path}.next`), path);
}

async function write(folder: FileSystemDirectoryHandle, path: string, content: Blob): Promise<void> {
  const { stream } = await openFileStream(folder, path);
  await content.stream().pipeTo(stream);
}

async function readText(folder: FileSystemDirectoryHandle, path: string): Promise<string> {
  const { file } = await findFile(folder, path, 'throw');
  return (await file.getFile()).text();
}

async function find(
  folder: FileSystemDirectoryHandle,
  name: string,
): Promise<FileSystemFileHandle | undefined> {
  try {
    return await folder.getFileHandle(name);
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}
