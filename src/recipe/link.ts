/**
 * A recipe as the fragment of an address, for models that anybody can have: those of the Hub and the embedded ones.
 * What is for the reader is left out but the hashes to compare with: of every file of the checkpoint, in their order.
 *
 *   recipe=1&m=<model>&m=<model>&w=<weight>,<weight>&method=linear&dtype=F32&q=…&d=…&name=…&sha256=…
 *   …&dtype=F32&shard=<bytes>&q=…&d=…&name=…&sha256=…,…,…      several files
 */
import { KnownError } from '../errors.ts';
import { isShardPath, shardPath } from '../safetensors/split.ts';
import { parseFragment, printFragment, type Field } from './fragment.ts';
import { parseModel, printModel } from './model-text.ts';
import { checkRecipe } from './parse.ts';
import type { Recipe, RecipeOutput } from './recipe.ts';

export type Link =
  | { readonly at: 'made'; readonly fragment: string }
  /** Names of the models that only this computer has. */
  | { readonly at: 'local'; readonly names: readonly string[] }
  | { readonly at: 'long'; readonly length: number };

/** 16 models with the longest ids take 5,000; what is longer is cut by many programs that pass links on. */
export const linkLimit = 16_384;

const what = '#recipe';
/** Fields that come once at most. */
const single = ['recipe', 'w', 'method', 'dtype', 'shard', 'q', 'd', 'name', 'sha256'] as const;

export function printLink(recipe: Recipe): Link {
  const { version, models, weights, method, dtype, shardBytes, prompts, reader } = recipe;
  const names = models.flatMap((model) => (model.kind === 'local' ? [model.name] : []));
  if (names.length > 0) return { at: 'local', names };
  const hashes = checkpointFiles(reader?.output).map(({ sha256 }) => sha256);
  const fields: Field[] = [
    ['recipe', String(version)],
    ...models.map((model): Field => ['m', printModel(model)]),
    ['w', weights.join(',')],
    ['method', method],
    ['dtype', dtype],
  ];
  if (shardBytes !== undefined) fields.push(['shard', String(shardBytes)]);
  if (prompts.query !== '') fields.push(['q', prompts.query]);
  if (prompts.document !== '') fields.push(['d', prompts.document]);
  if (reader?.output !== undefined && hashes.length > 0) {
    fields.push(['name', reader.output.name], ['sha256', hashes.join(',')]);
  }
  const fragment = printFragment(fields);
  return fragment.length > linkLimit ? { at: 'long', length: fragment.length } : { at: 'made', fragment };
}

/** Files of the checkpoint, in the order of their names; none where a name is missing, since a link counts them. */
export function checkpointFiles(output: RecipeOutput | undefined): RecipeOutput['files'] {
  const files = (output?.files ?? []).filter(({ path }) => isShardPath(path));
  const sorted = files.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  return sorted.every(({ path }, s) => path === shardPath(s, sorted.length)) ? sorted : [];
}

/** The fragment means to be a recipe, whether or not it can be read. */
export function isLink(fragment: string): boolean {
  return /^#?recipe=/.test(fragment);
}

/** The recipe in a fragment. Throws `recipe-link-too-long`, and what `parseRecipe` throws. */
export function parseLink(fragment: string): Recipe {
  if (fragment.length > linkLimit + 1) {
    throw new KnownError('recipe-link-too-long', { length: fragment.length, limit: linkLimit });
  }
  const fields = parseFragment(fragment);
  if (fields === undefined) throw unreadable('not a list of fields');
  const found = new Map<string, string>();
  const models: unknown[] = [];
  for (const [key, value] of fields) {
    if (key === 'm') models.push(toRecipeModel(value));
    else if (!single.some((known) => known === key)) {
      throw new KnownError('recipe-field-unknown', { file: what, field: key.slice(0, 40) });
    } else if (found.has(key)) throw unreadable(`${key} comes twice`);
    else found.set(key, value);
  }
  return checkRecipe(toRecipe(found, models), what);
}

function toRecipe(found: ReadonlyMap<string, string>, models: readonly unknown[]): unknown {
  const version = found.get('recipe') ?? '';
  const sha256 = found.get('sha256');
  const shard = found.get('shard');
  const hashes = sha256?.split(',') ?? [];
  const files = hashes.map((sha256, s) => ({ path: shardPath(s, hashes.length), sha256 }));
  const output = { name: found.get('name') ?? '', files };
  return {
    version: version === '1' ? 1 : version,
    models,
    weights: (found.get('w') ?? '').split(',').map(toNumber),
    method: found.get('method'),
    dtype: found.get('dtype'),
    ...(shard === undefined ? {} : { shardBytes: toNumber(shard) }),
    prompts: { query: found.get('q') ?? '', document: found.get('d') ?? '' },
    ...(sha256 === undefined ? {} : { reader: { output } }),
  };
}

function toRecipeModel(text: string): unknown {
  const model = parseModel(text);
  if (model === undefined || model.kind === 'local') throw unreadable(`m: ${text.slice(0, 80)}`);
  return model.kind === 'demo' ? { ...model, files: [] } : model;
}

function toNumber(text: string): number {
  // not Number alone: it takes "", "0x10" and "Infinity" too
  return /^-?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
}

function unreadable(why: string): KnownError {
  return new KnownError('recipe-unreadable', { file: what, why });
}
