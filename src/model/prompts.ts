/** Text that a model expects before every query and every document. */
import { KnownError } from '../errors.ts';
import type { Source } from '../source/source.ts';
import { isObject, ownField, readJsonObject, settingsLimitBytes, type JsonObject } from './json-file.ts';
import { nameFile } from './small-file.ts';

export interface Prompts {
  readonly query: string;
  readonly document: string;
}

export const noPrompts: Prompts = { query: '', document: '' };

const path = 'config_sentence_transformers.json';

/** Names of the document prompt, first that is there; the order is `encode_document`'s in sentence-transformers. */
const documentNames = ['document', 'passage', 'corpus'];

/**
 * The repository's own prompts, or `undefined` when it states none. Two empty prompts are none: the library
 * writes them for every model that it saves. Throws `json-invalid`, `config-field-invalid`.
 */
export async function readPrompts(source: Source): Promise<Prompts | undefined> {
  const settings = await readJsonObject(source, path, settingsLimitBytes);
  const stated = settings && (ownField(settings, 'prompts') ?? undefined);
  if (stated === undefined) return undefined;
  const file = nameFile(source, path);
  if (!isObject(stated)) throw invalid(file, 'prompts', 'it is not an object');
  const query = parsePrompt(stated, ['query'], file);
  const document = parsePrompt(stated, documentNames, file);
  return query === '' && document === '' ? undefined : { query, document };
}

function parsePrompt(prompts: JsonObject, names: readonly string[], file: string): string {
  const name = names.find((candidate) => (ownField(prompts, candidate) ?? undefined) !== undefined);
  const prompt = name === undefined ? '' : prompts[name];
  if (typeof prompt !== 'string') throw invalid(file, `prompts.${name}`, 'it is not a string');
  return prompt;
}

function invalid(file: string, field: string, why: string): KnownError {
  return new KnownError('config-field-invalid', { file, field, why });
}

/**
 * What the model cards of well-known families ask for, where their repositories do not state it. Names are
 * matched whole: an instruction-tuned sibling (`multilingual-e5-large-instruct`) wants something else.
 */
const published: readonly { readonly name: RegExp; readonly prompts: Prompts }[] = [
  {
    // Source: https://huggingface.co/intfloat/e5-base-v2, https://huggingface.co/intfloat/multilingual-e5-base
    name: /^(?:e5-(?:small|base|large)(?:-unsupervised|-v2)?|multilingual-e5-(?:small|base|large))$/,
    prompts: { query: 'query: ', document: 'passage: ' },
  },
  {
    // Source: https://huggingface.co/BAAI/bge-base-en-v1.5, "Model List"
    name: /^bge-(?:small|base|large)-en(?:-v1\.5)?$/,
    prompts: { query: 'Represent this sentence for searching relevant passages: ', document: '' },
  },
  {
    // Source: https://huggingface.co/BAAI/bge-base-zh-v1.5, "Model List"; bge-m3 needs no instruction
    name: /^bge-(?:small|base|large)-zh(?:-v1\.5)?$/,
    prompts: { query: '为这个句子生成表示以用于检索相关文章：', document: '' },
  },
];

/** The published prompts of a model by its name: an id, an `id@revision`, or a local folder's name. */
export function suggestPrompts(modelName: string): Prompts | undefined {
  const id = modelName.split('@')[0]!.toLowerCase();
  const name = id.slice(id.lastIndexOf('/') + 1);
  return published.find((family) => family.name.test(name))?.prompts;
}
