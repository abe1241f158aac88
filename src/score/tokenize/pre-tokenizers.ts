/**
 * How a text is cut into words before the model sees it: the pre-tokenizer of tokenizer.json.
 *
 * Source: https://github.com/huggingface/tokenizers, pre_tokenizers.
 */
import type { JsonObject } from '../../model/json-file.ts';
import { toByteCharacters } from './byte-level.ts';
import { readIndex, readText, show, toList, toObject } from './fields.ts';
import { characters, cutText, expression, parseBehaviour, parsePattern } from './pattern.ts';
import type { Behaviour, Compile, Pattern, Span } from './pattern.ts';
import { punctuation } from './unicode-age.ts';

export interface Word {
  readonly text: string;
  /** It begins where the whole text does. */
  readonly atStart: boolean;
}

export type PreTokenizer = (word: Word) => readonly Word[];

export function parsePreTokenizer(value: unknown, compile: Compile): PreTokenizer {
  if (value === null || value === undefined) return (word) => [word];
  const settings = toObject(value);
  const { type } = settings;
  switch (type) {
    case 'Sequence': {
      const steps = toList(settings['pretokenizers']).map((step) => parsePreTokenizer(step, compile));
      return (word) => steps.reduce<readonly Word[]>((words, step) => words.flatMap(step), [word]);
    }
    case 'BertPreTokenizer': {
      const spaced = cutter(characters(whiteSpace), 'Removed');
      const punctuated = cutter(characters(punctuation), 'Isolated');
      return (word) => spaced(word).flatMap(punctuated);
    }
    case 'ByteLevel':
      return byteLevel(settings, compile);
    case 'Metaspace':
      return metaspace(settings);
    case 'Split':
      return cutter(
        parsePattern(settings['pattern'], compile),
        parseBehaviour(settings['behavior']),
        settings['invert'] === true,
      );
    case 'Whitespace':
      return cutter(
        expression(
          compile(
            String.raw`[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]+|[^\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}\s]+`,
          ),
        ),
        'Removed',
        true,
      );
    case 'WhitespaceSplit':
      return cutter(characters(whiteSpace), 'Removed');
    case 'Punctuation':
      return cutter(characters(punctuation), parseBehaviour(settings['behavior'] ?? 'Isolated'));
    case 'Digits':
      return cutter(
        characters(/\p{N}/gu),
        settings['individual_digits'] === true ? 'Isolated' : 'Contiguous',
      );
    case 'CharDelimiterSplit':
      return cutter(parsePattern({ String: readText(settings, 'delimiter') }, compile), 'Removed');
    case 'FixedLength':
      return fixedLength(readIndex({ length: 5, ...settings }, 'length'));
    default:
      throw new TypeError(`its pre-tokenizer is of type ${show(type)}`);
  }
}

const whiteSpace = /\p{White_Space}/gu;

function cutter(pattern: Pattern, behaviour: Behaviour, inverted = false): PreTokenizer {
  return (word) => wordsAt(word, cutText(word.text, pattern(word.text), behaviour, inverted));
}

function wordsAt({ text, atStart }: Word, spans: readonly Span[]): readonly Word[] {
  return spans.map(([start, end]) => ({ text: text.slice(start, end), atStart: atStart && start === 0 }));
}

/** Source: GPT-2, `Encoder.pat`. */
const gpt2Words = String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`;

function byteLevel(settings: JsonObject, compile: Compile): PreTokenizer {
  const prefixed = settings['add_prefix_space'] !== false;
  const split: PreTokenizer =
    settings['use_regex'] === false ? (word) => [word] : cutter(expression(compile(gpt2Words)), 'Isolated');
  return ({ text, atStart }) => {
    const begun = prefixed && !text.startsWith(' ') ? ` ${text}` : text;
    return split({ text: begun, atStart }).map((word) => ({ ...word, text: toByteCharacters(word.text) }));
  };
}

/** Spaces become a visible character, which begins each word; the first word gets one too, by the scheme. */
function metaspace(settings: JsonObject): PreTokenizer {
  const mark = readText({ replacement: '▁', ...settings }, 'replacement');
  const { prepend_scheme: scheme = settings['add_prefix_space'] === false ? 'never' : 'always' } = settings;
  if (scheme !== 'always' && scheme !== 'first' && scheme !== 'never') {
    throw new TypeError(`its prepend_scheme is ${show(scheme)}`);
  }
  const split: PreTokenizer =
    settings['split'] === false
      ? (word) => [word]
      : cutter(
          parsePattern({ String: mark }, () => whiteSpace),
          'MergedWithNext',
        );
  return ({ text, atStart }) => {
    const marked = text.replaceAll(' ', mark);
    const prepends = scheme === 'always' || (scheme === 'first' && atStart);
    return split({ text: prepends && !marked.startsWith(mark) ? mark + marked : marked, atStart });
  };
}

function fixedLength(length: number): PreTokenizer {
  if (length === 0) throw new TypeError('its words would have no character');
  return (word) => {
    const spans: Span[] = [];
    let [start, end, count] = [0, 0, 0];
    for (const character of word.text) {
      end += character.length;
      if (++count % length === 0) start = spans.push([start, end]) && end;
    }
    if (start < end) spans.push([start, end]);
    return wordsAt(word, spans);
  };
}
