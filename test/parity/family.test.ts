import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findFamilies, readFamily } from './family.ts';

let folder = '';
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'families-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(path: string, text = '{}'): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

const expected = JSON.stringify({
  family: 'tiny',
  modelType: 'encoder',
  models: ['a'],
  merge: { weights: [1], tensors: { x: { shape: [2, 3], sha256: '' }, y: { shape: [], sha256: '' } } },
  outputs: { byModel: {} },
  tokens: [],
});

describe('findFamilies', () => {
  test('takes a folder with an expected.json for one family', () => {
    write('expected.json');
    write('a/config.json');
    expect(findFamilies(folder)).toEqual([folder]);
  });

  test('takes the subfolders that are families, in order, also behind links', () => {
    write('two/expected.json');
    write('.elsewhere/expected.json');
    write('notes/README.md');
    write('README.md');
    symlinkSync(join(folder, '.elsewhere'), join(folder, 'one'));
    expect(findFamilies(folder)).toEqual([join(folder, 'one'), join(folder, 'two')]);
  });

  test.each([
    ['whose expected.json is missing', () => write('lost/a/config.json')],
    ['that is a link to nowhere', () => symlinkSync('/nowhere', join(folder, 'lost'))],
  ])('does not pass over a family %s', (_, make) => {
    make();
    expect(findFamilies(folder)).toEqual([join(folder, 'lost')]);
    expect(() => readFamily(join(folder, 'lost'))).toThrow('expected.json');
  });
});

describe('readFamily', () => {
  test('lists the files of each model, following links but not in circles', () => {
    write('expected.json', expected);
    write('.cache/config.json');
    write('a/1_Pooling/config.json');
    symlinkSync('../.cache/config.json', join(folder, 'a/config.json'));
    symlinkSync('..', join(folder, 'a/1_Pooling/up'));
    symlinkSync('/nowhere', join(folder, 'a/model.safetensors'));
    expect(readFamily(folder).files).toEqual([
      { model: 'a', paths: ['1_Pooling/config.json', 'config.json'] },
    ]);
  });

  test('counts parameters by the shapes', () => {
    write('expected.json', expected);
    write('a/config.json');
    expect(readFamily(folder).parameterCount).toBe(7);
  });

  test('refuses a family without the folder of a model', () => {
    write('expected.json', expected);
    expect(() => readFamily(folder)).toThrow(join(folder, 'a'));
  });
});
