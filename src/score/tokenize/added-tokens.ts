/**
 * Tokens beside the model's own: they are found in a text before anything else, the longest at the leftmost place, and
 * the model sees only what lies between them.
 *
 * Source: https://github.com/huggingface/tokenizers, tokenizer/added_vocabulary.rs.
 */
import { ownField, type JsonObject } from '../../model/json-file.ts';
import { readText, toObject } from './fields.ts';
import type { Model } from './model.ts';
import type { Normalizer } from './normalizers.ts';
import { Trie } from './trie.ts';
import { asRegexSees } from './unicode-age.ts';

interface AddedToken {
  readonly content: string;
  readonly id: number;
  readonly special: boolean;
  /** It is looked for in the normalized text, in its own normalized form. */
  readonly normalized: boolean;
  readonly singleWord: boolean;
  /** White space before it, and after it, belongs to it. */
  readonly takesLeft: boolean;
  readonly takesRight: boolean;
}

/** A stretch of text, or the token that stands there. */
export interface Section {
  readonly start: number;
  readonly end: number;
  readonly id: number | undefined;
}

export interface AddedTokens {
  readonly ids: ReadonlyMap<string, number>;
  /** Finds tokens in a text as it came. */
  readonly inText: (text: string) => readonly Section[];
  /** Finds tokens in what the normalizer made of a stretch between those. */
  readonly inNormalized: (text: string) => readonly Section[];
}

/**
 * What tokenizer_config.json states of added tokens, in the order of the ids. transformers adds these after those of
 * tokenizer.json: of a token that both state, this is what counts.
 */
export function tokensOf(settings: JsonObject): readonly JsonObject[] {
  const byId = Object.entries(toObject(ownField(settings, 'added_tokens_decoder')));
  return byId.sort(([a], [b]) => Number(a) - Number(b)).map(([, token]) => toObject(token));
}

/** @param entries as the files have them; the last one of a token counts */
export function parseAddedTokens(
  entries: readonly unknown[],
  model: Model,
  normalize: Normalizer,
): AddedTokens {
  const tokens = readTokens(entries.map(toObject), model);
  const [normalized, plain] = [true, false].map((wanted) =>
    tokens.filter((token) => token.normalized === wanted),
  );
  return {
    ids: new Map(tokens.map(({ content, id }) => [content, id])),
    inText: finderOf((plain ?? []).map((token) => [token.content, token])),
    inNormalized: finderOf((normalized ?? []).map((token) => [normalize(token.content).text, token])),
  };
}

/** The id in the file is not read: a token has the model's id, or the next one that is free, as the library gives it. */
function readTokens(entries: readonly JsonObject[], model: Model): readonly AddedToken[] {
  const tokens = new Map<string, AddedToken>();
  let next = model.size;
  for (const entry of entries) {
    const content = readText(entry, 'content');
    if (content === '') continue;
    const id = tokens.get(content)?.id ?? model.idOf(content) ?? next;
    next = Math.max(next, id + 1);
    const special = entry['special'] === true;
    tokens.set(content, {
      content,
      id,
      special,
      normalized: (entry['normalized'] ?? !special) === true,
      singleWord: entry['single_word'] === true,
      takesLeft: entry['lstrip'] === true,
      takesRight: entry['rstrip'] === true,
    });
  }
  const all = [...tokens.values()];
  return [...all.filter(({ special }) => special), ...all.filter(({ special }) => !special)];
}

function finderOf(entries: readonly (readonly [text: string, token: AddedToken])[]) {
  const trie = new Trie();
  entries.forEach(([text], i) => {
    if (text !== '') trie.add(text, i);
  });
  return (text: string): readonly Section[] => {
    const sections: Section[] = [];
    let done = 0;
    for (let at = 0; at < text.length;) {
      let [end, found] = [at, -1];
      trie.findAt(text, at, (longer, i) => ([end, found] = [longer, i]));
      const token = entries[found]?.[1];
      const section = token && place(text, token, at, end, done);
      at = token ? end : at + 1;
      if (section === undefined) continue;
      if (done < section.start) sections.push({ start: done, end: section.start, id: undefined });
      // all of it may belong to the token before, which takes white space after it
      if (section.start < section.end) sections.push(section);
      done = section.end;
    }
    if (done !== text.length) sections.push({ start: done, end: text.length, id: undefined });
    return sections;
  };
}

/** What a token that was found takes of the text, after `done`; `undefined` if it is part of a longer word. */
function place(
  text: string,
  { id, singleWord, takesLeft, takesRight }: AddedToken,
  start: number,
  end: number,
  done: number,
): Section | undefined {
  const [before, after] = [text.slice(0, start), text.slice(end)];
  if (singleWord && (endsInWord.test(asRegexSees(before)) || beginsInWord.test(asRegexSees(after)))) {
    return undefined;
  }
  const left = takesLeft ? /\p{White_Space}*$/u.exec(before)![0].length : 0;
  const right = takesRight ? /^\p{White_Space}*/u.exec(after)![0].length : 0;
  return { start: takesLeft ? Math.max(start - left, done) : start, end: end + right, id };
}

const endsInWord = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]$/u;
const beginsInWord = /^[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]/u;
