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

export class TextTokenizer {
  readonly #tokenizer: Tokenizer;
  readonly #keepEnd: boolean;
  /** Special tokens that the post-processor puts before and after a text. */
  readonly #prefixCount: number;
  readonly #specialCount: number;

  private constructor(tokenizer: Tokenizer, keepEnd: boolean) {
    this.#tokenizer = tokenizer;
    this.#keepEnd = keepEnd;
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
      const definition = withBertSettings(toRecord(tokenizer), settings);
      return new TextTokenizer(new Tokenizer(definition, settings), settings['truncation_side'] === 'left');
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new KnownError('tokenizer-unsupported', { model: source.name, why }, { cause: error });
    }
  }

  /** Ids with special tokens, truncated to `maxTokens` as the Rust library does: the text gives way, special tokens stay. */
  encode(text: string, maxTokens: number): Encoded {
    const whole = this.#tokenizer.encode(text).ids;
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
