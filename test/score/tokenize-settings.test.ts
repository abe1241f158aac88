/** What tokenizer_config.json and special_tokens_map.json say: ids as transformers 5.24 has them. */
import { describe, expect, test } from 'vitest';
import { TextTokenizer } from '../../src/score/tokenize.ts';
import gpt2 from '../fixtures/tokenizers/gpt2/tokenizer.json' with { type: 'json' };
import llama from '../fixtures/tokenizers/llama2/tokenizer.json' with { type: 'json' };
import roberta from '../fixtures/tokenizers/roberta/tokenizer.json' with { type: 'json' };
import wordPiece from '../fixtures/tokenizers/wordpiece-cased/tokenizer.json' with { type: 'json' };
import { sourceOf } from '../model/models.ts';

type Files = Readonly<Record<string, unknown>>;

function read(tokenizer: unknown, settings?: Files, tokensMap?: Files): Promise<TextTokenizer> {
  const given = {
    'tokenizer.json': tokenizer,
    'tokenizer_config.json': settings,
    'special_tokens_map.json': tokensMap,
  };
  return TextTokenizer.read(
    sourceOf(Object.fromEntries(Object.entries(given).filter(([, file]) => file !== undefined))),
  );
}

describe('special tokens', () => {
  const map = { pad_token: '</s>', bos_token: '<s>' };

  test.each<[string, Files | undefined, Files | undefined, readonly (number | undefined)[]]>([
    ['a text', { pad_token: '<pad>', bos_token: '<s>', eos_token: '</s>' }, undefined, [1, 0, 2]],
    ['an object', { pad_token: { content: '<pad>', lstrip: false } }, undefined, [1, undefined, undefined]],
    ['null', { pad_token: null, eos_token: '</s>' }, undefined, [undefined, undefined, 2]],
    ['no token of the vocabulary', { pad_token: '[PAD]' }, undefined, [undefined, undefined, undefined]],
    ['the other file alone', undefined, map, [2, 0, undefined]],
    ['the other file, which wins', { pad_token: '<pad>', eos_token: '</s>' }, map, [2, 0, 2]],
    [
      'both, with the tokens listed',
      { pad_token: '<pad>', added_tokens_decoder: {} },
      map,
      [1, undefined, undefined],
    ],
    ['nothing but its class', { tokenizer_class: 'RobertaTokenizerFast' }, undefined, [1, 0, 2]],
  ])('are those of %s', async (_, settings, tokensMap, want) => {
    const { padId, bosId, eosId } = await read(roberta, settings, tokensMap);
    expect([padId, bosId, eosId]).toEqual(want);
  });

  test('are filled up with the padding that tokenizer.json states', async () => {
    const padding = { strategy: 'BatchLongest', pad_id: 1, pad_type_id: 0, pad_token: '<pad>' };
    expect((await read({ ...roberta, padding })).padId).toBe(1);
  });
});

describe('the class of a tokenizer', () => {
  test.each([
    [undefined, 'a', ['<s>']],
    [{ add_bos_token: true, add_eos_token: true }, 'a', ['<s>', '</s>']],
    [{ add_bos_token: false }, 'a', []],
    [{ add_eos_token: true }, 'a', ['<s>', '</s>']],
    [{ add_bos_token: false, add_eos_token: true }, 'a', ['</s>']],
    [{ add_eos_token: false }, 'a', ['<s>']],
  ])('puts ends around a text of Llama where the settings %j say so', async (ends, text, want) => {
    const names = { tokenizer_class: 'LlamaTokenizer', bos_token: '<s>', eos_token: '</s>' };
    const { ids } = (await read(llama, { ...names, ...ends })).encode(text, Infinity);
    const added = llama.added_tokens.map(({ content, id }) => [id, content] as const);
    const byId = new Map<number, string>(added);
    expect(ids.flatMap((id) => byId.get(id) ?? [])).toEqual(want);
  });

  test('puts ends around both texts of a pair', async () => {
    const names = {
      tokenizer_class: 'LlamaTokenizer',
      bos_token: '<s>',
      eos_token: '</s>',
      add_eos_token: true,
    };
    const tokenizer = await read(llama, names);
    const [first, second] = ['a', 'b'].map((text) => tokenizer.encode(text, Infinity).ids);
    const pair = tokenizer.encodePair('a', 'b', Infinity);
    expect(pair.ids).toEqual([...first!, ...second!]);
    expect(pair.types).toEqual([...first!.map(() => 0), ...second!.map(() => 1)]);
  });

  test('puts a space before a text of GPT-2 where the settings say so', async () => {
    const plain = await read(gpt2, { tokenizer_class: 'GPT2Tokenizer' });
    const prefixed = await read(gpt2, { tokenizer_class: 'GPT2Tokenizer', add_prefix_space: true });
    expect(prefixed.encode('the', 9)).toEqual(plain.encode(' the', 9));
    expect(prefixed.encode('the', 9)).not.toEqual(plain.encode('the', 9));
  });

  test.each(['GPT2TokenizerFast', 'RobertaTokenizer', 'GPTNeoXTokenizerFast'])(
    'puts no space before a text of %s where only tokenizer.json says so',
    async (tokenizer_class) => {
      const prefixing = { ...gpt2, pre_tokenizer: { ...gpt2.pre_tokenizer, add_prefix_space: true } };
      const plain = await read(gpt2, {});
      expect((await read(prefixing, { tokenizer_class })).encode('the', 9)).toEqual(plain.encode('the', 9));
      expect((await read(prefixing, {})).encode('the', 9)).toEqual(plain.encode(' the', 9));
    },
  );

  test.each([
    ['the settings say so', 'left', undefined, 'left'],
    ['tokenizer.json says so', undefined, 'Left', 'left'],
    ['the settings say so and tokenizer.json does not', 'left', 'Right', 'left'],
    ['tokenizer.json says so and the settings do not', 'right', 'Left', 'right'],
  ])('cuts at the left where %s', async (_, truncation_side, direction, want) => {
    const truncation = { direction, max_length: 3, strategy: 'LongestFirst', stride: 0 };
    const tokenizer = await read({ ...wordPiece, truncation }, { truncation_side });
    const whole = tokenizer.encode('a b c d e', Infinity).ids;
    const left = [whole[0], ...whole.slice(-3)];
    const right = [...whole.slice(0, 3), whole.at(-1)];
    expect(tokenizer.encode('a b c d e', 4).ids).toEqual(want === 'left' ? left : right);
  });
});

