/** Reading a model's small files whole: settings, vocabularies. Sizes are checked before a byte is read. */
import { KnownError } from '../errors.ts';
import { readBlob } from '../blob.ts';
import type { Source } from '../source/source.ts';

/** How a failure names a file: with its model, because every model has a file of the same name. */
export function nameFile(source: Source, path: string): string {
  return `${source.name}/${path}`;
}

/** @param folder as settings write it: '' for the model's own, with or without a slash at its end */
export function joinPath(folder: string, file: string): string {
  const trimmed = folder.replace(/\/+$/, '');
  return trimmed === '' ? file : `${trimmed}/${file}`;
}

/**
 * The file's bytes, or `undefined` when the model has none. Throws `file-too-large` before reading,
 * and as `readBlob`.
 */
export async function readFile(
  source: Source,
  path: string,
  limitBytes: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const blob = await source.open(path);
  if (!blob) return undefined;
  const file = nameFile(source, path);
  if (blob.size > limitBytes) throw new KnownError('file-too-large', { file, bytes: blob.size, limitBytes });
  return readBlob(blob, file);
}
