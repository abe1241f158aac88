/** Models on this computer: what was picked or dropped, sorted into models, and one model as a source. */
import { KnownError } from '../errors.ts';
import { guardFile } from './guarded.ts';
import type { LocalFile, Source } from './source.ts';

/** One model among the files that were dropped. */
export interface LocalModel {
  readonly name: string;
  /** Paths are relative to the model's folder. */
  readonly files: readonly LocalFile[];
}

/** The files of one model, by their paths in its folder. Equal identities mean equal bytes only within one model. */
export function openLocal(name: string, files: readonly LocalFile[]): Source {
  const byPath = new Map(files.map(({ path, file }) => [path, file]));
  return {
    name,
    async list() {
      return [...byPath].map(([path, file]) => ({
        path,
        bytes: file.size,
        identity: `local:${path}:${file.size}:${file.lastModified}`,
      }));
    },
    async open(path) {
      const file = byPath.get(path);
      return file === undefined ? undefined : guardFile(file, { model: name, file: path });
    },
  };
}

/**
 * The models among dropped files, whose paths start at what was dropped: a model's folder, a folder of such
 * folders, or loose files. Throws `drop-empty` when there is no file; when none of the folders is a model's, what
 * is missing from one that nearly is (`model-adapter`, `config-missing`, `checkpoint-missing`), else
 * `model-folder-missing`; `name` is what the person dropped, for these sentences and for loose files.
 *
 * A model's folder holds config.json and a checkpoint, or modules.json. What lies below it belongs to it:
 * sentence-transformers keeps modules there (`1_Pooling/`, `2_Dense/`), each with a config.json of its own.
 */
export function groupModels(files: readonly LocalFile[], name: string): readonly LocalModel[] {
  const seen = files.filter(({ path }) => !path.split('/').some(isHidden));
  if (seen.length === 0) throw new KnownError('drop-empty', { name });

  const all = listFolders(seen);
  const found = [...all].filter(([, names]) => isModelFolder(names)).map(([folder]) => folder);
  const folders = found.filter(
    (folder) => !found.some((other) => other !== folder && isInside(folder, other)),
  );
  if (folders.length === 0) throw sayMissing(all, name);

  return folders.map((folder) => ({
    name: nameFolder(folder, folders, name),
    files: seen
      .filter(({ path }) => isInside(path, folder))
      .map(({ path, file }) => ({ path: folder === '' ? path : path.slice(folder.length + 1), file })),
  }));
}

/** Folders and the names of the files right in them, in the order in which they were dropped. `''` is the top. */
function listFolders(files: readonly LocalFile[]): Map<string, Set<string>> {
  const folders = new Map<string, Set<string>>();
  for (const { path } of files) {
    const cut = path.lastIndexOf('/');
    const folder = cut === -1 ? '' : path.slice(0, cut);
    const names = folders.get(folder) ?? new Set();
    folders.set(folder, names.add(path.slice(cut + 1)));
  }
  return folders;
}

function isModelFolder(names: ReadonlySet<string>): boolean {
  if (names.has('modules.json')) return true;
  // any `.bin`: what it is, is for the checkpoint to say
  return (
    names.has('config.json') && [...names].some((name) => /\.safetensors(\.index\.json)?$|\.bin$/.test(name))
  );
}

/** What keeps the folder that comes nearest to a model from being one. */
function sayMissing(folders: ReadonlyMap<string, ReadonlySet<string>>, name: string): KnownError {
  const lacks = (code: 'model-adapter' | 'config-missing' | 'checkpoint-missing', has: RegExp) => {
    const near = [...folders].find(([, names]) => [...names].some((file) => has.test(file)));
    return near && new KnownError(code, { model: near[0] === '' ? name : near[0] });
  };
  return (
    lacks('model-adapter', /^adapter_config\.json$/) ??
    lacks('config-missing', /\.safetensors(\.index\.json)?$|^pytorch_model\.bin(\.index\.json)?$/) ??
    lacks('checkpoint-missing', /^config\.json$/) ??
    new KnownError('model-folder-missing', { name })
  );
}

function isInside(path: string, folder: string): boolean {
  return folder === '' || path.startsWith(`${folder}/`);
}

/** What the Finder, git, and zip tools leave behind. */
function isHidden(part: string): boolean {
  return part.startsWith('.') || part === '__MACOSX' || part === 'Thumbs.db' || part === 'desktop.ini';
}

/** As few of the folder's last parts as tell it from the others. */
function nameFolder(folder: string, folders: readonly string[], name: string): string {
  if (folder === '') return name;
  const parts = folder.split('/');
  const tail = (of: readonly string[], count: number): string => of.slice(-count).join('/');
  for (let count = 1; count < parts.length; count++) {
    const short = tail(parts, count);
    const same = folders.filter((other) => tail(other.split('/'), count) === short);
    if (same.length === 1) return short;
  }
  return folder;
}
