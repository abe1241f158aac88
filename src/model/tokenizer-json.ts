/**
 * Whether two tokenizer.json files give the same token ids: vocabulary, merges, the model's settings, added
 * tokens, normalizer, pre-tokenizer and post-processor. Truncation and padding are the caller's settings, and
 * the decoder only turns ids back into text: none of them is compared.
 *
 * Versions of the tokenizers library spell the same thing differently, so what is absent counts as its default.
 * Source: https://github.com/huggingface/tokenizers, the `Serialize` of each component.
 */
import { isObject, ownField, type JsonObject } from './json-file.ts';

/** The first difference, in words: the other's value, then the base's. `undefined` when there is none. */
export function compareTokenizers(base: JsonObject, other: JsonObject): string | undefined {
  const [baseModel, model] = [toObject(base['model']), toObject(other['model'])];
  return (
    difference('model', toSettings(baseModel), toSettings(model)) ??
    compareVocab(baseModel['vocab'], model['vocab']) ??
    compareMerges(toList(baseModel['merges']), toList(model['merges'])) ??
    compareAdded(toList(base['added_tokens']), toList(other['added_tokens'])) ??
    difference('normalizer', toComponent(base['normalizer']), toComponent(other['normalizer'])) ??
    difference('pre_tokenizer', toComponent(base['pre_tokenizer']), toComponent(other['pre_tokenizer'])) ??
    difference('post_processor', toComponent(base['post_processor']), toComponent(other['post_processor']))
  );
}

/** The model without its tables. No prefix, no suffix, no dropout and a switch that is off are written in several ways. */
function toSettings(model: JsonObject): JsonObject {
  const { vocab, merges, type, ...settings } = model;
  const kind = type ?? (Array.isArray(vocab) ? 'Unigram' : merges ? 'BPE' : 'WordPiece');
  const defaults =
    kind === 'WordPiece' ? { continuing_subword_prefix: '##', max_input_chars_per_word: 100 } : {};
  const stated = Object.entries(settings).map(([name, value]) => {
    const off = value === false || value === '' || (name === 'dropout' && value === 0);
    return [name, off && !(name in defaults) ? null : value] as const;
  });
  return { type: kind, ...defaults, ...Object.fromEntries(stated) };
}

/** Token to id for WordPiece, BPE and WordLevel; for Unigram a list of (token, log probability), the id being the place. */
function compareVocab(base: unknown, other: unknown): string | undefined {
  if (Array.isArray(base) && Array.isArray(other)) return comparePieces(base, other);
  const [baseIds, ids] = [toObject(base), toObject(other)];
  const baseTokens = Object.keys(baseIds).sort((a, b) => Number(baseIds[a]) - Number(baseIds[b]));
  for (const token of baseTokens) {
    const id = ownField(ids, token);
    if (id === undefined) return `token ${show(token)} is missing`;
    if (id !== baseIds[token]) return `token ${show(token)} is ${show(id)}, not ${show(baseIds[token])}`;
  }
  const extra = Object.keys(ids).find((token) => !Object.hasOwn(baseIds, token));
  return extra === undefined ? undefined : `token ${show(extra)} is added`;
}

function comparePieces(base: readonly unknown[], other: readonly unknown[]): string | undefined {
  for (let i = 0; i < Math.max(base.length, other.length); i++) {
    const [[baseToken, baseScore], [token, score]] = [toList(base[i]), toList(other[i])];
    if (token !== baseToken) return `token ${i} is ${show(token)}, not ${show(baseToken)}`;
    if (score !== baseScore)
      return `the score of token ${show(token)} is ${show(score)}, not ${show(baseScore)}`;
  }
  return undefined;
}

/** Written `"a b"` before tokenizers 0.20 and `["a", "b"]` since. */
function compareMerges(base: readonly unknown[], other: readonly unknown[]): string | undefined {
  for (let i = 0; i < Math.max(base.length, other.length); i++) {
    const [[baseLeft, baseRight], [left, right]] = [toPair(base[i]), toPair(other[i])];
    if (left !== baseLeft || right !== baseRight) {
      return `merge ${i} is ${show(other[i])}, not ${show(base[i])}`;
    }
  }
  return undefined;
}

function toPair(merge: unknown): readonly unknown[] {
  return typeof merge === 'string' ? merge.split(' ') : toList(merge);
}

/** By id: the order in the file means nothing. */
function compareAdded(base: readonly unknown[], other: readonly unknown[]): string | undefined {
  const [baseById, byId] = [toAdded(base), toAdded(other)];
  const ids = [...new Set([...baseById.keys(), ...byId.keys()])].sort((a, b) => a - b);
  for (const id of ids) {
    const why = difference(`added token ${id}`, baseById.get(id), byId.get(id));
    if (why !== undefined) return why;
  }
  return undefined;
}

function toAdded(tokens: readonly unknown[]): ReadonlyMap<number, JsonObject> {
  return new Map(
    tokens.map(toObject).map((token) => {
      const special = token['special'] === true;
      const off = { single_word: false, lstrip: false, rstrip: false, normalized: !special, special: false };
      return [Number(token['id']), { ...off, ...token }];
    }),
  );
}

/** Fields that say nothing about ids: offsets of tokens in the text, and Metaspace's old name for its replacement. */
const idleFields: ReadonlySet<string> = new Set(['trim_offsets', 'str_rep']);

/** A component in its newest spelling, its parts likewise. */
function toComponent(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(toComponent);
  if (!isObject(value)) return value;
  const kept = Object.entries(value).filter(([name]) => !idleFields.has(name));
  const parts = Object.fromEntries(kept.map(([name, part]) => [name, toComponent(part)]));
  if (parts['type'] === 'ByteLevel') return { use_regex: true, ...parts };
  if (parts['type'] !== 'Metaspace') return parts;
  const { add_prefix_space: prefixed, ...fields } = parts;
  return { prepend_scheme: prefixed === false ? 'never' : 'always', split: true, ...fields };
}

/** Where two JSON values first differ, e.g. `normalizer.lowercase is false, not true`; absent and null are one. */
function difference(path: string, base: unknown, other: unknown): string | undefined {
  if (Array.isArray(base) && Array.isArray(other)) {
    return firstOf(Math.max(base.length, other.length), (i) =>
      difference(`${path}[${i}]`, base[i], other[i]),
    );
  }
  if (isObject(base) && isObject(other)) {
    const names = [...new Set([...Object.keys(base), ...Object.keys(other)])];
    const at = (i: number) => names[i]!;
    return firstOf(names.length, (i) =>
      difference(`${path}.${at(i)}`, ownField(base, at(i)), ownField(other, at(i))),
    );
  }
  if ((base ?? null) === (other ?? null)) return undefined;
  return `${path} is ${show(other)}, not ${show(base)}`;
}

function firstOf(count: number, look: (i: number) => string | undefined): string | undefined {
  for (let i = 0; i < count; i++) {
    const found = look(i);
    if (found !== undefined) return found;
  }
  return undefined;
}

function toObject(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}

function toList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** A value in a sentence; a precompiled character map is 300 kB of base64. */
function show(value: unknown): string {
  if (value === undefined || value === null) return 'absent';
  const text = JSON.stringify(value);
  return text.length > 40 ? `${text.slice(0, 39)}…` : text;
}
