/** The header that stands before each file's data in a zip: read to learn where the data starts. Format: directory.ts. */
import { readBlob } from '../blob.ts';
import { sizesFollow, type CentralEntry } from './central.ts';
import { damaged, elsewhere32, viewOf } from './end-record.ts';

const signature = 0x04034b50;
const fixedBytes = 30;

/** Headers that lie this close together are read at once: PyTorch writes hundreds of small tensors side by side. */
const windowBytes = 16 * 1024;

/** Enough to hide a network's latency, few enough not to trip a host's limits. */
const readsAtOnce = 8;

/**
 * (entries,) where each file's data starts. Checks that every header agrees with the directory, and that no file
 * overlaps another or reaches into the directory, which starts at `directoryStart`. Throws `zip-damaged`, and as `readBlob`.
 */
export async function readDataStarts(
  zip: Blob,
  entries: readonly CentralEntry[],
  directoryStart: number,
  file: string,
): Promise<readonly number[]> {
  const order = entries.map((_, i) => i).sort((a, b) => entries[a]!.headerStart - entries[b]!.headerStart);
  const limits = limitsOf(entries, order, directoryStart);
  const windows = cutWindows(entries, order, directoryStart, file);
  const starts = new Array<number>(entries.length).fill(0);
  for (let first = 0; first < windows.length; first += readsAtOnce) {
    const reading = windows.slice(first, first + readsAtOnce).map(async ({ start, end, indexes }) => {
      const view = viewOf(await readBlob(zip.slice(start, end), file, end - start));
      for (const i of indexes) starts[i] = readStart(view, start, entries[i]!, limits[i]!, file);
    });
    await Promise.all(reading);
  }
  return starts;
}

/** (entries,) where the next file's header starts, in the order in which they lie. */
function limitsOf(
  entries: readonly CentralEntry[],
  order: readonly number[],
  directoryStart: number,
): readonly number[] {
  const limits = new Array<number>(entries.length);
  order.forEach((i, place) => {
    const next = order[place + 1];
    limits[i] = next === undefined ? directoryStart : entries[next]!.headerStart;
  });
  return limits;
}

interface Window {
  readonly start: number;
  end: number;
  readonly indexes: number[];
}

function cutWindows(
  entries: readonly CentralEntry[],
  order: readonly number[],
  directoryStart: number,
  file: string,
): readonly Window[] {
  const windows: Window[] = [];
  for (const i of order) {
    const { path, headerStart, name } = entries[i]!;
    const end = headerStart + fixedBytes + name.length;
    if (end > directoryStart) throw damaged(file, `${path} lies outside of it`);
    const window = windows.at(-1);
    if (window !== undefined && end - window.start <= windowBytes) {
      window.end = Math.max(window.end, end);
      window.indexes.push(i);
    } else windows.push({ start: headerStart, end, indexes: [i] });
  }
  return windows;
}

/** @param view of a range of the zip that starts at `viewStart` */
function readStart(
  view: DataView,
  viewStart: number,
  entry: CentralEntry,
  limit: number,
  file: string,
): number {
  const { path, name, flags, bytes, headerStart } = entry;
  const at = headerStart - viewStart;
  const nameBytes = view.getUint16(at + 26, true);
  const same =
    view.getUint32(at, true) === signature &&
    view.getUint16(at + 6, true) === flags &&
    view.getUint16(at + 8, true) === 0 &&
    isSize(view.getUint32(at + 18, true), bytes, flags) &&
    isSize(view.getUint32(at + 22, true), bytes, flags) &&
    nameBytes === name.length &&
    name.every((byte, i) => view.getUint8(at + fixedBytes + i) === byte);
  if (!same) throw damaged(file, `${path} has a header that says something else than the directory`);
  const start = headerStart + fixedBytes + nameBytes + view.getUint16(at + 28, true);
  if (start + bytes > limit) throw damaged(file, `${path} overlaps what follows it`);
  return start;
}

/** Whether a size in the header is the directory's, in the zip64 field, or still unknown when the header was written. */
function isSize(field: number, bytes: number, flags: number): boolean {
  return field === bytes || field === elsewhere32 || (field === 0 && (flags & sizesFollow) !== 0);
}
