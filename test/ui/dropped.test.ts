import { describe, expect, test } from 'vitest';
import { sortFiles } from '../../src/ui/dropped.ts';

function filesAt(...paths: readonly string[]) {
  return paths.map((path) => ({ path, file: new File([], path) }));
}

function sortedPaths(...paths: readonly string[]) {
  const { models, examples } = sortFiles(filesAt(...paths));
  return { models: models.map(({ path }) => path), examples: examples.map(({ path }) => path) };
}

describe('sortFiles', () => {
  test.each(['five.jsonl', 'five.json', 'five.csv', 'FIVE.CSV', 'five.tsv', 'five.txt', 'five.xlsx'])(
    'takes a lone %s for examples',
    (path) => {
      expect(sortedPaths(path)).toEqual({ models: [], examples: [path] });
    },
  );

  test.each(['config.json', 'tokenizer.json', 'vocab.txt', 'model.safetensors.index.json', 'photo.png'])(
    'takes no lone %s for examples',
    (path) => {
      expect(sortedPaths(path)).toEqual({ models: [path], examples: [] });
    },
  );

  test('leaves the JSON and the texts of a model with the model', () => {
    const paths = ['config.json', 'tokenizer.json', 'modules.json', 'vocab.txt', 'model.safetensors'];
    expect(sortedPaths(...paths, 'notes.txt', 'other.json')).toEqual({
      models: [...paths, 'notes.txt', 'other.json'],
      examples: [],
    });
  });

  test('takes examples that were dropped together with a folder, and leaves the folder whole', () => {
    const folder = ['mine/config.json', 'mine/notes.jsonl', 'mine/vocab.txt', 'mine/scores.csv'];
    expect(sortedPaths(...folder, 'five.csv', 'five.txt')).toEqual({
      models: folder,
      examples: ['five.csv', 'five.txt'],
    });
  });
});
