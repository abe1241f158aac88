/**
 * How many tokens of a text a model takes, and whether the text is lowercased first.
 *
 *   max_seq_length of the Transformer module, else min(model_max_length, max_position_embeddings)
 *
 * and never more than the position table holds. The library trusts max_seq_length there and then fails on the
 * first long text; we cut at the table. Source: sentence-transformers, `Transformer.__init__` and `load_config`.
 */
import { KnownError } from '../errors.ts';
import type { Source } from '../source/source.ts';
import { Config } from './config.ts';
import { readJsonObject, settingsLimitBytes } from './json-file.ts';
import { joinPath, nameFile } from './small-file.ts';

export interface TokenLimit {
  readonly maxTokens: number;
  readonly lowerCase: boolean;
}

/** The module's settings file has had a name for each early architecture. */
const settingsFiles = ['bert', 'roberta', 'distilbert', 'camembert', 'albert', 'xlm-roberta', 'xlnet'].map(
  (name) => `sentence_${name}_config.json`,
);

/** Every family with a position table takes 512 where config.json does not say: the classes' own default. */
const defaultPositions = 512;

/** Families whose positions count from the padding id + 1, so that the table's first rows are never used by a text. */
const offsetFamilies: ReadonlySet<string> = new Set(['roberta', 'xlm-roberta', 'camembert', 'mpnet']);

/**
 * @param folder the Transformer module's folder, '' for the model's own
 * Throws `module-unknown` if the module yields something else than token vectors, `config-field-invalid`,
 * `json-invalid`.
 */
export async function readTokenLimit(source: Source, config: Config, folder: string): Promise<TokenLimit> {
  const settings = await readSettings(source, folder);
  const task = settings.string('transformer_task', 'feature-extraction');
  if (task !== 'feature-extraction') {
    throw new KnownError('module-unknown', { model: source.name, module: `Transformer (${task})` });
  }
  const positions = tablePositions(config);
  const stated = readLimit(settings, 'max_seq_length');
  const wanted = stated ?? (await readModelMaxLength(source)) ?? Infinity;
  return { maxTokens: Math.min(wanted, positions), lowerCase: settings.boolean('do_lower_case', false) };
}

async function readSettings(source: Source, folder: string): Promise<Config> {
  for (const name of settingsFiles) {
    const file = joinPath(folder, name);
    const fields = await readJsonObject(source, file, settingsLimitBytes);
    if (fields) return new Config(fields, nameFile(source, file));
  }
  return new Config({}, nameFile(source, settingsFiles[0]!));
}

/** The tokenizer's own limit; transformers writes 10^30 for none. */
async function readModelMaxLength(source: Source): Promise<number | undefined> {
  const file = 'tokenizer_config.json';
  const fields = await readJsonObject(source, file, settingsLimitBytes);
  return fields && readLimit(new Config(fields, nameFile(source, file)), 'model_max_length');
}

function readLimit(settings: Config, field: string): number | undefined {
  if (settings.raw(field) === undefined) return undefined;
  const limit = settings.number(field);
  if (limit >= 1) return Math.floor(limit);
  throw new KnownError('config-field-invalid', {
    file: settings.file,
    field,
    why: `${limit} tokens are no text`,
  });
}

/** How many tokens the position table of `config` can tell apart. */
function tablePositions(config: Config): number {
  // gpt2 names it n_positions; -1 is XLNet's word for no table
  const field =
    config.raw('max_position_embeddings') === undefined ? 'n_positions' : 'max_position_embeddings';
  const rows = config.integer(field, defaultPositions);
  if (rows < 0) return Infinity;
  return offsetFamilies.has(config.modelType) ? rows - config.integer('pad_token_id', 1) - 1 : rows;
}
