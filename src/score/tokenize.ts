/**
 * The only door to @huggingface/tokenizers: text to token ids, with the special tokens and the truncation that the
 * library leaves to its callers.
 */
import { Tokenizer } from '@huggingface/tokenizers';
import { KnownError } from '../errors.ts';
import { readJson } from '../model/json-file.ts';
import type { Source } from '../source/source.ts';

/** The largest real tokenizer.json files are 17 to 33 MB (XLM-R, Gemma). */
const limitBytes = 64 * 1024 * 1024;

export interface Encoded {
  /** (seq,) with special tokens, at most the asked length. */
  readonly ids: readonly number[];
  /** Tokens before truncation, special ones counted. */
  readonly fullCount: number;
}

/**
 * Ideographs beyond the basic plane, each a word of its own to BERT. The library looks at UTF-16 units and misses them.
 * The ranges are the Rust library's, which leaves out U+2B820 to U+2B91F.
 *
 * Source: https://github.com/huggingface/tokenizers, `is_chinese_char` in normalizers/bert.rs.
 */
const astralIdeographs = /[\u{20000}-\u{2A6DF}\u{2A700}-\u{2B81F}\u{2B920}-\u{2CEAF}\u{2F800}-\u{2FA1F}]/gu;

export class TextTokenizer {
  readonly #tokenizer: Tokenizer;
  /** The normalizer puts spaces around ideographs. */
  readonly #isolatesIdeographs: boolean;
  readonly #keepEnd: boolean;
  /** Special tokens that the post-processor puts before and after a text. */
  readonly #prefixCount: number;
  readonly #specialCount: number;

  private constructor(definition: Record<string, unknown>, settings: Record<string, unknown>) {
    const tokenizer = new Tokenizer(definition, settings);
    this.#tokenizer = tokenizer;
    const idOf = (token: unknown) => {
      const text = typeof token === 'string' ? token : (token as { content?: string } | null)?.content;
      return text === undefined ? undefined : tokenizer.token_to_id(text);
    };
    this.padId = idOf(settings['pad_token']);
    this.eosId = idOf(settings['eos_token']);
    this.#isolatesIdeographs = isolatesIdeographs(toRecord(definition['normalizer']));
    this.#keepEnd = settings['truncation_side'] === 'left';
    const bare = tokenizer.encode('a', { add_special_tokens: false }).ids;
    const whole = tokenizer.encode('a').ids;
    this.#specialCount = whole.length - bare.length;
    const starts = Array.from({ length: this.#specialCount + 1 }, (_, start) => start);
    const at = starts.find((start) => bare.every((id, s) => whole[start + s] === id));
    this.#prefixCount = at ?? 0;
  }

  /** Throws `tokenizer-missing` when there is no tokenizer.json, `tokenizer-unsupported` when it cannot be built. */
  static async read(source: Source): Promise<TextTokenizer> {
    const tokenizer = await readJson(source, 'tokenizer.json', limitBytes);
    if (tokenizer === undefined) throw new KnownError('tokenizer-missing', { model: source.name });
    const settings = toRecord(await readJson(source, 'tokenizer_config.json', limitBytes));
    try {
      checkModel(toRecord(tokenizer));
      return new TextTokenizer(withBertSettings(toRecord(tokenizer), settings), settings);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new KnownError('tokenizer-unsupported', { model: source.name, why }, { cause: error });
    }
  }

  padId: number | undefined;
  eosId: number | undefined;

  encodePair(
    first: string,
    second: string,
    maxTokens: number,
  ): { ids: readonly number[]; types: readonly number[]; fullCount: number } {
    const { ids, token_type_ids } = this.#tokenizer.encode(first, {
      text_pair: second,
      return_token_type_ids: true,
    }) as never as { ids: number[]; token_type_ids: number[] };
    return { ids, types: token_type_ids ?? ids.map(() => 0), fullCount: Math.min(ids.length, maxTokens) };
  }

  /** The shortest limit that leaves room for a token of the text. */
  get leastTokens(): number {
    return this.#specialCount + 1;
  }

  /** Ids with special tokens, truncated to `maxTokens` as the Rust library does: the text gives way, special tokens stay. */
  encode(text: string, maxTokens: number): Encoded {
    const spaced = this.#isolatesIdeographs ? text.replace(astralIdeographs, ' $& ') : text;
    const whole = this.#tokenizer.encode(spaced).ids;
    if (whole.length <= maxTokens) return { ids: whole, fullCount: whole.length };
    const bareCount = whole.length - this.#specialCount;
    const keptCount = Math.max(0, maxTokens - this.#specialCount);
    const start = this.#prefixCount + (this.#keepEnd ? bareCount - keptCount : 0);
    const ids = [
      ...whole.slice(0, this.#prefixCount),
      ...whole.slice(start, start + keptCount),
      ...whole.slice(this.#prefixCount + bareCount),
    ];
    return { ids, fullCount: whole.length };
  }
}

function toRecord(value: unknown): Record<string, unknown> {
  const isRecord = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isRecord ? (value as Record<string, unknown>) : {};
}

/** Files from before 2020 name no type; the library then tells it by the fields, as the Rust one does. */
const modelTypes: readonly unknown[] = ['WordPiece', 'BPE', 'Unigram', undefined];

/** Any other type the library would take for one of these, silently. */
function checkModel(definition: Record<string, unknown>): void {
  const { type } = toRecord(definition['model']);
  if (!modelTypes.includes(type)) throw new TypeError(`its model is of type ${JSON.stringify(type)}`);
}

function isolatesIdeographs(normalizer: Record<string, unknown>): boolean {
  const { type, normalizers, handle_chinese_chars: handled } = normalizer;
  if (type === 'Sequence' && Array.isArray(normalizers)) {
    return normalizers.map(toRecord).some(isolatesIdeographs);
  }
  return type === 'BertNormalizer' && handled === true;
}

const bertClasses: readonly unknown[] = ['BertTokenizer', 'BertTokenizerFast'];

/**
 * A BERT tokenizer's settings in tokenizer_config.json win over the normalizer in tokenizer.json, with the class's
 * own defaults where they are absent. Source: transformers 4, `BertTokenizerFast.__init__`.
 */
function withBertSettings(
  definition: Record<string, unknown>,
  settings: Record<string, unknown>,
): Record<string, unknown> {
  const normalizer = toRecord(definition['normalizer']);
  if (normalizer['type'] !== 'BertNormalizer' || !bertClasses.includes(settings['tokenizer_class'])) {
    return definition;
  }
  return {
    ...definition,
    normalizer: {
      ...normalizer,
      lowercase: settings['do_lower_case'] ?? true,
      strip_accents: settings['strip_accents'] ?? null,
      handle_chinese_chars: settings['tokenize_chinese_chars'] ?? true,
    },
  };
}
