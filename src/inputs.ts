/**
 * How the values of Hub models come: kept in this browser's storage, file by file and each against its hash, or, where
 * there is no room for that, straight from the Hub while they are mixed. What is read straight is checked range by range:
 * its place, its size, the file's size and version; the Hub's hash of the whole file is compared with nothing.
 */
import { isKnown } from './errors.ts';
import { openModelCheckpoint } from './model/dense.ts';
import type { NamedSource } from './pipeline.ts';
import type { Straight } from './progress.ts';
import type { Watching } from './score/score.ts';
import type { CachedSource } from './source/cached.ts';
import type { Source } from './source/source.ts';
import { estimateFreeBytes } from './storage.ts';

export type Way = 'kept' | 'straight';

/** Whether large files have to be fetched before they are read. */
export function isCached(source: Source | CachedSource): source is CachedSource {
  return 'fetchFile' in source;
}

/**
 * What `open` makes of models whose values are here: opened once for the refusals, before anything large is fetched,
 * and, where something had to be, once more for the headers of what was fetched and checked.
 */
export async function openFetched<T>(
  named: readonly NamedSource[],
  open: () => Promise<T>,
  watching: Watching,
): Promise<T> {
  const opened = await open();
  if ((await missingAll(named)) === 0) return opened;
  await fetchAll(named, watching);
  return open();
}

/**
 * As `openFetched`, for what goes through the values once, in order: where there is no room for downloads beside the
 * output, they stay on the Hub. Says so in the progress, with the reason.
 *
 * @param outputBytes what is to be written besides
 * @param asked `straight` whatever the room
 */
export async function openInputs<T>(
  named: readonly NamedSource[],
  open: () => Promise<T>,
  watching: Watching,
  outputBytes: (opened: T) => number,
  asked: Way = 'kept',
): Promise<{ readonly opened: T; readonly way: Way }> {
  const opened = await open();
  const missing = await missingAll(named);
  if (missing === 0) return { opened, way: 'kept' };
  const why =
    asked === 'straight'
      ? 'asked'
      : (await isShort(missing + outputBytes(opened)))
        ? 'room-short'
        : await tryFetch(named, watching);
  if (why === undefined) return { opened: await open(), way: 'kept' };
  watching.report({ stage: 'fetch', subject: 'Hub', done: 0, total: 0, unit: 'bytes', straight: why });
  return { opened: await open(), way: 'straight' };
}

/** Fetches everything; where room runs out, gives back what was begun, since the output needs it, and says so. */
async function tryFetch(
  named: readonly NamedSource[],
  watching: Watching,
): Promise<Extract<Straight, 'storage-full'> | undefined> {
  try {
    await fetchAll(named, watching);
    return undefined;
  } catch (error) {
    if (!isKnown(error, 'storage-full')) throw error;
    await dropParts(named);
    return 'storage-full';
  }
}

/**
 * From here on a browser's word on free room is no news of the disk: Chromium adds 10 GiB to what is used, however much
 * there is. Source: https://chromestatus.com, "Storage quota estimate" (Chrome 138).
 */
const hintLimitBytes = 10 * 1024 ** 3;

async function isShort(needBytes: number): Promise<boolean> {
  const freeBytes = await estimateFreeBytes();
  return freeBytes !== undefined && freeBytes < hintLimitBytes && needBytes > freeBytes;
}

async function missingAll(named: readonly NamedSource[]): Promise<number> {
  let missing = 0;
  for (const { source } of named) {
    if (!isCached(source)) continue;
    const { files } = await openModelCheckpoint(source);
    for (const { path, bytes } of files) missing += bytes - (await source.cachedBytes(path));
  }
  return missing;
}

async function dropParts(named: readonly NamedSource[]): Promise<void> {
  for (const { source } of named) {
    if (!isCached(source)) continue;
    for (const { path } of (await openModelCheckpoint(source)).files) await source.dropPart(path);
  }
}

/** Brings the checkpoints of Hub models into this browser's storage, one file at a time. Throws the `hub-…` codes, `storage-full`. */
async function fetchAll(named: readonly NamedSource[], { signal, report }: Watching): Promise<void> {
  for (const { source } of named) {
    if (!isCached(source)) continue;
    const { files, bytes: total } = await openModelCheckpoint(source);
    let before = 0;
    for (const { path, bytes } of files) {
      await source.fetchFile(path, {
        signal,
        report: (done) =>
          report({ stage: 'fetch', subject: source.name, done: before + done, total, unit: 'bytes' }),
      });
      before += bytes;
    }
  }
}
