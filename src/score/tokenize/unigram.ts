/**
 * Unigram: of all ways to cut a word into pieces, the one whose scores (log probabilities) add up to the most. A character
 * that is no piece is unknown, at 10 below the lowest score; unknown neighbours become one.
 *
 * Source: https://arxiv.org/abs/1804.10959; among equal sums the first one found stays, as in
 * https://github.com/huggingface/tokenizers, models/unigram.
 */
import type { JsonObject } from '../../model/json-file.ts';
import { byteTokens } from './bpe.ts';
import { readIndex, show, toList } from './fields.ts';
import { withCache, type Model } from './model.ts';
import { Trie } from './trie.ts';

const unknownPenalty = 10;

export function parseUnigram(model: JsonObject): Model {
  const pieces = toList(model['vocab']).map(readPiece);
  const unknown = (model['unk_id'] ?? undefined) === undefined ? undefined : readIndex(model, 'unk_id');
  if (unknown !== undefined && unknown >= pieces.length) {
    throw new TypeError(`its unk_id is ${unknown}, of ${pieces.length} tokens`);
  }
  const unknownIds = unknown === undefined ? undefined : [unknown];
  // of a token that is there twice the last id counts
  const ids = new Map(pieces.map(([token], id) => [token, id]));
  const bytesOf = model['byte_fallback'] === true ? byteTokens(ids) : () => undefined;
  const cut = cutterOf(pieces, ids, unknown);

  const idsAt = (text: string): readonly number[] | undefined => {
    const id = ids.get(text);
    return id === undefined ? (bytesOf(text) ?? unknownIds) : [id];
  };
  const encode = (word: string): readonly number[] | undefined => {
    const ends = cut(word);
    let start = 0;
    return ends?.flatMap((end) => {
      const text = word.slice(start, end);
      start = end;
      return idsAt(text) ?? [];
    });
  };
  return { size: pieces.length, idOf: (token) => ids.get(token), encode: withCache(encode) };
}

function readPiece(entry: unknown, id: number): readonly [token: string, score: number] {
  const [token, score] = toList(entry);
  if (typeof token === 'string' && typeof score === 'number') return [token, score];
  throw new TypeError(`its token ${id} is ${show(entry)}`);
}

/** A word to the places where its pieces end; `undefined` if it has an unknown character and there is no unknown token. */
function cutterOf(
  pieces: readonly (readonly [token: string, score: number])[],
  ids: ReadonlyMap<string, number>,
  unknown: number | undefined,
) {
  const trie = new Trie();
  for (const [token, id] of ids) if (token !== '') trie.add(token, id);
  const scores = pieces.map(([, score]) => asLibraryReads(score));
  const unknownScore = scores.reduce((least, score) => Math.min(least, score), Infinity) - unknownPenalty;

  return (word: string): readonly number[] | undefined => {
    const size = word.length;
    const best = new Float64Array(size + 1);
    const starts = new Int32Array(size + 1).fill(-1);
    const found = new Int32Array(size + 1);
    const offer = (start: number, end: number, id: number, score: number): void => {
      const sum = score + best[start]!;
      if (starts[end]! >= 0 && sum <= best[end]!) return;
      best[end] = sum;
      starts[end] = start;
      found[end] = id;
    };
    for (let start = 0; start < size;) {
      const one = start + (word.codePointAt(start)! > 0xffff ? 2 : 1);
      let hasOne = false;
      trie.findAt(word, start, (end, id) => {
        offer(start, end, id, scores[id]!);
        hasOne ||= end === one;
      });
      if (!hasOne) {
        if (unknown === undefined) return undefined;
        offer(start, one, unknown, unknownScore);
      }
      start = one;
    }
    return endsOf(starts, found, unknown);
  };
}

/**
 * A number as the library reads it from JSON: its digits as one whole number, over a power of ten. The last bit of one in four is
 * another then, and decides between ways whose sums are equal on paper. Source: serde_json without `float_roundtrip`.
 */
function asLibraryReads(score: number): number {
  const [digits = '', power = '0'] = String(Math.abs(score)).split('e');
  const [whole = '', fraction = ''] = digits.split('.');
  const exponent = Number(power) - fraction.length;
  const scale = Number(`1e${Math.abs(exponent)}`);
  const size = exponent < 0 ? Number(whole + fraction) / scale : Number(whole + fraction) * scale;
  return Math.sign(score) * size;
}

/** Walks the best path back from the end; unknown neighbours are not cut apart. */
function endsOf(starts: Int32Array, found: Int32Array, unknown: number | undefined): readonly number[] {
  const ends: number[] = [];
  let fused = false;
  for (let end = starts.length - 1; end > 0; end = starts[end]!) {
    const isUnknown = found[end] === unknown;
    if (!(isUnknown && fused)) ends.push(end);
    fused = isUnknown;
  }
  return ends.reverse();
}
