/**
 * A file of the Hub on its way into storage: several ranges at a time, written in order into `<name>.part`, from where an
 * earlier attempt stopped. It gets its name once every byte is there and the hash is what the Hub states.
 */
import { KnownError } from '../errors.ts';
import { startDigest, type CreateSha256 } from './digest.ts';
import type { HubEntry, HubSource } from './hub.ts';
import { openSync, renameFile, toStorageError, writeAll } from '../storage.ts';
import { openFolder, removeStored, type Place } from './opfs.ts';
import { readAhead, type Lanes, type ReadStoppable } from './read-ahead.ts';

export interface FetchWatch {
  readonly signal?: AbortSignal | undefined;
  /** Called as bytes arrive, first with what was there before. */
  readonly report?: ((bytesDone: number, bytesTotal: number) => void) | undefined;
}

/**
 * Each range costs the Hub a lookup, of which it allows 3,000 in five minutes, and us a redirect; a range must also end
 * before a signed address behind the redirect expires. Measured in docs/speed.md, "Parallel ranges".
 */
export const defaultLanes: Lanes = { laneCount: 3, rangeBytes: 8 * 1024 * 1024 };

/** 8 MiB: what hashing a part again holds in memory. */
const pieceBytes = 8 * 1024 * 1024;

/** Fetches what is missing of the file, checks the whole, and gives it its name. */
export async function fetchInto(
  place: Place,
  entry: HubEntry,
  hub: HubSource,
  createSha256: CreateSha256,
  { signal, report }: FetchWatch,
  lanes: Lanes,
): Promise<void> {
  const digest = await startDigest(entry, createSha256);
  const { folder, part, handle } = await openPart(place, entry);
  try {
    let done = await hashPart(handle, entry, digest.update, { signal, report });
    const read: ReadStoppable = (start, end, ended) =>
      hub.readRange(entry, start, end, signal === undefined ? ended : AbortSignal.any([signal, ended]));
    // in order: what is there is always the file's beginning, whenever the tab is closed
    for await (const piece of readAhead(read, done, entry.bytes, lanes)) {
      writeAll(handle, piece, done, entry.path);
      digest.update(piece);
      done += piece.byteLength;
      report?.(done, entry.bytes);
    }
    flush(handle, entry.path);
  } finally {
    handle.close();
  }
  const got = await digest.digestHex();
  if (got !== entry.hash.hex) {
    await removeStored(place, place.partName);
    throw new KnownError('hub-hash-wrong', { id: hub.id, file: entry.path, stated: entry.hash.hex, got });
  }
  try {
    // a complete file of another size, damaged by who knows what, makes room
    await renameFile(folder, part, place.name);
  } catch (error) {
    throw toStorageError(error, entry.path);
  }
}

async function openPart(
  place: Place,
  entry: HubEntry,
): Promise<{
  readonly folder: FileSystemDirectoryHandle;
  readonly part: FileSystemFileHandle;
  readonly handle: FileSystemSyncAccessHandle;
}> {
  const folder = (await openFolder(place.folders, 'create'))!;
  try {
    const part = await folder.getFileHandle(place.partName, { create: true });
    const handle = await openSync(part);
    return { folder, part, handle };
  } catch (error) {
    throw toStorageError(error, entry.path);
  }
}

/** Hashes what an earlier attempt left, and says how many bytes that is. */
async function hashPart(
  handle: FileSystemSyncAccessHandle,
  entry: HubEntry,
  update: (bytes: Uint8Array) => void,
  { signal, report }: FetchWatch,
): Promise<number> {
  if (handle.getSize() > entry.bytes) handle.truncate(0);
  const kept = handle.getSize();
  const buffer = new Uint8Array(Math.min(pieceBytes, kept));
  let done = 0;
  while (done < kept) {
    // reading is synchronous: without a pause no message, and so no stop, would get in
    await new Promise((resolve) => setTimeout(resolve));
    signal?.throwIfAborted();
    const piece = buffer.subarray(0, handle.read(buffer, { at: done }));
    if (piece.byteLength === 0) break;
    update(piece);
    done += piece.byteLength;
  }
  report?.(done, entry.bytes);
  return done;
}

function flush(handle: FileSystemSyncAccessHandle, file: string): void {
  try {
    handle.flush();
  } catch (error) {
    throw toStorageError(error, file);
  }
}
