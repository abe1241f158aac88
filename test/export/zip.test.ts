import { describe, expect, test } from 'vitest';
import { planZip, runZip, safeName } from '../../src/export/zip.ts';
import { hashBlob } from '../../src/tensor/sha256.ts';
import { packZip, toEntry, writeWhole } from '../support/pack.ts';
import { readZip } from '../support/unzip.ts';

const files = [
  { path: 'config.json', content: '{"a":1}' },
  { path: '1_Pooling/config.json', content: new Uint8Array([0, 255, 7]) },
  { path: '空.txt', content: '' },
];

describe('runZip', () => {
  test('holds every file under its path in the folder, with the right CRC-32', async () => {
    expect([...readZip(await packZip(files, 'mix'))]).toEqual([
      ['mix/config.json', new TextEncoder().encode('{"a":1}')],
      ['mix/1_Pooling/config.json', new Uint8Array([0, 255, 7])],
      ['mix/空.txt', new Uint8Array()],
    ]);
  });

  test('holds a file of several pieces whole, though their memory is used again', async () => {
    const content = Uint8Array.from({ length: 3 * 2 ** 20 + 17 }, (_, i) => (i * 2654435761) >>> 24);
    const zip = readZip(await packZip([{ path: 'a', content }, ...files, { path: 'b', content }], 'mix'));
    expect(Buffer.compare(zip.get('mix/a')!, content)).toBe(0);
    expect(Buffer.compare(zip.get('mix/b')!, content)).toBe(0);
  });

  test('is these bytes, on any day', async () => {
    expect(await hashBlob(new Blob([await packZip(files, 'mix')]))).toBe(
      '83a029a058ad27d02d9f9989957ca1ad25f36c3e9bdd0896e49823bd81f4bf9b',
    );
  });

  test('passes on what a file could not be read for', async () => {
    const gone = { path: 'a', bytes: 3, read: () => Promise.reject(new Error('gone')) };
    await expect(writeWhole([toEntry(files[0]!), gone], 'mix')).rejects.toThrow('gone');
  });

  test('says so rather than end at another length than planned', async () => {
    const first = toEntry(files[0]!);
    // grows once it was planned
    const grown = { ...first, bytes: 0 };
    let asked = 0;
    Object.defineProperty(grown, 'bytes', { get: () => (asked++ === 0 ? 0 : first.bytes) });
    const facts = { file: 'mix.zip', why: expect.stringContaining('planned') };
    await expect(runZip(planZip([grown], 'mix'), () => undefined)).rejects.toMatchObject({
      code: 'output-damaged',
      facts,
    });
  });

  test('knows the length of a zip beyond 4 GiB before anything is read', () => {
    const large = { path: 'a', bytes: 5 * 2 ** 30, read: () => undefined };
    // 30 + 5 of local header and name, 24 descriptor, 46 + 5 + 28 directory, 22 + 76 end: zip64 throughout
    expect(planZip([large], 'mix').bytes).toBe(5 * 2 ** 30 + 35 + 24 + 79 + 98);
  });
});

describe('readZip', () => {
  test('refuses a zip whose file was changed', async () => {
    const bytes = await packZip(files, 'mix');
    bytes[30 + 'mix/config.json'.length]! ^= 1;
    expect(() => readZip(bytes)).toThrow('mix/config.json does not match its CRC-32');
  });

  test('refuses a zip that is cut short', async () => {
    const bytes = await packZip(files, 'mix');
    expect(() => readZip(bytes.subarray(0, -1))).toThrow('cut short');
  });
});

describe('safeName', () => {
  test.each([
    ['base + bank', 'base-bank'],
    ['org/model@a1b2', 'org-model-a1b2'],
    ['../../etc/passwd', 'etc-passwd'],
    ['.hidden.', 'hidden'],
    ['a\u202Eb\n"c"', 'a-b-c'],
    ['混合 模型', '混合-模型'],
    ['con', 'mixture-con'],
    ['NUL.txt', 'mixture-NUL.txt'],
    ['…', 'mixture'],
    ['', 'mixture'],
  ])('makes of %j: %s', (name, expected) => {
    expect(safeName(name)).toBe(expected);
  });

  test('cuts a long name, without a dot or dash at its end', () => {
    expect(safeName(`${'a'.repeat(63)}-b`)).toBe('a'.repeat(63));
  });
});
