/**
 * modules.json: the row of modules that sentence-transformers makes a model of.
 *
 * Source: https://github.com/huggingface/sentence-transformers, `SentenceTransformer._load_sbert_model`.
 */
import { KnownError } from '../errors.ts';
import type { Source } from '../source/source.ts';
import { damageCodes, isObject, ownField, readJson, settingsLimitBytes } from './json-file.ts';
import { nameFile } from './small-file.ts';

/** One line of it: the class by its last name, and its folder, without a slash at its end. */
export interface Step {
  readonly kind: string;
  readonly path: string;
}

/** In order; empty when there is no modules.json. Throws what `readJson` throws. */
export async function readSteps(source: Source): Promise<readonly Step[]> {
  const path = 'modules.json';
  const listed = await readJson(source, path, settingsLimitBytes);
  if (listed === undefined) return [];
  const file = nameFile(source, path);
  if (!Array.isArray(listed) || listed.length === 0) {
    throw new KnownError('json-invalid', { file, why: 'it is not a list of modules' });
  }
  return listed.map((entry: unknown, i) => {
    const type = isObject(entry) ? ownField(entry, 'type') : undefined;
    const path = isObject(entry) ? (ownField(entry, 'path') ?? '') : undefined;
    if (typeof type !== 'string' || typeof path !== 'string') {
      throw new KnownError('json-invalid', { file, why: `module ${i} has no type or path` });
    }
    return { kind: toKind(type), path: path.replace(/\/+$/, '') };
  });
}

/** `Pooling` for the package's own class under any of its module paths; a class from elsewhere keeps its whole name. */
function toKind(type: string): string {
  return type.startsWith('sentence_transformers.') ? type.slice(type.lastIndexOf('.') + 1) : type;
}

/** The folders of Dense modules, wherever they stand and whether they can be run: `['2_Dense']`. */
export function denseFoldersOf(steps: readonly Step[]): readonly string[] {
  return [...new Set(steps.flatMap(({ kind, path }) => (kind === 'Dense' && path !== '' ? [path] : [])))];
}

/** As `denseFoldersOf`; none where modules.json is damaged, which is told by who needs what it says. Throws what the source throws. */
export async function readDenseFolders(source: Source): Promise<readonly string[]> {
  try {
    return denseFoldersOf(await readSteps(source));
  } catch (error) {
    if (error instanceof KnownError && damageCodes.has(error.code)) return [];
    throw error;
  }
}
