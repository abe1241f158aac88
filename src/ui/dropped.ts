/** What people drop or pick: from the browser's entries to files with paths, and which of them are examples. */
import { KnownError } from '../errors.ts';
import type { LocalFile } from '../source/source.ts';

/** What was dropped, by name: a folder without files leaves no path to take it from. */
export function nameDropped(items: DataTransferItemList): string {
  return Array.from(items, (item) => item.webkitGetAsEntry()?.name ?? '')
    .filter((name) => name !== '')
    .join(', ');
}

/** Every file under what was dropped, with its path from the drop, e.g. `my-model/config.json`. Throws `file-unreadable`. */
export async function readDropped(items: DataTransferItemList): Promise<readonly LocalFile[]> {
  // each is taken before the first await: the list is emptied when the event is over
  const files = Array.from(items, readItem);
  return (await Promise.all(files)).flat();
}

/** Picked files; those of a picked folder carry their path in it. */
export function readPicked(files: FileList): readonly LocalFile[] {
  return Array.from(files, (file) => ({ path: file.webkitRelativePath || file.name, file }));
}

async function readItem(item: DataTransferItem): Promise<readonly LocalFile[]> {
  const entry = item.webkitGetAsEntry();
  if (entry) return readEntry(entry);
  // a file that did not come from a file system, such as an attachment dragged out of a mail
  const file = item.getAsFile();
  return file ? [{ path: file.name, file }] : [];
}

async function readEntry(entry: FileSystemEntry): Promise<readonly LocalFile[]> {
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) =>
      (entry as FileSystemFileEntry).file(resolve, (error) => reject(unreadable(entry, error))),
    );
    return [{ path: pathOf(entry), file }];
  }
  const children = await readFolder(entry as FileSystemDirectoryEntry);
  return (await Promise.all(children.map(readEntry))).flat();
}

async function readFolder(folder: FileSystemDirectoryEntry): Promise<readonly FileSystemEntry[]> {
  const reader = folder.createReader();
  const children: FileSystemEntry[] = [];
  // Chromium gives at most a hundred entries a call; an empty answer is the end
  for (;;) {
    const batch = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, (error) => reject(unreadable(folder, error))),
    );
    if (batch.length === 0) return children;
    children.push(...batch);
  }
}

function pathOf(entry: FileSystemEntry): string {
  return entry.fullPath.replace(/^\//, '');
}

function unreadable(entry: FileSystemEntry, error: DOMException): KnownError {
  return new KnownError('file-unreadable', { file: pathOf(entry), why: error.message }, { cause: error });
}

/** What a model's folder holds; loose, they are its files, too. */
const modelFiles =
  /\.(safetensors|bin|onnx)$|^(config|tokenizer|modules|.*_config.*|vocab|added_tokens|special_tokens_map|.*\.index)\.json$|^(vocab|merges)\.txt$/;

/** Tables of examples, and what people take for them: that is refused in a sentence about examples, not about models. */
const tables = /\.(jsonl|ndjson|csv|tsv|xlsx?|ods|parquet)$/i;

/** Examples, unless a model's files came with them. */
const texts = /\.(json|txt)$/i;

/** Tells files of examples from files of models; what lies in a folder is a model's. */
export function sortFiles(files: readonly LocalFile[]): {
  readonly models: readonly LocalFile[];
  readonly examples: readonly LocalFile[];
} {
  const loose = files.filter(({ path }) => !path.includes('/'));
  const hasModel = loose.some(({ path }) => modelFiles.test(path));
  const examples = loose.filter(({ path }) => tables.test(path) || (!hasModel && texts.test(path)));
  return { models: files.filter((file) => !examples.includes(file)), examples };
}
