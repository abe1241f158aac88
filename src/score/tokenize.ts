/**
 * Text to token ids, as the Rust library and the tokenizer's class in transformers compute them from tokenizer.json and
 * tokenizer_config.json.
 *
 * The only door to @huggingface/tokenizers, which knows how to say an Oniguruma regular expression in JavaScript. What
 * else it does differs from the Rust library on some text, so it is done here: see docs/decisions.md.
 */
import { SplitPreTokenizer } from '@huggingface/tokenizers';
import { KnownError } from '../errors.ts';
import { parseJson } from '../model/json-file.ts';
import { nameFile, readFile } from '../model/small-file.ts';
import { checkTokenizerFile } from '../model/vocabulary.ts';
import type { Source } from '../source/source.ts';
import { parseAddedTokens, tokensOf, type AddedTokens } from './tokenize/added-tokens.ts';
import { readSide, readSpecialTokens, withClassSettings } from './tokenize/class-settings.ts';
import { toList, toObject } from './tokenize/fields.ts';
import { parseModel } from './tokenize/models.ts';
import { textsOf } from './tokenize/decoder.ts';
import type { Model } from './tokenize/model.ts';
import { parseNormalizer, type Normalizer } from './tokenize/normalizers.ts';
import { addedCount, fillTemplate, parsePostProcessor, type Templates } from './tokenize/post-processor.ts';
import { parsePreTokenizer, type PreTokenizer } from './tokenize/pre-tokenizers.ts';
import { shareRoom, truncate, type Side } from './tokenize/truncate.ts';

/** The largest real tokenizer.json files are 17 to 33 MB (XLM-R, Gemma). */
const limitBytes = 64 * 1024 * 1024;

export interface Encoded {
  /** (seq,) with special tokens, at most the asked length. */
  readonly ids: readonly number[];
  /** Tokens before truncation, special ones counted. */
  readonly fullCount: number;
}

export interface EncodedPair extends Encoded {
  /** (seq,) which text each token belongs to, as the model was trained to be told: BERT says 0 and 1, RoBERTa always 0. */
  readonly types: readonly number[];
}

/** All that encodes, which is the same for files of the same bytes. */
interface Built extends Pick<TextTokenizer, 'padId' | 'eosId' | 'bosId'> {
  readonly normalize: Normalizer;
  readonly split: PreTokenizer;
  readonly model: Model;
  readonly added: AddedTokens;
  readonly templates: Templates;
  readonly side: Side;
  readonly textOf: (id: number) => string | undefined;
}

type Files = readonly (Uint8Array | undefined)[];

/** The last that was built: models that are mixed often have one tokenizer, and building one takes up to a second. */
let last: { readonly files: Files; readonly built: Built } | undefined;

export class TextTokenizer {
  /** The id of the token that fills up a batch, ends a text, begins one; `undefined` if the tokenizer has none. */
  readonly padId: number | undefined;
  readonly eosId: number | undefined;
  readonly bosId: number | undefined;
  readonly #name: string;
  readonly #built: Built;

  private constructor(name: string, built: Built) {
    this.#name = name;
    this.#built = built;
    ({ padId: this.padId, eosId: this.eosId, bosId: this.bosId } = built);
  }

  /**
   * Throws `tokenizer-missing` when the model brings no vocabulary, `tokenizer-other-format` when it brings one that is no
   * tokenizer.json, `tokenizer-unsupported` when that cannot be built.
   */
  static async read(source: Source): Promise<TextTokenizer> {
    const files = await Promise.all(paths.map((path) => readFile(source, path, limitBytes)));
    if (files[0] === undefined) checkTokenizerFile(source.name, await source.list());
    if (last === undefined || !areSame(last.files, files)) last = { files, built: build(source, files) };
    return new TextTokenizer(source.name, last.built);
  }

