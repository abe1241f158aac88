/** The text of recipe.json, or what a link says, as a recipe. Both come from strangers: trust ends here. */
import * as v from 'valibot';
import { isKnown, KnownError } from '../errors.ts';
import { checkWeights } from '../score/weights.ts';
import { modelLimit, recipeSchema, recipeVersion, type Recipe } from './recipe.ts';

/** 16 models of a hundred shards each with two long prompts take a fifth of it. */
export const recipeLimitBytes = 1024 * 1024;

/** Long enough to find the place, short enough to stay a sentence. */
const shownLength = 120;

/**
 * The recipe in `text`; `file` is what to call it. Throws `file-too-large`, `recipe-unreadable`,
 * `recipe-version-unknown`, `recipe-method-unknown`, `recipe-field-unknown`, `recipe-weights-invalid`,
 * `models-too-few`, `models-too-many`.
 */
export function parseRecipe(text: string, file: string): Recipe {
  if (text.length > recipeLimitBytes) {
    throw new KnownError('file-too-large', { file, bytes: text.length, limitBytes: recipeLimitBytes });
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new KnownError('recipe-unreadable', { file, why: cut((error as Error).message) }, { cause: error });
  }
  return checkRecipe(value, file);
}

/** `value` as a recipe, from here on trusted. Throws as `parseRecipe` does. */
export function checkRecipe(value: unknown, file: string): Recipe {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new KnownError('recipe-unreadable', { file, why: 'not an object' });
  }
  const { version, method, models } = value as { version?: unknown; method?: unknown; models?: unknown };
  // what is told by name comes first: a later version may differ in everything else
  if (version === undefined) throw new KnownError('recipe-unreadable', { file, why: 'no version' });
  if (version !== recipeVersion)
    throw new KnownError('recipe-version-unknown', { file, version: show(version) });
  if (method !== undefined && method !== 'linear') {
    throw new KnownError('recipe-method-unknown', { file, method: show(method) });
  }
  if (Array.isArray(models)) checkCount(models.length);
  const result = v.safeParse(recipeSchema, value, { abortEarly: true });
  if (!result.success) throw toKnown(result.issues[0], file);
  checkShares(result.output, file);
  return result.output;
}

function checkCount(count: number): void {
  if (count < 2) throw new KnownError('models-too-few', { count });
  if (count > modelLimit) throw new KnownError('models-too-many', { count, limit: modelLimit });
}

function checkShares({ models, weights, reader }: Recipe, file: string): void {
  try {
    checkWeights(weights, models.length);
    // finite as a double, and yet not as what is mixed with
    checkWeights(weights.map(Math.fround), models.length);
  } catch (error) {
    if (!isKnown(error, 'weights-invalid')) throw error;
    throw new KnownError('recipe-weights-invalid', { file, why: error.facts.why }, { cause: error });
  }
  const unreadable = (why: string) => new KnownError('recipe-unreadable', { file, why });
  const losses = reader?.scoring?.losses;
  if (losses !== undefined && losses.length !== models.length)
    throw unreadable(`reader.scoring.losses: ${losses.length} ≠ ${models.length}`);
  const tuned = reader?.alpha?.tuned ?? 0;
  if (tuned >= models.length) throw unreadable(`reader.alpha.tuned: ${tuned} ≥ ${models.length}`);
}

function toKnown(issue: v.BaseIssue<unknown>, file: string): KnownError {
  const where = cut(v.getDotPath(issue) ?? '');
  if (issue.type === 'strict_object' && issue.expected === 'never') {
    return new KnownError('recipe-field-unknown', { file, field: where });
  }
  return new KnownError('recipe-unreadable', { file, why: cut(`${where}: ${issue.message}`) });
}

function show(value: unknown): string {
  return cut(typeof value === 'string' ? value : (JSON.stringify(value) ?? ''));
}

function cut(text: string): string {
  const line = text.replace(/\s+/g, ' ');
  return line.length <= shownLength ? line : `${line.slice(0, shownLength)}…`;
}
