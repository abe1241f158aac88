/**
 * What the tokenizer's class in transformers makes of tokenizer_config.json: settings there win over tokenizer.json.
 *
 * Source: https://github.com/huggingface/transformers 4.57 and 5.24, `tokenization_*_fast.py`.
 */
import { ownField, type JsonObject } from '../../model/json-file.ts';
import { toList, toObject } from './fields.ts';
import type { Side } from './truncate.ts';

/** `BertTokenizer` for `BertTokenizerFast`. */
function classOf(settings: JsonObject): string {
  const { tokenizer_class: name } = settings;
  return typeof name === 'string' ? name.replace(/Fast$/, '') : '';
}

/** tokenizer.json as its class would change it. */
export function withClassSettings(
  definition: JsonObject,
  settings: JsonObject,
  tokens: SpecialTokens,
): JsonObject {
  switch (classOf(settings)) {
    case 'BertTokenizer':
      return withBertSettings(definition, settings);
    case 'GPT2Tokenizer':
    case 'GPTNeoXTokenizer':
    case 'RobertaTokenizer':
      return withPrefixSpace(definition, settings);
    case 'LlamaTokenizer':
    case 'CodeLlamaTokenizer':
    case 'GemmaTokenizer':
      return withEnds(definition, settings, tokens);
    default:
      return definition;
  }
}

/** The class's own defaults count where the settings are absent. */
function withBertSettings(definition: JsonObject, settings: JsonObject): JsonObject {
  const normalizer = toObject(definition['normalizer']);
  if (normalizer['type'] !== 'BertNormalizer') return definition;
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

/** Without the setting no space is put before a text, whatever tokenizer.json says. */
function withPrefixSpace(definition: JsonObject, { add_prefix_space: prefixed }: JsonObject): JsonObject {
  const preTokenizer = toObject(definition['pre_tokenizer']);
  if (preTokenizer['type'] !== 'ByteLevel') return definition;
  return { ...definition, pre_tokenizer: { ...preTokenizer, add_prefix_space: prefixed === true } };
}

/**
 * Llama's and Gemma's post-processor is made anew where the settings say whether a text begins or ends with a token, as
 * transformers 4 does; by the class it begins with one and does not end with one.
 */
function withEnds(definition: JsonObject, settings: JsonObject, { bos, eos }: SpecialTokens): JsonObject {
  const { add_bos_token: begins = true, add_eos_token: ends = false } = settings;
  if (!('add_bos_token' in settings || 'add_eos_token' in settings)) return definition;
  const added = toList(definition['added_tokens']).map(toObject);
  const vocab = toObject(toObject(definition['model'])['vocab']);
  const special = (token: string | undefined, wanted: unknown, type: number): readonly JsonObject[] => {
    const id = token === undefined || wanted !== true ? undefined : idOf(token, added, vocab);
    return id === undefined ? [] : [{ SpecialToken: { id: String(id), type_id: type } }];
  };
  const around = (text: string, type: number): readonly JsonObject[] => [
    ...special(bos, begins, type),
    { Sequence: { id: text, type_id: type } },
    ...special(eos, ends, type),
  ];
  const single = around('A', 0);
  const pair = [...single, ...around('B', 1)];
  const ids = pair.flatMap((part) => ownField(toObject(ownField(part, 'SpecialToken')), 'id') ?? []);
  const tokens = Object.fromEntries(ids.map((id) => [id, { ids: [Number(id)] }]));
  return {
    ...definition,
    post_processor: { type: 'TemplateProcessing', single, pair, special_tokens: tokens },
  };
}

function idOf(token: string, added: readonly JsonObject[], vocab: JsonObject): number | undefined {
  const id = added.find(({ content }) => content === token)?.['id'] ?? ownField(vocab, token);
  return typeof id === 'number' ? id : undefined;
}

/** Where a text that is too long is cut; tokenizer.json counts where the settings do not say it. */
export function readSide(definition: JsonObject, settings: JsonObject): Side {
  const { direction } = toObject(definition['truncation']);
  const stated = ownField(settings, 'truncation_side') ?? (direction === 'Left' ? 'left' : 'right');
  return stated === 'left' ? 'left' : 'right';
}

/** The tokens that stand for the padding, and for a text's beginning and end. */
export interface SpecialTokens {
  readonly pad: string | undefined;
  readonly bos: string | undefined;
  readonly eos: string | undefined;
}

/** What a class calls them where no file does. */
const classTokens: Readonly<Record<string, Partial<SpecialTokens>>> = {
  BertTokenizer: { pad: '[PAD]' },
  DistilBertTokenizer: { pad: '[PAD]' },
  ElectraTokenizer: { pad: '[PAD]' },
  MPNetTokenizer: { pad: '<pad>', bos: '<s>', eos: '</s>' },
  RobertaTokenizer: { pad: '<pad>', bos: '<s>', eos: '</s>' },
  XLMRobertaTokenizer: { pad: '<pad>', bos: '<s>', eos: '</s>' },
  T5Tokenizer: { pad: '<pad>', eos: '</s>' },
  GPT2Tokenizer: { bos: '<|endoftext|>', eos: '<|endoftext|>' },
  Qwen2Tokenizer: { pad: '<|endoftext|>', eos: '<|endoftext|>' },
  LlamaTokenizer: { bos: '<s>', eos: '</s>' },
  GemmaTokenizer: { pad: '<pad>', bos: '<bos>', eos: '<eos>' },
};

/**
 * special_tokens_map.json counts only beside settings from before 2023, which do not list the added tokens, and then it wins.
 * A token that is stated to be null is none.
 */
export function readSpecialTokens(
  definition: JsonObject,
  settings: JsonObject,
  tokensMap: JsonObject,
): SpecialTokens {
  const stated = Object.hasOwn(settings, 'added_tokens_decoder') ? settings : { ...settings, ...tokensMap };
  const defaults = classTokens[classOf(settings)] ?? {};
  const find = (name: string, otherwise: unknown): string | undefined => {
    const value = Object.hasOwn(stated, name) ? stated[name] : otherwise;
    const token = typeof value === 'string' ? value : toObject(value)['content'];
    return typeof token === 'string' ? token : undefined;
  };
  return {
    pad: find('pad_token', defaults.pad ?? toObject(definition['padding'])['pad_token']),
    bos: find('bos_token', defaults.bos),
    eos: find('eos_token', defaults.eos),
  };
}
