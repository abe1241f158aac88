/** The vocabulary of tokenizer.json, whatever its kind. */
import { isObject, type JsonObject } from '../../model/json-file.ts';
import { parseBpe } from './bpe.ts';
import { readText, show, toObject } from './fields.ts';
import { idsOf, type Model } from './model.ts';
import { parseUnigram } from './unigram.ts';
import { parseWordPiece } from './word-piece.ts';

export function parseModel(value: unknown): Model {
  if (!isObject(value)) throw new TypeError('it has no model');
  const type = kindOf(value);
  switch (type) {
    case 'BPE':
      return parseBpe(value);
    case 'WordPiece':
      return parseWordPiece(value);
    case 'Unigram':
      return parseUnigram(value);
    case 'WordLevel':
      return parseWordLevel(value);
    default:
      throw new TypeError(`its model is of type ${show(type)}`);
  }
}

/** Files from before 2020 name no type; the fields tell it. */
function kindOf(model: JsonObject): unknown {
  const { type, vocab, merges } = model;
  if (type !== undefined) return type;
  if (Array.isArray(vocab)) return 'Unigram';
  if (merges !== undefined) return 'BPE';
  return toObject(model)['continuing_subword_prefix'] === undefined ? 'WordLevel' : 'WordPiece';
}

/** A word is a token. */
function parseWordLevel(model: JsonObject): Model {
  const ids = idsOf(model['vocab']);
  const unknown = ids.get(readText({ unk_token: '<unk>', ...model }, 'unk_token'));
  const encode = (word: string): readonly number[] | undefined => {
    const id = ids.get(word) ?? unknown;
    return id === undefined ? undefined : [id];
  };
  return { size: ids.size, idOf: (token) => ids.get(token), entries: () => ids, encode };
}
