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
  test('takes a lone file of examples for examples', () => {
    expect(sortedPaths('five.jsonl')).toEqual({ models: [], examples: ['five.jsonl'] });
    expect(sortedPaths('five.json')).toEqual({ models: [], examples: ['five.json'] });
  });

  test('leaves the JSON of a model with the model', () => {
    const paths = ['config.json', 'tokenizer.json', 'modules.json', 'model.safetensors'];
    expect(sortedPaths(...paths)).toEqual({ models: paths, examples: [] });
  });

  test('takes examples that were dropped together with a folder', () => {
    expect(sortedPaths('mine/config.json', 'mine/notes.jsonl', 'five.jsonl')).toEqual({
      models: ['mine/config.json', 'mine/notes.jsonl'],
      examples: ['five.jsonl'],
    });
  });
});
