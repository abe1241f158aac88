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
import { asLibraryReads } from './library-number.ts';
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
  const ids = new Trie();
  // of a token that is there twice the last id counts
  for (let id = pieces.length - 1; id >= 0; id--) ids.add(pieces[id]![0], id);
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
  const entries = () => pieces.map(([token], id) => [token, id] as const);
  return { size: pieces.length, idOf: (token) => ids.get(token), entries, encode: withCache(encode) };
}

type Piece = readonly [token: string, score: number];

/** The list's own entry, not a copy: there may be 250,000. */
function readPiece(entry: unknown, id: number): Piece {
  const piece = toList(entry);
  if (typeof piece[0] === 'string' && typeof piece[1] === 'number') return piece as unknown as Piece;
  throw new TypeError(`its token ${id} is ${show(entry)}`);
}

/** A word to the places where its pieces end; `undefined` if it has an unknown character and there is no unknown token. */
function cutterOf(pieces: readonly Piece[], ids: Trie, unknown: number | undefined) {
  const scoreOf = scoresOf(pieces);
  const unknownScore = leastScore(pieces) - unknownPenalty;

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
      ids.findAt(word, start, (end, id) => {
        offer(start, end, id, scoreOf(id));
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

/** The score of a token by id; read when it is first asked for, since few of a vocabulary are ever met. */
function scoresOf(pieces: readonly Piece[]): (id: number) => number {
  const known = new Float64Array(pieces.length).fill(NaN);
  return (id) => {
    const score = known[id]!;
    return Number.isNaN(score) ? (known[id] = asLibraryReads(pieces[id]![1])) : score;
  };
}

/** The lowest of all scores as the library reads them, which is within two bits of each: only the lowest few are read. */
function leastScore(pieces: readonly Piece[]): number {
  let least = Infinity;
  for (const [, score] of pieces) if (score < least) least = score;
  const near = least + Math.abs(least) * 1e-14;
  let lowest = Infinity;
  for (const [, score] of pieces) if (!(score > near)) lowest = Math.min(lowest, asLibraryReads(score));
  return lowest;
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