describe('tokens that the settings list', () => {
  const mask = roberta.added_tokens.find(({ content }) => content === '<mask>')!;
  const idsOf = async (added_tokens_decoder: Files, text: string) =>
    (await read(roberta, { added_tokens_decoder })).encode(text, Infinity).ids;

  test('take white space as they say, and not as tokenizer.json does', async () => {
    const listed = (lstrip: boolean) => ({ [mask.id]: { ...mask, lstrip } });
    expect(await idsOf(listed(true), 'a <mask> b')).toEqual([0, 68, 500, 278, 2]);
    expect(await idsOf(listed(false), 'a <mask> b')).toEqual([0, 68, 224, 500, 278, 2]);
  });

  test('are tokens though tokenizer.json has none of them, numbered in their order', async () => {
    const decoder = { 507: { content: '<new>', special: true }, 502: { content: '<two>', lstrip: true } };
    const want = [0, 68, 500, 278, 224, 502, 501, 2];
    expect(await idsOf(decoder, 'a <mask> b <new>  <two>')).toEqual(want);
  });
});

describe('Metaspace before the first word alone', () => {
  const [mark, h] = [1, 2];
  const model = {
    type: 'Unigram',
    unk_id: 0,
    vocab: [
      ['<unk>', 0],
      ['▁', -1],
      ['h', -1],
    ],
  };
  const pre_tokenizer = { type: 'Metaspace', replacement: '▁', prepend_scheme: 'first', split: true };

  test.each([
    ['kept', null, ' h', [mark, h]],
    ['stripped', { type: 'Strip', strip_left: true, strip_right: true }, ' h', [h]],
    ['dropped', { type: 'Nmt' }, '\u0001h', [h]],
    ['another', { type: 'Lowercase' }, 'H', [mark, h]],
  ])('counts from the text as it came: its first character is %s', async (_, normalizer, text, want) => {
    expect((await read({ model, normalizer, pre_tokenizer })).encode(text, 9).ids).toEqual(want);
  });
});

describe('TextTokenizer', () => {
  test.each([
    ['WordPiece', { type: 'WordPiece', vocab: { a: 0 }, unk_token: '[UNK]' }],
    ['BPE', { type: 'BPE', vocab: { a: 0 }, merges: [], unk_token: '<unk>' }],
    ['Unigram', { type: 'Unigram', vocab: [['a', -1]] }],
    ['WordLevel', { type: 'WordLevel', vocab: { a: 0 }, unk_token: '<unk>' }],
  ])('says so when a text has what a %s without an unknown token does not know', async (_, model) => {
    const tokenizer = await read({ model });
    expect(tokenizer.encode('a', 9).ids).toEqual([0]);
    expect(() => tokenizer.encode('b', 9)).toThrow('tokenizer-unsupported');
  });

  test('takes half of a surrogate pair for the replacement character', async () => {
    const tokenizer = await read(gpt2);
    expect(tokenizer.encode('a\uD800b', 99)).toEqual(tokenizer.encode('a\uFFFDb', 99));
  });

  test.each([
    ['a charsmap that is cut short', { normalizer: { type: 'Precompiled', precompiled_charsmap: 'AAAA' } }],
    ['a charsmap that is not base64', { normalizer: { type: 'Precompiled', precompiled_charsmap: '?' } }],
    ['a merge without its token', { model: { type: 'BPE', vocab: { a: 0 }, merges: ['a a'] } }],
    [
      'a pattern that is no regular expression',
      { normalizer: { type: 'Replace', pattern: { Regex: '(' }, content: '' } },
    ],
    [
      'a template with an unknown token',
      { post_processor: { type: 'TemplateProcessing', single: ['[X]', '$A'] } },
    ],
    ['two templates', { post_processor: { type: 'Sequence', processors: [bert(), bert()] } }],
  ])('refuses %s', async (_, change) => {
    await expect(read({ ...gpt2, ...change })).rejects.toThrow('tokenizer-unsupported');
  });
});

function bert(): Files {
  return { type: 'BertProcessing', sep: ['[SEP]', 2], cls: ['[CLS]', 1] };
}
