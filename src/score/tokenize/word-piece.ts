/**
 * WordPiece: a word from left to right, always the longest piece that is in the vocabulary; a word with a part that is
 * not is unknown as a whole.
 *
 * Source: https://arxiv.org/abs/1609.08144; https://github.com/huggingface/tokenizers, models/wordpiece.
 */
import type { JsonObject } from '../../model/json-file.ts';
import { readIndex, readText } from './fields.ts';
import { idsOf, withCache, type Model } from './model.ts';

export function parseWordPiece(model: JsonObject): Model {
  const ids = idsOf(model['vocab']);
  const unknownId = ids.get(readText({ unk_token: '[UNK]', ...model }, 'unk_token'));
  const unknown = unknownId === undefined ? undefined : [unknownId];
  const prefix = readText({ continuing_subword_prefix: '##', ...model }, 'continuing_subword_prefix');
  const limit = readIndex({ max_input_chars_per_word: 100, ...model }, 'max_input_chars_per_word');

  const encode = (word: string): readonly number[] | undefined => {
    if (word.length > limit && [...word].length > limit) return unknown;
    const pieces: number[] = [];
    for (let start = 0; start < word.length;) {
      const begun = start === 0 ? '' : prefix;
      let end = word.length;
      let id: number | undefined;
      for (; end > start; end--) {
        id = ids.get(begun + word.slice(start, end));
        if (id !== undefined) break;
      }
      if (id === undefined) return unknown;
      pieces.push(id);
      start = end;
    }
    return pieces;
  };
  return { size: ids.size, idOf: (token) => ids.get(token), entries: () => ids, encode: withCache(encode) };
}
