/** What a model is called before its files were read. */
import type { LocalFile, ModelRef } from '../source/source.ts';

export function nameOf(model: ModelRef): string {
  return model.kind === 'hub' ? model.id : model.name;
}

/**
 * Loose files have no folder to be called by, and a file's name is not a model's; other files name themselves; no files
 * at all have the name of what was dropped.
 */
export function nameOfFiles(files: readonly LocalFile[], dropped: string): string | undefined {
  if (files.length === 0) return dropped;
  return files.some(({ path }) => path.includes('/')) ? undefined : 'local-model';
}
