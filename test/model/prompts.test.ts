import { describe, expect, test } from 'vitest';
import { readPrompts, suggestPrompts } from '../../src/model/prompts.ts';
import { refusal, sourceOf } from './models.ts';

const promptsOf = (prompts: unknown) =>
  readPrompts(sourceOf({ 'config_sentence_transformers.json': { prompts } }));

describe('readPrompts', () => {
  test.each([
    [
      { query: 'q: ', document: 'd: ' },
      { query: 'q: ', document: 'd: ' },
    ],
    [
      { query: 'q: ', passage: 'p: ' },
      { query: 'q: ', document: 'p: ' },
    ],
    [
      { document: '', passage: 'p: ', query: 'q: ' },
      { query: 'q: ', document: '' },
    ],
    [{ query: 'q: ' }, { query: 'q: ', document: '' }],
    [
      { query: null, document: 'd: ' },
      { query: '', document: 'd: ' },
    ],
  ])('reads %o', async (stated, prompts) => {
    expect(await promptsOf(stated)).toEqual(prompts);
  });

  test.each([{}, null, { query: '', document: '' }, { clustering: 'c: ' }])(
    'finds none in %o',
    async (stated) => {
      expect(await promptsOf(stated)).toBeUndefined();
    },
  );

  test('finds none in a model without the file', async () => {
    expect(await readPrompts(sourceOf({}))).toBeUndefined();
  });

  test.each([
    ['query: ', 'prompts', 'it is not an object'],
    [{ query: 7 }, 'prompts.query', 'it is not a string'],
    [{ passage: ['p: '] }, 'prompts.passage', 'it is not a string'],
  ])('refuses %o', async (stated, field, why) => {
    expect(await refusal(() => promptsOf(stated))).toEqual([
      'config-field-invalid',
      { file: 'tiny/config_sentence_transformers.json', field, why },
    ]);
  });
});

describe('suggestPrompts', () => {
  const e5 = { query: 'query: ', document: 'passage: ' };
  const english = { query: 'Represent this sentence for searching relevant passages: ', document: '' };
  const chinese = { query: '为这个句子生成表示以用于检索相关文章：', document: '' };

  test.each([
    ['intfloat/e5-small', e5],
    ['intfloat/e5-base-v2@a1b2c3d', e5],
    ['intfloat/e5-large-unsupervised', e5],
    ['intfloat/multilingual-e5-small', e5],
    ['e5-small-v2', e5],
    ['BAAI/bge-small-en', english],
    ['BAAI/bge-large-en-v1.5', english],
    ['BAAI/bge-base-zh-v1.5', chinese],
  ])('knows what %s asks for', (name, prompts) => {
    expect(suggestPrompts(name)).toEqual(prompts);
  });

  test.each([
    'BAAI/bge-m3',
    'BAAI/bge-reranker-base',
    'intfloat/multilingual-e5-large-instruct',
    'intfloat/e5-mistral-7b-instruct',
    'sentence-transformers/all-MiniLM-L6-v2',
    'thenlper/gte-base',
    'me/e5-base-v2-tuned',
  ])('suggests nothing for %s', (name) => {
    expect(suggestPrompts(name)).toBeUndefined();
  });
});
