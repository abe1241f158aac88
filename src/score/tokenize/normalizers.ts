/**
 * What happens to a text before it is split: the normalizer of tokenizer.json.
 *
 * Source: https://github.com/huggingface/tokenizers, normalizers; what differs in JavaScript is said where it does.
 */
import type { JsonObject } from '../../model/json-file.ts';
import { toByteCharacters } from './byte-level.ts';
import { readText, show, toList, toObject } from './fields.ts';
import { parsePattern, replaceAt, type Compile } from './pattern.ts';
import { parsePrecompiled } from './precompiled.ts';
import { combiningMarks, controls, nonspacingMarks, toForm } from './unicode-age.ts';

export interface Normalized {
  readonly text: string;
  /**
   * The text's first character fell away, as the library counts: what is left does not begin where the text did. It does not
   * count what Precompiled drops.
   */
  readonly startDropped: boolean;
}

export type Normalizer = (text: string) => Normalized;

type Step = (text: string) => string;

export function parseNormalizer(value: unknown, compile: Compile): Normalizer {
  const steps = flatten(value).map((settings) => ({
    normalize: parseStep(settings, compile),
    counts: settings['type'] !== 'Precompiled',
  }));
  return (original) => {
    let [text, startDropped] = [original, false];
    for (const { normalize, counts } of steps) {
      const first = text === '' ? '' : String.fromCodePoint(text.codePointAt(0)!);
      startDropped ||= counts && first !== '' && normalize(first) === '';
      text = normalize(text);
    }
    return { text, startDropped };
  };
}

/** A sequence of sequences as one. */
function flatten(value: unknown): readonly JsonObject[] {
  if (value === null || value === undefined) return [];
  const settings = toObject(value);
  return settings['type'] === 'Sequence' ? toList(settings['normalizers']).flatMap(flatten) : [settings];
}

function parseStep(settings: JsonObject, compile: Compile): Step {
  const { type } = settings;
  switch (type) {
    case 'BertNormalizer':
      return bertNormalizer(settings);
    case 'Precompiled':
      return parsePrecompiled(settings['precompiled_charsmap']);
    case 'NFC':
    case 'NFD':
    case 'NFKC':
    case 'NFKD':
      return (text) => toForm(text, type);
    case 'Nmt':
      return (text) => text.replace(nmtDropped, '').replace(nmtSpaces, ' ');
    case 'Lowercase':
      return lowercase;
    case 'StripAccents':
      return (text) => text.replace(combiningMarks, '');
    case 'Strip':
      return stripper(settings);
    case 'Prepend': {
      const prefix = readText(settings, 'prepend');
      return (text) => (text === '' ? '' : prefix + text);
    }
    case 'Replace':
      return replacer(settings, compile);
    case 'ByteLevel':
      return toByteCharacters;
    default:
      throw new TypeError(`its normalizer is of type ${show(type)}`);
  }
}

/** Source: `Nmt` of the library, after sentencepiece's `nmt_nfkc` rules. */
const nmtDropped = /(?![\0\t\n\f\r\u0080-\u008E\u0090-\u009E])\p{Cc}/gu;
const nmtSpaces = /[\t\n\f\r\u1680\u200B-\u200F\u2028\u2029\u2581\uFEFF\uFFFD]/g;

/** Each character by itself: JavaScript would write a sigma at a word's end as ς. */
function lowercase(text: string): string {
  return text.replaceAll('Σ', 'σ').toLowerCase();
}

/** `trim` knows other white space: U+FEFF and not U+0085. */
function stripper({ strip_left: left, strip_right: right }: JsonObject): Step {
  return (text) => {
    const begun = left === true ? text.replace(/^\p{White_Space}+/u, '') : text;
    return right === true ? begun.replace(/\p{White_Space}+$/u, '') : begun;
  };
}

function replacer(settings: JsonObject, compile: Compile): Step {
  const pattern = parsePattern(settings['pattern'], compile);
  const content = readText(settings, 'content');
  return (text) => replaceAt(text, pattern(text), content);
}

/** What BERT takes for a word of its own: the library's ranges, which leave out U+2B820 to U+2B91F. */
const ideographs =
  /[\u3400-\u4DBF\u4E00-\u9FFF\uF900-\uFAFF\u{20000}-\u{2A6DF}\u{2A700}-\u{2B81F}\u{2B920}-\u{2CEAF}\u{2F800}-\u{2FA1F}]/gu;

function bertNormalizer(settings: JsonObject): Step {
  const {
    clean_text: cleans = true,
    handle_chinese_chars: isolates = true,
    lowercase: lowers = true,
    strip_accents: strips,
  } = settings;
  const steps: Step[] = [];
  if (cleans === true) {
    steps.push((text) => text.replace(controls, '').replace(/\p{White_Space}/gu, ' '));
  }
  if (isolates === true) steps.push((text) => text.replace(ideographs, ' $& '));
  if ((strips ?? lowers) === true) steps.push((text) => toForm(text, 'NFD').replace(nonspacingMarks, ''));
  if (lowers === true) steps.push(lowercase);
  return (text) => steps.reduce((done, step) => step(done), text);
}
