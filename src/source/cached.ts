/**
 * A model of the Hub with this browser's storage in front: what was fetched once, and checked, is not fetched
 * again. Dedicated workers only, since files are written through synchronous access handles.
 *
 * A file comes in ranges into a part beside its place, and gets its name only after every byte is there and its
 * hash is what the Hub states: nothing partial is ever read as complete. A part stays when fetching stops, and
 * the next attempt goes on from it. One tab at a time fetches a file; the others wait for it.
 */
import { KnownError } from '../errors.ts';
import type { CreateSha256 } from './digest.ts';
import { guardFile } from './guarded.ts';
import type { HubEntry, HubSource } from './hub.ts';
import { modelLock, openStored, openStoredNow, placeOf, removeStored, type Place } from './opfs.ts';
import { defaultLanes, fetchInto, type FetchWatch } from './part.ts';
import type { Lanes } from './read-ahead.ts';
import type { Source } from './source.ts';

export interface CachedSource extends Source {
  list(): Promise<readonly HubEntry[]>;
  /**
   * The file from storage when it is there. Otherwise files of tensors are left where they are, to be read in
   * ranges, unchecked: enough for headers; call `fetchFile` before their values. Other files are fetched.
   */
  open(path: string): Promise<Blob | undefined>;
  /** How much of `path` is in storage: all its bytes when it is complete and checked, 0 when the model has no such file. */
  cachedBytes(path: string): Promise<number>;
  /**
   * Brings `path` into storage. An abort rejects at once and keeps the part. Throws the `hub-…` codes,
   * `storage-full` (the part stays) and `storage-unavailable`.
   */
  fetchFile(path: string, watch?: FetchWatch): Promise<Blob>;
  /** Gives back the room of what was fetched of `path`, unless it is complete. */
  dropPart(path: string): Promise<void>;
}

/** The largest file that is read whole (tokenizer.json, score/tokenize.ts): what is read whole is fetched whole, and checked. */
const smallBytes = 64 * 1024 * 1024;

export function openCached(
  hub: HubSource,
  createSha256: CreateSha256,
  lanes: Lanes = defaultLanes,
): CachedSource {
  const find = async (path: string): Promise<HubEntry | undefined> =>
    (await hub.list()).find((entry) => entry.path === path);
  const place = (path: string): Place => placeOf(hub.id, hub.commit, path);

  const source: CachedSource = {
    name: hub.name,
    list: () => hub.list(),
    async open(path) {
      const entry = await find(path);
      if (entry === undefined) return undefined;
      const file = await openComplete(entry, place(path));
      if (file !== undefined) return guardFile(file, { model: hub.name, file: path });
      return isFetchedUnasked(entry) ? source.fetchFile(path) : hub.open(path);
    },
    async openStored(path) {
      const entry = await find(path);
      if (entry === undefined) return undefined;
      return openStoredNow(place(path), entry.bytes);
    },
    async cachedBytes(path) {
      const entry = await find(path);
      if (entry === undefined) return 0;
      if ((await openComplete(entry, place(path))) !== undefined) return entry.bytes;
      const part = await openStored(place(path), place(path).partName);
      // all the bytes without the name have not been checked
      return Math.min(part?.size ?? 0, Math.max(0, entry.bytes - 1));
    },
    async fetchFile(path, { signal = hub.signal, report } = {}) {
      const entry = await find(path);
      if (entry === undefined) throw new KnownError('hub-file-missing', { id: hub.id, file: path });
      const lock = modelLock(hub.id, hub.commit);
      // the model's, shared, so that nobody deletes it meanwhile; then the file's
      const file = await withLock(lock, 'shared', signal, () =>
        withLock(`${lock}/${path}`, 'exclusive', signal, async () => {
          // another tab may have been faster
          const there = await openComplete(entry, place(path));
          if (there !== undefined) return there;
          await fetchInto(place(path), entry, hub, createSha256, { signal, report }, lanes);
          return openComplete(entry, place(path));
        }),
      );
      if (file === undefined) throw new KnownError('source-changed', { model: hub.name, file: path });
      report?.(entry.bytes, entry.bytes);
      return guardFile(file, { model: hub.name, file: path });
    },
    async dropPart(path) {
      // another tab may be fetching it
      await withLock(`${modelLock(hub.id, hub.commit)}/${path}`, 'exclusive', hub.signal, () =>
        removeStored(place(path), place(path).partName),
      );
    },
  };
  return source;
}

/** Small, and not a checkpoint, of which only the header may be wanted. */
function isFetchedUnasked({ path, bytes }: HubEntry): boolean {
  return bytes <= smallBytes && !/\.(safetensors|bin|pt|pth|ckpt|onnx|onnx_data|h5|msgpack|gguf)$/.test(path);
}

async function openComplete(entry: HubEntry, place: Place): Promise<File | undefined> {
  const file = await openStored(place, place.name);
  return file?.size === entry.bytes ? file : undefined;
}

async function withLock<T>(
  name: string,
  mode: LockMode,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  const held = await navigator.locks.request(name, signal === undefined ? { mode } : { mode, signal }, work);
  return held;
}
