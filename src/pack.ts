/** What becomes of a finished output: its files one by one, or as one zip. */
import { isKnown } from './errors.ts';
import { zipStream } from './export/zip.ts';
import { openJob } from './job/folder.ts';
import type { WrittenFile } from './job/marker.ts';
import { isPacked } from './job/offered.ts';
import type { Watching } from './score/score.ts';
import { hashText } from './tensor/sha256.ts';

/** A file of a finished output. Throws `output-missing`. */
export async function openOutputFile(job: string, path: string): Promise<File> {
  return (await openJob(job)).file(path);
}

/** The finished output as one zip, beside its files. Throws `output-missing`, `storage-full`. */
export async function packOutput(job: string, name: string, { signal, report }: Watching): Promise<File> {
  const folder = await openJob(job);
  const files = (await folder.readComplete())?.files ?? [];
  const path = await packedPath(files);
  const entries = await Promise.all(files.map(async ({ path }) => ({ path, file: await folder.file(path) })));
  const { stream, bytes: total } = zipStream(entries, name);
  const packed = await folder.file(path).catch(ignoreMissing);
  // a download may still be reading it; one that was cut short is shorter
  if (packed?.size === total) return packed;
  // of files as they were before one was replaced
  await folder.removeBeside((other) => isPacked(other) && other !== path);
  let done = 0;
  const meter = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      done += chunk.byteLength;
      report({ stage: 'pack', subject: name, done, total, unit: 'bytes' });
      controller.enqueue(chunk);
    },
  });
  await stream.pipeThrough(meter).pipeTo(await folder.writable(path), { signal });
  return folder.file(path);
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