  /** The shortest limit that leaves room for a token of the text. */
  get leastTokens(): number {
    return addedCount(this.#built.templates.single) + 1;
  }

  /**
   * Ids with special tokens, truncated to `maxTokens` as the Rust library does: the text gives way, special tokens stay.
   * Throws `tokenizer-unsupported` if the tokenizer has no token for some of the text.
   */
  encode(text: string, maxTokens: number): Encoded {
    const { single } = this.#built.templates;
    const bare = this.#encodeBare(text);
    const room = Math.max(0, maxTokens - addedCount(single));
    const { ids } = fillTemplate(single, truncate(bare, room, this.#built.side), []);
    return { ids, fullCount: bare.length + addedCount(single) };
  }

  /** As `encode`, for two texts that are read together; the longer one gives way first. */
  encodePair(first: string, second: string, maxTokens: number): EncodedPair {
    const { pair } = this.#built.templates;
    const bare = [this.#encodeBare(first), this.#encodeBare(second)] as const;
    const room = Math.max(0, maxTokens - addedCount(pair));
    const kept = shareRoom(bare[0].length, bare[1].length, room);
    const [left, right] = [
      truncate(bare[0], kept[0], this.#built.side),
      truncate(bare[1], kept[1], this.#built.side),
    ];
    return {
      ...fillTemplate(pair, left, right),
      fullCount: bare[0].length + bare[1].length + addedCount(pair),
    };
  }

  /** What a token adds in the middle of a text, see tokenize/decoder.ts; `undefined` where no token has this id. */
  textOf(id: number): string | undefined {
    return this.#built.textOf(id);
  }

  /** Ids without special tokens, not truncated. */
  #encodeBare(text: string): readonly number[] {
    const ids: number[] = [];
    // half of a surrogate pair is no character: UTF-8 has none for it
    const whole = text.replace(/\p{Surrogate}/gu, '\uFFFD');
    for (const { start, end, id } of this.#built.added.inText(whole)) {
      if (id !== undefined) ids.push(id);
      else this.#encodeStretch(whole.slice(start, end), start === 0, ids);
    }
    return ids;
  }

  /** What lies between added tokens that are found before normalizing. */
  #encodeStretch(text: string, atStart: boolean, ids: number[]): void {
    const { text: normalized, startDropped } = this.#built.normalize(text);
    for (const { start, end, id } of this.#built.added.inNormalized(normalized)) {
      if (id !== undefined) ids.push(id);
      else this.#encodeWords(normalized.slice(start, end), atStart && !startDropped && start === 0, ids);
    }
  }

  #encodeWords(text: string, atStart: boolean, ids: number[]): void {
    for (const word of this.#built.split({ text, atStart })) {
      if (word.text === '') continue;
      const found = this.#built.model.encode(word.text);
      if (found === undefined) {
        const why = `it has no token for ${JSON.stringify(word.text.slice(0, 40))}`;
        throw new KnownError('tokenizer-unsupported', { model: this.#name, why });
      }
      for (const id of found) ids.push(id);
    }
  }
}

const paths = ['tokenizer.json', 'tokenizer_config.json', 'special_tokens_map.json'] as const;

/** @param files (3,) as in `paths`, those that the model has. Throws `json-invalid`, `tokenizer-unsupported`. */
function build(source: Source, files: Files): Built {
  const [file, settings, tokensFile] = files.map((bytes, f) =>
    toObject(bytes && parseJson(bytes, nameFile(source, paths[f]!))),
  );
  try {
    const { pad, eos, bos } = readSpecialTokens(file!, settings!, tokensFile!);
    const definition = withClassSettings(file!, settings!, { pad, eos, bos });
    const normalize = parseNormalizer(definition['normalizer'], compile);
    const model = parseModel(definition['model']);
    const entries = [...toList(definition['added_tokens']), ...tokensOf(settings!)];
    const added = parseAddedTokens(entries, model, normalize);
    const idOf = (token: string | undefined) =>
      token === undefined ? undefined : (added.ids.get(token) ?? model.idOf(token));
    // a map of the whole vocabulary, made when a token is first shown
    let texts: Built['textOf'] | undefined;
    return {
      ...{ normalize, model, added },
      textOf(id) {
        texts ??= textsOf(model.entries(), added.ids, definition['decoder'], compile);
        return texts(id);
      },
      split: parsePreTokenizer(definition['pre_tokenizer'], compile),
      templates: parsePostProcessor(definition['post_processor']),
      side: readSide(definition, settings!),
      ...{ padId: idOf(pad), eosId: idOf(eos), bosId: idOf(bos) },
    };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new KnownError('tokenizer-unsupported', { model: source.name, why }, { cause: error });
  }
}

function areSame(some: Files, others: Files): boolean {
  return some.every((bytes, f) => {
    const other = others[f];
    return bytes?.length === other?.length && (bytes?.every((byte, i) => byte === other![i]) ?? true);
  });
}

/** Oniguruma ignores case as Unicode does: ſ is an s and K a k. */
function compile(source: string): RegExp {
  const folded = source.replace(/\(\?i:[^()[\]]*\)/g, (group) =>
    group.replace(/\\.|[sk]/gi, (part) => ({ s: '[sſ]', k: '[k\u212A]' })[part.toLowerCase()] ?? part),
  );
  const { pattern } = new SplitPreTokenizer({
    ...{ type: 'Split', pattern: { Regex: folded } },
    ...{ behavior: 'Isolated', invert: false },
  });
  if (pattern === null) throw new TypeError(`its pattern ${source} is unknown`);
  return pattern;
}
