import { describe, expect, test } from 'vitest';
import { compareVocabularies, openVocabulary } from '../../src/model/vocabulary.ts';
import { refusal, sourceOf, type Files } from './models.ts';

const tokenizer = (vocab: Record<string, number>) => ({
  added_tokens: [],
  model: { type: 'WordPiece', vocab },
});

async function verdict(baseFiles: Files, files: Files) {
  const base = await openVocabulary(sourceOf(baseFiles, 'base'));
  const other = await openVocabulary(sourceOf(files, 'other'));
  return compareVocabularies(base!, other!);
}

describe('openVocabulary', () => {
  test('finds none in a model without a whole definition', async () => {
    expect(await openVocabulary(sourceOf({ 'vocab.json': {}, 'tokenizer_config.json': {} }))).toBeUndefined();
  });
});

describe('compareVocabularies', () => {
  test('takes equal content hashes for equal, and reads nothing', async () => {
    const oids = { 'tokenizer.json': 'c0ffee' };
    const [baseSource, source] = [
      sourceOf({ 'tokenizer.json': tokenizer({ a: 0 }) }, 'base', oids),
      sourceOf({ 'tokenizer.json': tokenizer({ a: 0 }) }, 'other', oids),
    ];
    const [base, other] = [await openVocabulary(baseSource), await openVocabulary(source)];
    expect(await compareVocabularies(base!, other!)).toEqual({ is: 'equal' });
    expect([...baseSource.opened, ...source.opened]).toEqual([]);
  });

  test('compares what decides ids when the hashes differ', async () => {
    const files = { 'tokenizer.json': tokenizer({ a: 0, b: 1 }) };
    const base = await openVocabulary(sourceOf(files, 'base', { 'tokenizer.json': 'c0ffee' }));
    const padded = { 'tokenizer.json': { ...tokenizer({ b: 1, a: 0 }), padding: { pad_id: 0 } } };
    const other = await openVocabulary(sourceOf(padded, 'other', { 'tokenizer.json': 'decaf0' }));
    expect(await compareVocabularies(base!, other!)).toEqual({ is: 'equal' });
  });

  test('names a file that was listed and is gone', async () => {
    const base = await openVocabulary(sourceOf({ 'tokenizer.json': tokenizer({ a: 0 }) }, 'base'));
    const source = sourceOf({ 'tokenizer.json': tokenizer({ a: 0 }) }, 'other');
    const other = await openVocabulary({ ...source, open: () => Promise.resolve(undefined) });
    expect(await refusal(() => compareVocabularies(base!, other!))).toEqual([
      'file-missing',
      { model: 'other', file: 'tokenizer.json' },
    ]);
  });

  test('says the first difference', async () => {
    const base = { 'tokenizer.json': tokenizer({ a: 0, foo: 1 }) };
    expect(await verdict(base, { 'tokenizer.json': tokenizer({ a: 0, bar: 1, foo: 2 }) })).toEqual({
      is: 'different',
      why: 'token "foo" is 2, not 1',
    });
  });

  test.each([
    ['vocab.txt', { 'vocab.txt': 'a\nb\n' }, { 'vocab.txt': 'a\nc\n' }],
    [
      'vocab.json',
      { 'vocab.json': '{"a":0}', 'merges.txt': '' },
      { 'vocab.json': '{"a":1}', 'merges.txt': '' },
    ],
    ['merges.txt', { 'vocab.json': '{}', 'merges.txt': 'a b' }, { 'vocab.json': '{}', 'merges.txt': 'a c' }],
    ['tokenizer.model', { 'tokenizer.model': Uint8Array.of(255) }, { 'tokenizer.model': Uint8Array.of(254) }],
  ])('compares %s byte by byte', async (file, base, other) => {
    expect(await verdict(base, other)).toEqual({ is: 'different', why: `${file} differs` });
    expect(await verdict(base, { ...base })).toEqual({ is: 'equal' });
  });

  test('compares the definition that both models have', async () => {
    const both = { 'tokenizer.json': tokenizer({ a: 0 }), 'vocab.txt': 'a\n' };
    expect(await verdict(both, { 'vocab.txt': 'a\n' })).toEqual({ is: 'equal' });
  });

  test('leaves definitions of different kinds unchecked', async () => {
    expect(await verdict({ 'vocab.txt': 'a\n' }, { 'tokenizer.json': tokenizer({ a: 0 }) })).toEqual({
      is: 'unchecked',
    });
  });

  test('refuses a damaged tokenizer.json', async () => {
    const base = { 'tokenizer.json': tokenizer({ a: 0 }) };
    expect(await refusal(() => verdict(base, { 'tokenizer.json': '[]' }))).toEqual([
      'json-invalid',
      { file: 'other/tokenizer.json', why: 'it is not an object' },
    ]);
  });
});
