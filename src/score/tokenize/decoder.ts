/**
 * What a single token adds in the middle of a text: the decoder of tokenizer.json, but for what it does to a text's ends.
 *
 * Source: https://github.com/huggingface/tokenizers, decoders.
 */
import type { JsonObject } from '../../model/json-file.ts';
import { toBytes } from './byte-level.ts';
import { readText, toList, toObject } from './fields.ts';
import { parsePattern, replaceAt, type Compile } from './pattern.ts';

/** A token as it is written in the vocabulary to the text, or the bytes, that it stands for. */
type Decoder = (token: string) => string | Uint8Array;

/**
 * By id, what a token adds in the middle of a text; bytes that are no whole character are written `<0xE4>`. Where the decoder cannot
 * be built, tokens as they are written in the vocabulary.
 *
 * @param own the model's tokens
 * @param added tokens beside the model's own, which are what they say
 */
export function textsOf(
  own: Iterable<readonly [token: string, id: number]>,
  added: ReadonlyMap<string, number>,
  definition: unknown,
  compile: Compile,
): (id: number) => string | undefined {
  const decode = parseOrPass(definition, compile);
  const tokens = new Map(Array.from(own, ([token, id]) => [id, token]));
  const contents = new Map([...added].map(([content, id]) => [id, content]));
  return (id) => {
    const content = contents.get(id);
    const token = tokens.get(id);
    if (content !== undefined || token === undefined) return content;
    const decoded = decode(token);
    return typeof decoded === 'string' ? decoded : printBytes(decoded);
  };
}

function parseOrPass(definition: unknown, compile: Compile): Decoder {
  try {
    return parseDecoder(definition, compile);
  } catch (error) {
    // what is wrong with a tokenizer's file; to show a token is not worth a refusal
    if (error instanceof TypeError) return (token) => token;
    throw error;
  }
}

/** A kind that is not known here leaves tokens as they are written. */
function parseDecoder(value: unknown, compile: Compile): Decoder {
  const steps = flatten(value).map((settings) => parseStep(settings, compile));
  return (token) =>
    steps.reduce<string | Uint8Array>((done, step) => (typeof done === 'string' ? step(done) : done), token);
}

/** A sequence of sequences as one. */
function flatten(value: unknown): readonly JsonObject[] {
  const settings = toObject(value);
  return settings['type'] === 'Sequence' ? toList(settings['decoders']).flatMap(flatten) : [settings];
}

function parseStep(settings: JsonObject, compile: Compile): Decoder {
  switch (settings['type']) {
    case 'ByteLevel':
      return (token) => toBytes(token) ?? token;
    case 'ByteFallback':
      return (token) => {
        const digits = /^<0x([0-9A-F]{2})>$/i.exec(token)?.[1];
        return digits === undefined ? token : Uint8Array.of(parseInt(digits, 16));
      };
    case 'Metaspace': {
      const mark = readText({ replacement: '▁', ...settings }, 'replacement');
      return (token) => token.replaceAll(mark, ' ');
    }
    case 'Replace': {
      const pattern = parsePattern(settings['pattern'], compile);
      const content = readText(settings, 'content');
      return (token) => replaceAt(token, pattern(token), content);
    }
    case 'BPEDecoder': {
      const suffix = readText({ suffix: '</w>', ...settings }, 'suffix');
      return (token) => token.replaceAll(suffix, ' ');
    }
    default:
      return (token) => token;
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** As UTF-8; a byte that is part of no whole character is written `<0xE4>`. */
function printBytes(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length;) {
    const character = characterAt(bytes, at);
    text += character ?? `<0x${bytes[at]!.toString(16).toUpperCase().padStart(2, '0')}>`;
    at += character === undefined ? 1 : encodedLength(bytes[at]!);
  }
  return text;
}

function characterAt(bytes: Uint8Array, at: number): string | undefined {
  const end = at + encodedLength(bytes[at]!);
  if (end > bytes.length) return undefined;
  try {
    return decoder.decode(bytes.subarray(at, end));
  } catch {
    return undefined;
  }
}

/** Of a character that begins with this byte; a byte that begins none counts as one. */
function encodedLength(first: number): number {
  return first < 0xc0 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}
