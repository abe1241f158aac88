/** What every kind of vocabulary does: a word becomes ids. */
import { isObject } from '../../model/json-file.ts';

export interface Model {
  /** How many tokens it has, added ones not counted. */
  readonly size: number;
  idOf(token: string): number | undefined;
  /** All of them with their ids, to show them. */
  entries(): Iterable<readonly [token: string, id: number]>;
  /** The ids of a word that the pre-tokenizer made; `undefined` if it holds text for which the model has no token. */
  encode(word: string): readonly number[] | undefined;
}

/** Token to id, as WordPiece, BPE and WordLevel write it. */
export function idsOf(vocab: unknown): ReadonlyMap<string, number> {
  if (!isObject(vocab)) throw new TypeError('its vocabulary is not an object');
  const entries = Object.entries(vocab);
  const bad = entries.find(([, id]) => !Number.isSafeInteger(id) || Number(id) < 0);
  if (bad) throw new TypeError(`the id of its token ${JSON.stringify(bad[0])} is ${JSON.stringify(bad[1])}`);
  return new Map(entries as [string, number][]);
}

/** Words recur: a text's ids are mostly looked up. Bounded like the Rust library's cache, in words and in their length. */
const cachedWords = 10_000;
const cachedLength = 256;

/** Remembers what `encode` gave for a word. */
export function withCache(encode: Model['encode']): Model['encode'] {
  const known = new Map<string, readonly number[] | undefined>();
  return (word) => {
    const found = known.get(word);
    if (found !== undefined || word.length > cachedLength) return found ?? encode(word);
    const ids = encode(word);
    if (known.size >= cachedWords) known.clear();
    known.set(word, ids);
    return ids;
  };
}
