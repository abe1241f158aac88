import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openCheckpoint } from '../../src/safetensors/checkpoint.ts';
import { openZips } from '../../src/source/archive.ts';
import { groupModels, openLocal } from '../../src/source/local.ts';
import type { LocalFile } from '../../src/source/source.ts';
import { refusal } from '../model/models.ts';
import { packZip } from '../support/pack.ts';
import { zipOf } from '../support/zip.ts';

const golden = join(import.meta.dirname, '../fixtures/golden/bert-cls/a');

function localFile(path: string, bytes: Uint8Array<ArrayBuffer> | ArrayBuffer): LocalFile {
  return { path, file: new File([bytes], path, { lastModified: 7 }) };
}

describe('openZips', () => {
  test('makes a model of a zip as this app writes it, read in place', async () => {
    const paths = ['config.json', 'model.safetensors', 'recipe.json'];
    const contents = await Promise.all(
      paths.map(async (path) => (path === 'recipe.json' ? Buffer.from('{}') : readFile(join(golden, path)))),
    );
    const files = paths.map((path, i) => ({ path, content: new Uint8Array(contents[i]!) }));
    const zip = await packZip(files, 'mixture');

    const models = groupModels(await openZips([localFile('mixture.zip', zip)]), 'drop');
    expect(models.map(({ name, files }) => [name, files.map(({ path }) => path)])).toEqual([
      ['mixture', paths],
    ]);
    const source = openLocal('mixture', models[0]!.files);
    const checkpoint = await openCheckpoint(source);
    const alone = await openCheckpoint(
      openLocal('alone', [localFile('model.safetensors', new Uint8Array(contents[1]!))]),
    );
    for (const [name, tensor] of alone.tensors) {
      const got = await checkpoint.readBytes(checkpoint.tensors.get(name)!, 0, tensor.bytes);
      expect(got).toEqual(await alone.readBytes(tensor, 0, tensor.bytes));
    }
  });

  test('leaves other files, and zips inside folders, as they are', async () => {
    const files = [localFile('config.json', new Uint8Array(1)), localFile('m/x.zip', new Uint8Array(1))];
    expect(await openZips(files)).toEqual(files);
  });

  test('tells zips of one content apart by their names', async () => {
    const zip = zipOf([
      { path: 'm/config.json', data: '{}' },
      { path: 'm/model.safetensors', data: 'x' },
    ]);
    const files = await openZips([localFile('a.zip', zip), localFile('b.zip', zip)]);
    expect(groupModels(files, 'drop').map(({ name }) => name)).toEqual(['a.zip/m', 'b.zip/m']);
  });

  test('refuses a zip whose files are compressed, by name', async () => {
    const zip = zipOf([{ path: 'm/config.json', data: '{}', method: 8 }]);
    expect(await refusal(openZips([localFile('m.zip', zip)]))).toEqual([
      'zip-compressed',
      { file: 'm.zip', entry: 'm/config.json', method: 8 },
    ]);
  });
});
