import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { TextTokenizer } from '../../src/score/tokenize.ts';
import type { Source } from '../../src/source/source.ts';
import cases from '../fixtures/bert-variants/tokens.json' with { type: 'json' };
import golden from '../fixtures/golden/bert/expected.json' with { type: 'json' };
import tokenizerJson from '../fixtures/golden/bert/a/tokenizer.json' with { type: 'json' };
import settingsJson from '../fixtures/golden/bert/a/tokenizer_config.json' with { type: 'json' };
import { folderSource, refusal, sourceOf } from '../model/models.ts';

let bert: Source;
beforeAll(async () => {
  bert = await folderSource(join(import.meta.dirname, '../fixtures/golden/bert/a'), 'a');
});

describe('TextTokenizer', () => {
  test.each(golden.tokens)('gives the ids of transformers for "$text"', async ({ text, ids }) => {
    const tokenizer = await TextTokenizer.read(bert);
    expect(tokenizer.encode(text, 128)).toEqual({ ids, fullCount: ids.length });
  });

  test.each(cases)(
    'gives the ids of transformers under $settings, at most $maxTokens: "$text"',
    async ({ settings, maxTokens, text, ids }) => {
      const tokenizer = await TextTokenizer.read(
        sourceOf({
          'tokenizer.json': tokenizerJson,
          'tokenizer_config.json': { ...settingsJson, ...settings },
        }),
      );
      expect(tokenizer.encode(text, maxTokens).ids).toEqual(ids);
    },
  );

  test('says how long a text was before it was cut', async () => {
    const tokenizer = await TextTokenizer.read(bert);
    expect(tokenizer.encode('how do I cook bread', 7)).toEqual({
      ids: [2, 93, 119, 26, 140, 310, 3],
      fullCount: 7,
    });
    expect(tokenizer.encode('how do I cook bread', 4)).toEqual({ ids: [2, 93, 119, 3], fullCount: 7 });
  });

  test('does not cut at the limit that tokenizer.json states', async () => {
    const tokenizer = await TextTokenizer.read(bert);
    const { ids, fullCount } = tokenizer.encode('salt '.repeat(200), 512);
    expect([ids.length, fullCount]).toEqual([202, 202]);
  });

  test.each([['how do I cook bread'], ['[CLS] salt [SEP]'], ['salt [SEP]'], ['[SEP]'], ['']])(
    'keeps the special tokens around "%s" at any limit, from either side',
    async (text) => {
      for (const side of ['right', 'left']) {
        const tokenizer = await TextTokenizer.read(
          sourceOf({
            'tokenizer.json': tokenizerJson,
            'tokenizer_config.json': { ...settingsJson, truncation_side: side },
          }),
        );
        const whole = tokenizer.encode(text, 128).ids;
        for (let limit = 2; limit <= whole.length; limit++) {
          const { ids } = tokenizer.encode(text, limit);
          expect([ids.length, ids[0], ids.at(-1)]).toEqual([limit, 2, 3]);
          const middle = whole.slice(1, -1);
          const kept = side === 'left' ? middle.slice(middle.length - limit + 2) : middle.slice(0, limit - 2);
          expect(ids.slice(1, -1)).toEqual(kept);
        }
      }
    },
  );

  test('takes a model without tokenizer_config.json', async () => {
    const tokenizer = await TextTokenizer.read(sourceOf({ 'tokenizer.json': tokenizerJson }));
    expect(tokenizer.encode('how do I cook bread', 128).ids).toEqual([2, 93, 119, 26, 140, 310, 3]);
  });

  test.each([
    ['vocab.txt'],
    ['vocab.json + merges.txt'],
    ['sentencepiece.bpe.model'],
    ['spiece.model'],
    ['tokenizer.model'],
  ])('refuses a model that has only %s', async (files) => {
    const source = sourceOf(Object.fromEntries(files.split(' + ').map((file) => [file, 'x'])), 'slow');
    const facts = { model: 'slow', files };
    expect(await refusal(() => TextTokenizer.read(source))).toEqual(['tokenizer-other-format', facts]);
  });

  test('refuses a model without a tokenizer', async () => {
    const source = sourceOf({ 'merges.txt': 'x' }, 'bare');
    expect(await refusal(() => TextTokenizer.read(source))).toEqual(['tokenizer-missing', { model: 'bare' }]);
  });

  test.each([
    ['an empty object', {}],
    ['a list', []],
    ['a text', '"tokenizer"'],
    ['no model', { ...tokenizerJson, model: null }],
    ['a model of another kind', { ...tokenizerJson, model: { type: 'Morse', vocab: {} } }],
    ['a normalizer of another kind', { ...tokenizerJson, normalizer: { type: 'Rot13' } }],
    ['a pre-tokenizer of another kind', { ...tokenizerJson, pre_tokenizer: { type: 'Rot13' } }],
    ['a post-processor of another kind', { ...tokenizerJson, post_processor: { type: 'Rot13' } }],
  ])('refuses a tokenizer.json of %s', async (_, file) => {
    const [code, facts] = await refusal(() =>
      TextTokenizer.read(sourceOf({ 'tokenizer.json': file }, 'odd')),
    );
    expect(code).toBe('tokenizer-unsupported');
    expect(facts).toMatchObject({ model: 'odd' });
  });

  test('refuses a tokenizer.json that is not JSON', async () => {
    const [code] = await refusal(() => TextTokenizer.read(sourceOf({ 'tokenizer.json': '{' }, 'odd')));
    expect(code).toBe('json-invalid');
  });
});
