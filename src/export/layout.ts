/**
 * What sentence-transformers reads beside a checkpoint, in the layout that every version since 2.0 opens: the
 * modules, the pooling and the prompts. Without `modules.json` it would assume mean pooling and no
 * normalisation, so a model without one gets what Shaker scored it with, written out.
 *
 * Source: sentence-transformers, `SentenceTransformer.save` and `models/Pooling.py`.
 */
import type { Prompts } from '../model/prompts.ts';
import { editJson, parseFields, parseObject } from './json-edit.ts';

/** `modules.json` of a transformer, its pooling, and vectors of length 1. */
export function printModules(): string {
  const type = (name: string): string => `sentence_transformers.models.${name}`;
  return print([
    { idx: 0, name: '0', path: '', type: type('Transformer') },
    { idx: 1, name: '1', path: '1_Pooling', type: type('Pooling') },
    { idx: 2, name: '2', path: '2_Normalize', type: type('Normalize') },
  ]);
}

/** `1_Pooling/config.json` of pooling by the first token. */
export function printClsPooling(hiddenSize: number): string {
  return print({
    word_embedding_dimension: hiddenSize,
    pooling_mode_cls_token: true,
    pooling_mode_mean_tokens: false,
    pooling_mode_max_tokens: false,
    pooling_mode_mean_sqrt_len_tokens: false,
  });
}

/** `sentence_bert_config.json`: texts are cut after this many tokens, special ones included. */
export function printLimits(maxTokens: number): string {
  return print({ max_seq_length: maxTokens, do_lower_case: false });
}

/**
 * `config_sentence_transformers.json` with these prompts and, where there was a file, its other fields.
 * `undefined` when the file says the same already, or there is none and nothing to say.
 * Throws `json-invalid`.
 */
export function printPrompts(text: string | undefined, prompts: Prompts, file: string): string | undefined {
  const stated = text === undefined ? {} : statedPrompts(text, file);
  const documentKey =
    stated['document'] === undefined && stated['passage'] !== undefined ? 'passage' : 'document';
  const queryDiffers = prompts.query !== (stated['query'] ?? '');
  const documentDiffers = prompts.document !== (stated[documentKey] ?? '');
  if (!queryDiffers && !documentDiffers) return undefined;

  // an emptied prompt stays as "": the file's default_prompt_name may name it
  const changed = {
    ...stated,
    ...(queryDiffers ? { query: prompts.query } : {}),
    ...(documentDiffers ? { [documentKey]: prompts.document } : {}),
  };
  return editJson(text ?? emptyConfig, { prompts: JSON.stringify(changed) }, file);
}

/** 3.0.0 is the first version that knows each of these fields; a newer one would warn readers of older versions. */
const emptyConfig = JSON.stringify({
  __version__: { sentence_transformers: '3.0.0' },
  prompts: {},
  default_prompt_name: null,
  similarity_fn_name: 'cosine',
});

/** The file's `prompts`: each name with its text. `null` and other types count as none. */
function statedPrompts(text: string, file: string): Readonly<Record<string, string>> {
  const prompts = parseFields(text, file).get('prompts');
  if (prompts === undefined || !prompts.startsWith('{')) return {};
  const all = Object.entries(parseObject(prompts, file));
  return Object.fromEntries(all.filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}

function print(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
