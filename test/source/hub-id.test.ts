import { describe, expect, test } from 'vitest';
import { parseHubId, readAsked } from '../../src/source/hub-id.ts';

const hubUrl = 'https://huggingface.co';

describe('parseHubId', () => {
  test.each([
    ['BAAI/bge-small-en-v1.5', 'BAAI/bge-small-en-v1.5', 'main'],
    ['  BAAI/bge-small-en-v1.5\n', 'BAAI/bge-small-en-v1.5', 'main'],
    ['"BAAI/bge-small-en-v1.5"', 'BAAI/bge-small-en-v1.5', 'main'],
    ['gpt2', 'gpt2', 'main'],
    ['gpt2@v1.0', 'gpt2', 'v1.0'],
    ['a/b@refs/pr/1', 'a/b', 'refs/pr/1'],
    ['a/b@e33c25242701538428d49ed110994470fcdd9fc4', 'a/b', 'e33c25242701538428d49ed110994470fcdd9fc4'],
    ['https://huggingface.co/a/b', 'a/b', 'main'],
    ['https://huggingface.co/a/b/', 'a/b', 'main'],
    ['https://huggingface.co/a/b.git', 'a/b', 'main'],
    ['https://huggingface.co/a/b?library=sentence-transformers#usage', 'a/b', 'main'],
    ['huggingface.co/a/b', 'a/b', 'main'],
    ['hf.co/a/b', 'a/b', 'main'],
    ['https://huggingface.co/gpt2/tree/v1', 'gpt2', 'v1'],
    ['https://huggingface.co/a/b/tree/main', 'a/b', 'main'],
    ['https://huggingface.co/a/b/tree/refs%2Fpr%2F1', 'a/b', 'refs/pr/1'],
    ['https://huggingface.co/a/b/tree/refs/pr/1', 'a/b', 'refs/pr/1'],
    ['https://huggingface.co/a/b/blob/v1/1_Pooling/config.json', 'a/b', 'v1'],
    ['https://huggingface.co/a/b/resolve/main/model.safetensors?download=true', 'a/b', 'main'],
    ['https://huggingface.co/a/b/discussions/3', 'a/b', 'main'],
  ])('reads %s', (text, id, revision) => {
    expect(parseHubId(text, hubUrl)).toEqual({ id, revision });
  });

  test('reads the addresses of the Hub in use, and the public ones beside them', () => {
    expect(parseHubId('http://127.0.0.1:9999/a/b/tree/v1', 'http://127.0.0.1:9999')).toEqual({
      id: 'a/b',
      revision: 'v1',
    });
    expect(parseHubId('https://huggingface.co/a/b', 'http://127.0.0.1:9999').id).toBe('a/b');
  });

  test.each([
    'https://huggingface.co/datasets/a/b',
    'https://huggingface.co/spaces/a/b',
    'https://huggingface.co/docs/hub/api',
    'https://huggingface.co/models',
    'datasets/a/b',
    'spaces/a/b',
  ])('says that %s is not a model', (text) => {
    expect(() => parseHubId(text, hubUrl)).toThrow('hub-not-a-model');
  });

  test.each([
    ...[
      '',
      ' ',
      'a/',
      '/b',
      'a/b/c',
      'a b',
      'a/b@',
      'a/b@x y',
      'a/b@..',
      'a/b@/x',
      'a//b',
      '-a/b',
      'a/b-',
      'a/..',
    ],
    ...['a--b', 'a..b', 'a/b:c', 'é/b', `a/${'b'.repeat(97)}`, 'https://huggingface.co/'],
    ...['javascript://huggingface.co/a/b', 'https://huggingface.co/a/b/tree/%'],
  ])('refuses %j', (text) => {
    expect(() => parseHubId(text, hubUrl)).toThrow('hub-id-invalid');
  });
});

describe('parseHubId, of another site', () => {
  test.each([
    ['https://github.com/FlagOpen/FlagEmbedding', 'github.com'],
    ['https://example.org/a/b', 'example.org'],
    ['https://huggingface.co.example.org/a/b', 'huggingface.co.example.org'],
  ])('names the site of %s', (text, host) => {
    expect(() => parseHubId(text, hubUrl)).toThrow(
      expect.objectContaining({ code: 'hub-other-site', facts: { text, host } }),
    );
  });
});

describe('readAsked', () => {
  test.each([
    ['BAAI/bge-small-en-v1.5', 'BAAI/bge-small-en-v1.5'],
    ['  a/b\n', 'a/b'],
    ['"a/b"', 'a/b'],
    ['gpt2@v1', 'gpt2@v1'],
    ['https://huggingface.co/datasets/a/b', 'https://huggingface.co/datasets/a/b'],
    ['https://github.com/a/b', 'https://github.com/a/b'],
    // what is wrong with these is for parseHubId to say: they were not meant as words
    ['datasets/a/b', 'datasets/a/b'],
    ['a/b/c', 'a/b/c'],
    ['https://a b', 'https://a b'],
  ])('takes %j for a model', (text, model) => {
    expect(readAsked(text, hubUrl)).toEqual({ kind: 'model', text: model });
  });

  test.each([
    ['gpt2', 'gpt2', 'gpt2', 'no'],
    ['  gpt2 ', 'gpt2', 'gpt2', 'no'],
    ['bge  small en', 'bge small en', undefined, 'no'],
    ['中文', '中文', undefined, 'no'],
    ['BAAI / bge-small', 'BAAI/bge-small', 'BAAI/bge-small', 'yes'],
    ['BAAI/bge small', 'BAAI/bge small', undefined, 'yes'],
    ['a/b @ v1', 'a/b@v1', 'a/b@v1', 'yes'],
  ])('searches for %j', (text, query, id, spaced) => {
    expect(readAsked(text, hubUrl)).toEqual({ kind: 'search', query, id, spaced });
  });

  test.each(['', '  ', '""'])('asks for nothing with %j', (text) => {
    expect(readAsked(text, hubUrl)).toEqual({ kind: 'nothing' });
  });
});
