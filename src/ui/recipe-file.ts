/** Which dropped file is a recipe: by what it holds, since browsers and people rename what they download. */
import { readBlob } from '../blob.ts';
import { KnownError } from '../errors.ts';
import { recipeLimitBytes } from '../recipe/parse.ts';
import type { LocalFile } from '../source/source.ts';

/** The first recipe among what was dropped; none among the loose files of a model, of which it is a part. */
export async function findRecipe(files: readonly LocalFile[]): Promise<LocalFile | undefined> {
  const loose = files.filter(({ path }) => !path.includes('/'));
  if (loose.some(({ path }) => path.endsWith('.safetensors'))) return undefined;
  for (const file of loose) if (await isRecipeFile(file)) return file;
  return undefined;
}

/** The file's text. Throws `file-too-large`, `file-unreadable`. */
export async function readText({ path, file }: LocalFile): Promise<string> {
  if (file.size > recipeLimitBytes) {
    throw new KnownError('file-too-large', { file: path, bytes: file.size, limitBytes: recipeLimitBytes });
  }
  return new TextDecoder().decode(await readBlob(file, path));
}

/**
 * A JSON file that is called a recipe, or is an object with models and weights. What is called one and cannot be read
 * is still one: then it says why.
 */
async function isRecipeFile({ path, file }: LocalFile): Promise<boolean> {
  if (!path.toLowerCase().endsWith('.json')) return false;
  if (/^recipe\b/i.test(path)) return true;
  if (file.size > recipeLimitBytes) return false;
  try {
    const value: unknown = JSON.parse(await file.text());
    return typeof value === 'object' && value !== null && 'models' in value && 'weights' in value;
  } catch {
    return false;
  }
}
