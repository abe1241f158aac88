/** A job's files as a source of a model: what was written is read back as any other model is. */
import type { Source } from '../source/source.ts';
import type { JobFolder } from './folder.ts';
import type { WrittenFile } from './marker.ts';

/** Opening a file that is listed and gone throws `output-missing`. */
export function openWritten(folder: JobFolder, name: string, files: readonly WrittenFile[]): Source {
  const entries = files.map(({ path, bytes, sha256 }) => ({ path, bytes, identity: sha256 }));
  return {
    name,
    list: () => Promise.resolve(entries),
    open: async (path) => (files.some((file) => file.path === path) ? folder.file(path) : undefined),
  };
}
