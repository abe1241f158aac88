import { describe, expect, test } from 'vitest';
import { compareTokenizers } from '../../src/model/tokenizer-json.ts';

const wordPiece = {
  truncation: null,
  padding: null,
  added_tokens: [
    {
      id: 0,
      content: '[PAD]',
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    },
    {
      id: 1,
      content: '[UNK]',
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    },
  ],
  normalizer: { type: 'BertNormalizer', strip_accents: null, lowercase: true },
  pre_tokenizer: { type: 'BertPreTokenizer' },
  post_processor: { type: 'TemplateProcessing', special_tokens: { '[CLS]': { ids: [2] } } },
  decoder: { type: 'WordPiece', prefix: '##' },
  model: {
    type: 'WordPiece',
    unk_token: '[UNK]',
    continuing_subword_prefix: '##',
    max_input_chars_per_word: 100,
    vocab: { '[PAD]': 0, '[UNK]': 1, foo: 2, '##bar': 3 },
  },
};
const bpe = {
  added_tokens: [],
  normalizer: null,
  pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true },
  post_processor: { type: 'ByteLevel', trim_offsets: true },
  model: {
    type: 'BPE',
    dropout: null,
    unk_token: null,
    fuse_unk: false,
    byte_fallback: false,
    vocab: { a: 0, b: 1, ab: 2 },
    merges: ['a b', 'ab a'],
  },
};
const unigram = {
  added_tokens: [],
  pre_tokenizer: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true },
  model: {
    type: 'Unigram',
    unk_id: 0,
    vocab: [
      ['<unk>', 0],
      ['▁a', -2.5],
    ],
    byte_fallback: false,
  },
};

