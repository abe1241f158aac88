import { describe, expect, test } from 'vitest';
import { readJson, readJsonObject } from '../../src/model/json-file.ts';
import type { Source } from '../../src/source/source.ts';
import { refusal, sourceOf } from './models.ts';

describe('readJson', () => {
  test('parses a file', async () => {
    expect(await readJson(sourceOf({ 'a.json': '[1]' }), 'a.json', 10)).toEqual([1]);
  });

  test('skips a byte order mark', async () => {
    expect(await readJson(sourceOf({ 'a.json': '\ufeff{}' }), 'a.json', 10)).toEqual({});
  });

  test('gives nothing for a file that the model does not have', async () => {
    expect(await readJson(sourceOf({}), 'a.json', 10)).toBeUndefined();
  });

  test('refuses a file over the limit', async () => {
    expect(await refusal(() => readJson(sourceOf({ 'a.json': '[1,2,3]' }), 'a.json', 6))).toEqual([
      'file-too-large',
      { file: 'tiny/a.json', bytes: 7, limitBytes: 6 },
    ]);
  });

  test('refuses text that is not JSON', async () => {
    expect(await refusal(() => readJson(sourceOf({ 'a.json': '{' }), 'a.json', 10))).toEqual([
      'json-invalid',
      { file: 'tiny/a.json', why: expect.stringContaining('JSON') as string },
    ]);
  });

  test.each([
    ['<html>404</html>', 'file-web-page', {}],
    ['', 'file-empty', {}],
    [
      'version https://git-lfs.github.com/spec/v1\nsize 12\n',
      'file-lfs-pointer',
      { bytes: 51, realBytes: 12 },
    ],
  ])('says what %j is instead', async (text, code, facts) => {
    expect(await refusal(() => readJson(sourceOf({ 'a.json': text }), 'a.json', 99))).toEqual([
      code,
      { file: 'tiny/a.json', ...facts },
    ]);
  });

  test('refuses bytes that are not UTF-8', async () => {
    const bytes = Uint8Array.of(0x22, 0xff, 0x22);
    expect(await refusal(() => readJson(sourceOf({ 'a.json': bytes }), 'a.json', 10))).toEqual([
      'json-invalid',
      { file: 'tiny/a.json', why: 'it is not UTF-8' },
    ]);
  });

  test('names a file that can no longer be read', async () => {
    class Gone extends Blob {
      override arrayBuffer(): Promise<ArrayBuffer> {
        return Promise.reject(new DOMException('gone', 'NotReadableError'));
      }
    }
    const source: Source = { ...sourceOf({}), open: () => Promise.resolve(new Gone(['{}'])) };
    expect(await refusal(() => readJson(source, 'a.json', 10))).toEqual([
      'file-unreadable',
      { file: 'tiny/a.json', why: 'gone' },
    ]);
  });

  test('names a file of which less comes than it holds', async () => {
    class Short extends Blob {
      override arrayBuffer(): Promise<ArrayBuffer> {
        return Promise.resolve(new ArrayBuffer(1));
      }
    }
    const source: Source = { ...sourceOf({}), open: () => Promise.resolve(new Short(['{}'])) };
    expect(await refusal(() => readJson(source, 'a.json', 10))).toEqual([
      'read-short',
      { file: 'tiny/a.json', wantBytes: 2, gotBytes: 1 },
    ]);
  });
});

describe('readJsonObject', () => {
  test('refuses a list', async () => {
    expect(await refusal(() => readJsonObject(sourceOf({ 'a.json': '[]' }), 'a.json', 10))).toEqual([
      'json-invalid',
      { file: 'tiny/a.json', why: 'it is not an object' },
    ]);
  });
});
