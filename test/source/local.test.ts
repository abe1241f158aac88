import { describe, expect, test } from 'vitest';
import { groupModels, openLocal } from '../../src/source/local.ts';
import type { LocalFile } from '../../src/source/source.ts';

function drop(...paths: readonly string[]): LocalFile[] {
  return paths.map((path) => ({
    path,
    file: new File([path], path.split('/').at(-1)!, { lastModified: 1 }),
  }));
}

function shapes(files: readonly LocalFile[], name = 'drop') {
  return groupModels(files, name).map(({ name, files }) => [name, ...files.map(({ path }) => path)]);
}

describe('groupModels', () => {
  test('takes a folder as one model, with paths inside it', () => {
    expect(shapes(drop('mini/config.json', 'mini/model.safetensors', 'mini/1_Pooling/config.json'))).toEqual([
      ['mini', 'config.json', 'model.safetensors', '1_Pooling/config.json'],
    ]);
  });

  test('takes each folder of a folder, and leaves what belongs to none', () => {
    const files = drop(
      ...['family/expected.json', 'family/a/config.json', 'family/a/model.safetensors'],
      ...['family/b/config.json', 'family/b/model.safetensors.index.json'],
    );
    expect(shapes(files)).toEqual([
      ['a', 'config.json', 'model.safetensors'],
      ['b', 'config.json', 'model.safetensors.index.json'],
    ]);
  });

  test('takes loose files as one model, named after the drop', () => {
    expect(shapes(drop('config.json', 'model.safetensors'), 'two files')).toEqual([
      ['two files', 'config.json', 'model.safetensors'],
    ]);
  });

  test('keeps a module with values of its own in the model around it', () => {
    const files = drop(
      ...['st/modules.json', 'st/0_Transformer/config.json', 'st/0_Transformer/pytorch_model.bin'],
      ...['st/2_Dense/config.json', 'st/2_Dense/model.safetensors'],
    );
    expect(groupModels(files, 'drop').map(({ name }) => name)).toEqual(['st']);
  });

  test('takes a folder whose checkpoint PyTorch saved', () => {
    expect(shapes(drop('old/config.json', 'old/pytorch_model.bin'))).toEqual([
      ['old', 'config.json', 'pytorch_model.bin'],
    ]);
  });

  test('tells folders of one name apart by the folder above', () => {
    const files = drop(
      'x/base/config.json',
      'x/base/m.safetensors',
      'y/base/config.json',
      'y/base/m.safetensors',
    );
    expect(groupModels(files, 'drop').map(({ name }) => name)).toEqual(['x/base', 'y/base']);
  });

  test('leaves hidden files out', () => {
    const files = drop(
      'm/.DS_Store',
      'm/.git/config.json',
      '__MACOSX/m/config.json',
      'm/config.json',
      'm/m.safetensors',
    );
    expect(shapes(files)).toEqual([['m', 'config.json', 'm.safetensors']]);
  });

  test.each([
    ['no file', []],
    ['only hidden files', drop('m/.DS_Store')],
  ])('says that there is %s', (_what, files) => {
    expect(() => groupModels(files, 'm')).toThrow('drop-empty');
  });

  test.each([
    ['a config alone', drop('m/config.json'), 'checkpoint-missing', { model: 'm' }],
    ['a checkpoint alone', drop('m/model.safetensors'), 'config-missing', { model: 'm' }],
    ['loose shards alone', drop('model.safetensors.index.json'), 'config-missing', { model: 'drop' }],
    [
      'a config and a checkpoint in different folders',
      drop('m/config.json', 'm/x/model.safetensors'),
      'config-missing',
      { model: 'm/x' },
    ],
    [
      'an adapter',
      drop('m/adapter_config.json', 'm/adapter_model.safetensors'),
      'model-adapter',
      { model: 'm' },
    ],
    ['a card alone', drop('m/README.md'), 'model-folder-missing', { name: 'drop' }],
    ['pictures', drop('m/cat.png'), 'model-folder-missing', { name: 'drop' }],
  ])('says of %s what is missing', (_what, files, code, facts) => {
    expect(() => groupModels(files, 'drop')).toThrow(expect.objectContaining({ code, facts }));
  });
});

describe('openLocal', () => {
  test('lists paths, sizes and what would show a change', async () => {
    expect(await openLocal('mini', drop('config.json', '1_Pooling/config.json')).list()).toEqual([
      { path: 'config.json', bytes: 11, identity: 'local:config.json:11:1' },
      { path: '1_Pooling/config.json', bytes: 21, identity: 'local:1_Pooling/config.json:21:1' },
    ]);
  });

  test('opens a file, and nothing where there is none', async () => {
    const source = openLocal('mini', drop('config.json'));
    expect(await (await source.open('config.json'))!.text()).toBe('config.json');
    expect(await (await source.open('config.json'))!.slice(2, 4).text()).toBe('nf');
    expect(await source.open('none.json')).toBeUndefined();
  });

  test.each(['NotReadableError', 'NotFoundError'])(
    'says that a file changed when the browser says %s',
    async (name) => {
      const file = new File(['{}'], 'config.json');
      // what a browser's File does once its bytes on disk are others: it cannot be had without a browser
      file.slice = () =>
        Object.assign(new Blob(), { arrayBuffer: () => Promise.reject(new DOMException('', name)) });
      const blob = (await openLocal('mini', [{ path: 'config.json', file }]).open('config.json'))!;
      await expect(blob.text()).rejects.toMatchObject({
        code: 'source-changed',
        facts: { model: 'mini', file: 'config.json' },
      });
    },
  );

  test('says that a file changed when it reads short', async () => {
    const file = new File(['{}'], 'config.json');
    file.slice = () => new Blob(['{']);
    const blob = (await openLocal('mini', [{ path: 'config.json', file }]).open('config.json'))!;
    await expect(blob.text()).rejects.toMatchObject({ code: 'source-changed' });
  });
});