describe('compareTokenizers', () => {
  test.each([
    ['the same file', wordPiece, structuredClone(wordPiece)],
    ['truncation and padding', wordPiece, { ...wordPiece, truncation: { max_length: 128 }, padding: {} }],
    ['the decoder', wordPiece, { ...wordPiece, decoder: null }],
    [
      'the order of added tokens',
      wordPiece,
      { ...wordPiece, added_tokens: wordPiece.added_tokens.toReversed() },
    ],
    ['the order of the vocabulary', bpe, { ...bpe, model: { ...bpe.model, vocab: { ab: 2, b: 1, a: 0 } } }],
    [
      'merges as pairs',
      bpe,
      {
        ...bpe,
        model: {
          ...bpe.model,
          merges: [
            ['a', 'b'],
            ['ab', 'a'],
          ],
        },
      },
    ],
    ['defaults left out', bpe, { ...bpe, model: { vocab: bpe.model.vocab, merges: bpe.model.merges } }],
    ['an empty prefix', bpe, { ...bpe, model: { ...bpe.model, continuing_subword_prefix: '', dropout: 0 } }],
    ['a component left out', bpe, { ...bpe, normalizer: undefined }],
    ['offsets', bpe, { ...bpe, post_processor: { type: 'ByteLevel', trim_offsets: false } }],
    ['ByteLevel with its default', bpe, { ...bpe, pre_tokenizer: { ...bpe.pre_tokenizer, use_regex: true } }],
    [
      'Metaspace as it was spelt before',
      unigram,
      {
        ...unigram,
        pre_tokenizer: { type: 'Metaspace', replacement: '▁', str_rep: '▁', add_prefix_space: true },
      },
    ],
  ])('finds no difference in %s', (_, base, other) => {
    expect(compareTokenizers(base, other)).toBeUndefined();
    expect(compareTokenizers(other, base)).toBeUndefined();
  });

  const withModel = (tokenizer: typeof bpe | typeof wordPiece | typeof unigram, model: object) => ({
    ...tokenizer,
    model: { ...tokenizer.model, ...model },
  });
  const added = (change: object) => ({
    ...wordPiece,
    added_tokens: [wordPiece.added_tokens[0]!, { ...wordPiece.added_tokens[1]!, ...change }],
  });

  test.each([
    ['model.type is "WordPiece", not "BPE"', bpe, { ...bpe, model: { ...bpe.model, type: 'WordPiece' } }],
    [
      'token "foo" is 3, not 2',
      wordPiece,
      withModel(wordPiece, { vocab: { '[PAD]': 0, '[UNK]': 1, '##bar': 2, foo: 3 } }),
    ],
    [
      'token "##bar" is missing',
      wordPiece,
      withModel(wordPiece, { vocab: { '[PAD]': 0, '[UNK]': 1, foo: 2 } }),
    ],
    ['token "c" is added', bpe, withModel(bpe, { vocab: { ...bpe.model.vocab, c: 3 } })],
    ['token "constructor" is added', bpe, withModel(bpe, { vocab: { ...bpe.model.vocab, constructor: 3 } })],
    [
      'token 1 is "▁b", not "▁a"',
      unigram,
      withModel(unigram, {
        vocab: [
          ['<unk>', 0],
          ['▁b', -2.5],
        ],
      }),
    ],
    ['token 1 is absent, not "▁a"', unigram, withModel(unigram, { vocab: [['<unk>', 0]] })],
    [
      'the score of token "▁a" is -2.25, not -2.5',
      unigram,
      withModel(unigram, {
        vocab: [
          ['<unk>', 0],
          ['▁a', -2.25],
        ],
      }),
    ],
    [
      'merge 1 is ["ab","b"], not "ab a"',
      bpe,
      withModel(bpe, {
        merges: [
          ['a', 'b'],
          ['ab', 'b'],
        ],
      }),
    ],
    ['merge 1 is absent, not "ab a"', bpe, withModel(bpe, { merges: ['a b'] })],
    ['model.unk_token is "[unk]", not "[UNK]"', wordPiece, withModel(wordPiece, { unk_token: '[unk]' })],
    [
      'model.continuing_subword_prefix is "", not "##"',
      wordPiece,
      withModel(wordPiece, { continuing_subword_prefix: '' }),
    ],
    ['model.byte_fallback is true, not absent', bpe, withModel(bpe, { byte_fallback: true })],
    ['model.unk_id is 1, not 0', unigram, withModel(unigram, { unk_id: 1 })],
    ['added token 1.content is "[unk]", not "[UNK]"', wordPiece, added({ content: '[unk]' })],
    ['added token 1.single_word is true, not false', wordPiece, added({ single_word: true })],
    ['added token 1.lstrip is true, not false', wordPiece, added({ lstrip: true })],
    ['added token 1.rstrip is true, not false', wordPiece, added({ rstrip: true })],
    ['added token 1.normalized is true, not false', wordPiece, added({ normalized: true })],
    ['added token 1.special is false, not true', wordPiece, added({ special: false })],
    [
      'normalizer.lowercase is false, not true',
      wordPiece,
      { ...wordPiece, normalizer: { ...wordPiece.normalizer, lowercase: false } },
    ],
    [
      'normalizer is absent, not {"type":"BertNormalizer","strip_accents…',
      wordPiece,
      { ...wordPiece, normalizer: null },
    ],
    [
      'pre_tokenizer.add_prefix_space is true, not false',
      bpe,
      { ...bpe, pre_tokenizer: { ...bpe.pre_tokenizer, add_prefix_space: true } },
    ],
    [
      'pre_tokenizer.prepend_scheme is "never", not "always"',
      unigram,
      { ...unigram, pre_tokenizer: { type: 'Metaspace', replacement: '▁', add_prefix_space: false } },
    ],
    [
      'post_processor.special_tokens.[CLS].ids[0] is 9, not 2',
      wordPiece,
      {
        ...wordPiece,
        post_processor: { type: 'TemplateProcessing', special_tokens: { '[CLS]': { ids: [9] } } },
      },
    ],
  ])('says that %s', (why, base, other) => {
    expect(compareTokenizers(base, other)).toBe(why);
  });

  test('says that an added token is missing', () => {
    const other = { ...wordPiece, added_tokens: wordPiece.added_tokens.slice(0, 1) };
    expect(compareTokenizers(wordPiece, other)).toMatch(/^added token 1 is absent, not /);
  });
});
