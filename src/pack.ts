/** What becomes of a finished output: its files one by one, or as one zip. */
import { readBlob } from './blob.ts';
import { isKnown, KnownError } from './errors.ts';
import { planZip, runZip, type ZipEntry, type ZipPlan } from './export/zip.ts';
import { openJob, type JobFolder } from './job/folder.ts';
import type { JobFile } from './job/job-file.ts';
import type { WrittenFile } from './job/marker.ts';
import { isPacked } from './job/offered.ts';
import type { Watching } from './score/score.ts';
import { hashText } from './tensor/sha256.ts';

/** A file of a finished output. Throws `output-missing`. */
export async function openOutputFile(job: string, path: string): Promise<File> {
  return (await openJob(job)).file(path);
}

/** The finished output as one zip, beside its files. Throws `output-missing`, `output-damaged`, `storage-full` and AbortError. */
export async function packOutput(job: string, name: string, watching: Watching): Promise<File> {
  const folder = await openJob(job);
  const files = (await folder.readComplete())?.files ?? [];
  const path = await packedPath(files);
  const opened: OpenFile[] = [];
  try {
    for (const file of files) opened.push(await openFile(folder, file));
    const zip = planZip(opened, name);
    const packed = await folder.file(path).catch(ignoreMissing);
    // a download may still be reading it
    if (packed?.size === zip.bytes) return packed;
    // of files as they were before one was replaced, or cut short
    await folder.removeBeside((other) => isPacked(other) && other !== path);
    await folder.writeBeside(path, zip.bytes, (file) => write(zip, file, watching));
    return await folder.file(path);
  } finally {
    for (const { close } of opened) close();
  }
}

interface OpenFile extends ZipEntry {
  close(): void;
}

/** Read at once, and, where somebody holds it alone, by and by. Throws `output-missing`, `output-damaged`. */
async function openFile(folder: JobFolder, { path, bytes }: WrittenFile): Promise<OpenFile> {
  const stored = await folder.openReadOnly(path);
  const size = stored?.bytes ?? (await folder.file(path)).size;
  if (size !== bytes) {
    stored?.close();
    throw new KnownError('output-damaged', { file: path, why: `${size} ≠ ${bytes} bytes` });
  }
  if (stored !== undefined) return { path, bytes, read: stored.read, close: stored.close };
  const file = await folder.file(path);
  const read = async (into: Uint8Array, at: number): Promise<void> => {
    into.set(await readBlob(file.slice(at, at + into.byteLength), path, into.byteLength));
  };
  return { path, bytes, read, close: () => undefined };
}

/** A tenth of a second's work: so soon is a stop heard. */
const pauseBytes = 32 * 1024 * 1024;

async function write(zip: ZipPlan, file: JobFile, { signal, report }: Watching): Promise<void> {
  let paused = 0;
  await runZip(zip, async (chunk, at) => {
    if (at >= paused) {
      report({ stage: 'pack', subject: zip.folder, done: at, total: zip.bytes, unit: 'bytes' });
      // all else here is synchronous: without a pause no message, and so no stop, would get in
      await new Promise((resolve) => setTimeout(resolve));
      signal.throwIfAborted();
      paused = at + pauseBytes;
    }
    file.write(chunk, at);
  });
  report({ stage: 'pack', subject: zip.folder, done: zip.bytes, total: zip.bytes, unit: 'bytes' });
}

/**
 * Beside the files: the marker does not list it, so no zip holds another. Named after what it holds, since a file may
 * have been replaced by one of the same length.
 */
async function packedPath(files: readonly WrittenFile[]): Promise<string> {
  return `packed-${(await hashText(JSON.stringify(files))).slice(0, 16)}.zip`;
}

function ignoreMissing(error: unknown): undefined {
  if (!isKnown(error, 'output-missing')) throw error;
}
