/**
 * The normalizer of a sentencepiece model: rules that were compiled to a table, which replaces stretches of a text.
 *
 *   4 bytes   n, uint32 little-endian
 *   n bytes   a double array: a trie over UTF-8 bytes, one uint32 a node (see `Unit`)
 *   the rest  replacements in UTF-8, each ended by a zero byte; a leaf of the trie holds the place of one
 *
 * Sentencepiece replaces the longest stretch that has a rule. The Rust library looks only at one grapheme at a time and
 * takes the shortest rule that the grapheme begins with, for the whole of it; we do what the library does.
 *
 * Source: https://github.com/google/sentencepiece, normalizer.cc; https://github.com/s-yata/darts-clone (the units);
 * https://github.com/huggingface/tokenizers, normalizers/precompiled.rs.
 */
import { show } from './fields.ts';

/** A longer grapheme is replaced character by character, whatever rules there are for it. */
const graphemeBytes = 6;

/** Replacements that are remembered; a text has few kinds of graphemes. */
const cachedGraphemes = 10_000;

/** Without one of these, every grapheme shorter than the limit is one character. */
const joins = /[\p{M}\p{Cf}\p{Grapheme_Extend}\p{Emoji_Modifier}\r\u0D4E\u0E33\u0EB3]/u;

/** @param value the table in base64 */
export function parsePrecompiled(value: unknown): (text: string) => string {
  if (typeof value !== 'string') throw new TypeError(`its precompiled_charsmap is ${show(value)}`);
  const ruleOf = readRules(decodeBase64(value));
  const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });
  const known = new Map<string, string>();

  const normalizeGrapheme = (grapheme: string): string => {
    const found = known.get(grapheme);
    if (found !== undefined) return found;
    const bytes = encoder.encode(grapheme);
    const whole = bytes.length < graphemeBytes ? ruleOf(bytes) : undefined;
    const done =
      whole ?? Array.from(grapheme, (character) => ruleOf(encoder.encode(character)) ?? character).join('');
    if (known.size >= cachedGraphemes) known.clear();
    known.set(grapheme, done);
    return done;
  };

  return (text) => {
    let done = '';
    if (joins.test(text))
      for (const { segment } of segmenter.segment(text)) done += normalizeGrapheme(segment);
    else for (const character of text) done += normalizeGrapheme(character);
    return done;
  };
}

const encoder = new TextEncoder();

function decodeBase64(text: string): Uint8Array<ArrayBuffer> {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch (error) {
    throw new TypeError('its precompiled_charsmap is not base64', { cause: error });
  }
}

/**
 * A double array's unit, 32 bits: the byte that led to it (0 to 7), whether a rule ends there (8), and how far its
 * children are (10 to 30, 256 times as much if bit 9 is set). A leaf has its value (0 to 30) and bit 31.
 */
const hasLeaf = (unit: number): boolean => ((unit >>> 8) & 1) === 1;
const labelOf = (unit: number): number => (unit & 0x800000ff) >>> 0;
const valueOf = (unit: number): number => unit & 0x7fffffff;
const offsetOf = (unit: number): number => (unit >>> 10) << ((unit & 0x200) >>> 6);

/** Bytes to the replacement of the shortest rule that they begin with. */
function readRules(table: Uint8Array<ArrayBuffer>): (bytes: Uint8Array) => string | undefined {
  const view = new DataView(table.buffer);
  const trieBytes = table.length < 4 ? 0 : view.getUint32(0, true);
  if (trieBytes < 4 || trieBytes % 4 !== 0 || 4 + trieBytes > table.length) {
    throw new TypeError('its precompiled_charsmap is cut short');
  }
  const units = Uint32Array.from({ length: trieBytes / 4 }, (_, i) => view.getUint32(4 + 4 * i, true));
  const replacements = table.subarray(4 + trieBytes);
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

  return (bytes) => {
    let at = offsetOf(units[0]!);
    for (const byte of bytes) {
      if (byte === 0) return undefined;
      at ^= byte;
      const unit = units[at];
      if (unit === undefined || labelOf(unit) !== byte) return undefined;
      at ^= offsetOf(unit);
      if (!hasLeaf(unit)) continue;
      const start = valueOf(units[at] ?? 0);
      const end = replacements.indexOf(0, start);
      return decoder.decode(replacements.subarray(start, end < 0 ? replacements.length : end));
    }
    return undefined;
  };
}
