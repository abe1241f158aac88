/**
 * Byte pair encoding: a word begins as its characters, and the pair of lowest rank is merged, the leftmost first, until no
 * pair of neighbours is in the list of merges.
 *
 * Source: https://arxiv.org/abs/1508.07909; the order of merges and of unknown characters is that of
 * https://github.com/huggingface/tokenizers, models/bpe.
 */
import { ownField, type JsonObject } from '../../model/json-file.ts';
import { readOptionalText, show, toList } from './fields.ts';
import { Heap } from './heap.ts';
import { idsOf, withCache, type Model } from './model.ts';

/** Places in a word, at most: rank · placeCount + place stays exact in a double for every rank. */
const placeCount = 2 ** 26;

interface Merges {
  /** left · size + right to rank. */
  readonly ranks: ReadonlyMap<number, number>;
  /** (merges,) by rank: the id of what a merge makes. */
  readonly made: readonly number[];
  /** Above every id. */
  readonly size: number;
}

export function parseBpe(model: JsonObject): Model {
  const ids = idsOf(model['vocab']);
  const prefix = readOptionalText(model, 'continuing_subword_prefix') ?? '';
  const merges = readMerges(toList(model['merges']), ids, prefix.length);
  const begin = startOf(model, ids, prefix);
  const takesWhole = model['ignore_merges'] === true;
  const encode = (word: string): readonly number[] | undefined => {
    const whole = takesWhole ? ids.get(word) : undefined;
    if (whole !== undefined) return [whole];
    const symbols = begin(word);
    return symbols && mergeAll(symbols, merges);
  };
  return { size: ids.size, idOf: (token) => ids.get(token), entries: () => ids, encode: withCache(encode) };
}

/** Written `"a b"` before tokenizers 0.20 and `["a", "b"]` since. */
function readMerges(
  list: readonly unknown[],
  ids: ReadonlyMap<string, number>,
  prefixLength: number,
): Merges {
  let size = 1;
  for (const id of ids.values()) if (id >= size) size = id + 1;
  const ranks = new Map<number, number>();
  const made = list.map((merge, rank) => {
    const parts: readonly unknown[] = typeof merge === 'string' ? merge.split(' ') : toList(merge);
    const [left, right] = parts;
    if (parts.length !== 2 || typeof left !== 'string' || typeof right !== 'string') {
      throw new TypeError(`its merge ${rank} is ${show(merge)}`);
    }
    const [leftId, rightId, madeId] = [left, right, left + right.slice(prefixLength)].map((token) => {
      const id = ids.get(token);
      if (id === undefined) throw new TypeError(`its merge ${rank} needs the token ${show(token)}`);
      return id;
    }) as [number, number, number];
    ranks.set(leftId * size + rightId, rank);
    return madeId;
  });
  return { ranks, made, size };
}

/** A word's characters as ids: what is not in the vocabulary becomes its bytes, the unknown token, or nothing if none is stated. */
function startOf(model: JsonObject, ids: ReadonlyMap<string, number>, prefix: string) {
  const suffix = readOptionalText(model, 'end_of_word_suffix') ?? '';
  const unknownToken = readOptionalText(model, 'unk_token');
  const unknown = unknownToken === undefined ? undefined : ids.get(unknownToken);
  const bytesOf = model['byte_fallback'] === true ? byteTokens(ids) : () => undefined;
  const fuses = ownField(model, 'fuse_unk') === true;

  return (word: string): number[] | undefined => {
    const symbols: number[] = [];
    // the library holds an unknown token back until a known one follows, bytes not among them
    let heldBack = 0;
    const release = (): void => {
      if (unknown !== undefined) for (; heldBack > 0; heldBack--) symbols.push(unknown);
    };
    let start = 0;
    for (const character of word) {
      const end = start + character.length;
      const text = (start === 0 ? '' : prefix) + character + (end === word.length ? suffix : '');
      start = end;
      const id = ids.get(text);
      const bytes = id === undefined ? bytesOf(text) : undefined;
      if (id !== undefined) {
        release();
        symbols.push(id);
      } else if (bytes !== undefined) {
        symbols.push(...bytes);
      } else {
        if (unknownToken !== undefined && unknown === undefined) return undefined;
        if (!fuses) release();
        heldBack = 1;
      }
    }
    release();
    return symbols;
  };
}

/** `<0x0A>` for each byte; all of them or none. */
export function byteTokens(ids: Pick<ReadonlyMap<string, number>, 'get'>) {
  const encoder = new TextEncoder();
  return (text: string): readonly number[] | undefined => {
    const found = Array.from(encoder.encode(text), (byte) =>
      ids.get(`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`),
    );
    return found.some((id) => id === undefined) ? undefined : (found as number[]);
  };
}

/**
 * Merges in place. A pair that waits in the queue is passed over once its left side is gone or the pair there makes
 * another token; if it makes the same one it is merged at the rank it was queued with, as the Rust library does.
 *
 * @param symbols (n,) ids, shortened to what is left
 */
function mergeAll(symbols: number[], { ranks, made, size }: Merges): readonly number[] {
  const count = symbols.length;
  const next = Array.from({ length: count }, (_, i) => i + 1);
  const previous = Array.from({ length: count }, (_, i) => i - 1);
  const queue = new Heap();
  const push = (left: number, right: number): void => {
    if (left < 0 || right >= count) return;
    const rank = ranks.get(symbols[left]! * size + symbols[right]!);
    if (rank !== undefined) queue.push(rank * placeCount + left);
  };
  for (let i = 0; i + 1 < count; i++) push(i, i + 1);
  for (let top = queue.pop(); top !== undefined; top = queue.pop()) {
    const left = top % placeCount;
    const id = made[(top - left) / placeCount]!;
    const right = next[left]!;
    if (symbols[left]! < 0 || right >= count) continue;
    const rank = ranks.get(symbols[left]! * size + symbols[right]!);
    if (rank === undefined || made[rank] !== id) continue;
    symbols[left] = id;
    symbols[right] = -1;
    const after = next[right]!;
    next[left] = after;
    if (after < count) previous[after] = left;
    push(previous[left]!, left);
    push(left, after);
  }
  return symbols.filter((id) => id >= 0);
}
