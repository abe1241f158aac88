import { describe, expect, test } from 'vitest';
import { notePassedOver } from '../../src/model/passed-over.ts';
import { sourceOf } from './models.ts';

describe('notePassedOver', () => {
  test.each<[string[], string[] | undefined]>([
    [['model.safetensors'], undefined],
    [['pytorch_model.bin'], undefined],
    [['pytorch_model.bin', 'pytorch_model.bin.index.json'], undefined],
    [
      ['pytorch_model.bin', 'model.safetensors'],
      ['model.safetensors', 'pytorch_model.bin'],
    ],
    [
      ['pytorch_model.bin.index.json', 'model.safetensors.index.json'],
      ['model.safetensors.index.json', 'pytorch_model.bin.index.json'],
    ],
  ])('says of %j what is used and what is not: %j', async (paths, want) => {
    const problems = await notePassedOver(sourceOf(Object.fromEntries(paths.map((path) => [path, '']))));
    const facts = want && { model: 'tiny', file: want[0], passedOver: want[1] };
    expect(problems.map(({ facts }) => facts)).toEqual(facts ? [facts] : []);
  });
});
