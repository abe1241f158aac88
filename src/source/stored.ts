/**
 * What of the Hub this browser keeps, model by model, and the one way to delete it. Nothing is deleted here but what a
 * person asks for, and nothing that is being fetched or read.
 */
import { KnownError } from '../errors.ts';
import { isAbsent, isFolder, toStorageError, walkFiles } from '../storage.ts';
import { modelLock, openFolder, root } from './opfs.ts';

/** A model at one commit. */
export interface StoredModel {
  readonly id: string;
  readonly commit: string;
  /** On disk, parts included. */
  readonly bytes: number;
  /** Of them those of the checkpoint. */
  readonly checkpointBytes: number;
  /** The whole checkpoint, a part of it, or only small files, as a card needs them. */
  readonly holds: 'checkpoint' | 'part' | 'small-files';
  /** `in-use`: a tab fetches it, or scores or mixes with it. */
  readonly use: 'free' | 'in-use';
}

/** Every model of which anything is stored, by id and commit. Reads names and sizes. Throws `storage-unavailable`. */
export async function listStored(): Promise<readonly StoredModel[]> {
  const hub = await openFolder(root, 'leave');
  const { held = [] } = await navigator.locks.query();
  const locked = new Set(held.map(({ name }) => name));
  const models: StoredModel[] = [];
  for (const idFolder of await foldersOf(hub)) {
    const id = decodeURIComponent(idFolder.name);
    for (const folder of await foldersOf(idFolder)) {
      const commit = folder.name;
      const sizes = await measure(folder);
      const use = locked.has(modelLock(id, commit)) ? 'in-use' : 'free';
      if (sizes.fileCount > 0) models.push({ id, commit, use, ...stateOf(sizes) });
    }
  }
  return models.sort((a, b) => (`${a.id} ${a.commit}` < `${b.id} ${b.commit}` ? -1 : 1));
}

/** Deletes a model at one commit. Throws `kept-in-use` while a tab fetches or reads it. */
export async function removeStoredModel(id: string, commit: string): Promise<void> {
  await navigator.locks.request(modelLock(id, commit), { ifAvailable: true }, async (alone) => {
    if (alone === null) throw new KnownError('kept-in-use', { name: id });
    const hub = await openFolder(root, 'leave');
    const name = encodeURIComponent(id);
    const folder = await openFolder([...root, name], 'leave');
    try {
      await folder?.removeEntry(commit, { recursive: true });
      const others = await foldersOf(folder);
      if (others.length === 0) await hub?.removeEntry(name);
    } catch (error) {
      if (!isAbsent(error)) throw toStorageError(error, id);
    }
  });
}

interface Sizes {
  readonly fileCount: number;
  readonly bytes: number;
  /** Files of the checkpoint by name: complete ones, and parts under their final name and `.part`. */
  readonly checkpoint: ReadonlyMap<string, number>;
}

async function measure(folder: FileSystemDirectoryHandle): Promise<Sizes> {
  let fileCount = 0;
  let bytes = 0;
  const checkpoint = new Map<string, number>();
  for await (const { path, file } of walkFiles(folder)) {
    fileCount++;
    bytes += file.size;
    // files of other modules lie in folders of their own
    if (/^[^/]+\.safetensors(\.part)?$/.test(path)) checkpoint.set(path, file.size);
  }
  return { fileCount, bytes, checkpoint };
}

function stateOf({ bytes, checkpoint }: Sizes): Pick<StoredModel, 'bytes' | 'checkpointBytes' | 'holds'> {
  const names = [...checkpoint.keys()];
  const checkpointBytes = [...checkpoint.values()].reduce((sum, size) => sum + size, 0);
  const whole = names.length > 0 && !names.some((name) => name.endsWith('.part')) && hasEveryShard(names);
  return {
    bytes,
    checkpointBytes,
    holds: whole ? 'checkpoint' : names.length > 0 ? 'part' : 'small-files',
  };
}

/** Shards state how many they are: `model-00001-of-00003.safetensors`. */
function hasEveryShard(names: readonly string[]): boolean {
  const counts = names.flatMap((name) => /-\d+-of-(\d+)\.safetensors$/.exec(name)?.[1] ?? []);
  return counts.every((count) => Number(count) === counts.length);
}

async function foldersOf(
  folder: FileSystemDirectoryHandle | undefined,
): Promise<readonly FileSystemDirectoryHandle[]> {
  const folders: FileSystemDirectoryHandle[] = [];
  if (folder === undefined) return folders;
  for await (const handle of folder.values()) if (isFolder(handle)) folders.push(handle);
  return folders;
}
