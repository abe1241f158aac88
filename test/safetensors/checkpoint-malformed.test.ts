/** Every way in which a checkpoint's files are known not to fit together, with what is said about it. */
import { describe, expect, test } from 'vitest';
import { openCheckpoint } from '../../src/safetensors/checkpoint.ts';
import { refusal, sourceOf } from '../model/models.ts';
import { fileOf } from './files.ts';

/** "a" and "b", two bytes each. */
const a = `{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}`;
const b = `{"b":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}`;
const fileA = fileOf(a, Uint8Array.of(1, 2));
const fileB = fileOf(b, Uint8Array.of(3, 4));
const index = (map: Record<string, string>) =>
  JSON.stringify({ metadata: { total_size: 4.0 }, weight_map: map });
const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${'0'.repeat(64)}\nsize 133466304\n`;

describe('openCheckpoint', () => {
  const indexFile = 'tiny/model.safetensors.index.json';
  const indexed = (text: string, files: Record<string, Uint8Array<ArrayBuffer>> = {}) =>
    sourceOf({ 'model.safetensors.index.json': text, ...files });

  test.each<[string, Parameters<typeof sourceOf>[0], string, Record<string, unknown>]>([
    ['no checkpoint', { 'config.json': '{}' }, 'checkpoint-missing', { model: 'tiny' }],
    [
      'a checkpoint of another name',
      { 'adapter_model.safetensors': fileA },
      'checkpoint-missing',
      { model: 'tiny' },
    ],
    [
      'a PyTorch file that is none',
      { 'pytorch_model.bin': 'x' },
      'zip-damaged',
      { file: 'tiny/pytorch_model.bin', why: 'it does not start as one' },
    ],
    ['an empty PyTorch file', { 'pytorch_model.bin': '' }, 'file-empty', { file: 'tiny/pytorch_model.bin' }],
    [
      'an index of PyTorch files that is none',
      { 'pytorch_model.bin.index.json': '[]' },
      'index-invalid',
      { file: 'tiny/pytorch_model.bin.index.json', why: expect.any(String) as string },
    ],
    [
      'a PyTorch shard that is not there',
      { 'pytorch_model.bin.index.json': index({ a: 'one.bin' }) },
      'index-shard-missing',
      { file: 'tiny/pytorch_model.bin.index.json', shard: 'one.bin' },
    ],
    ['an empty file', { 'model.safetensors': '' }, 'file-empty', { file: 'tiny/model.safetensors' }],
    ...['model.safetensors', 'pytorch_model.bin'].map(
      (path): [string, Record<string, string>, string, Record<string, unknown>] => [
        `a pointer where ${path} was meant`,
        { [path]: pointer },
        'file-lfs-pointer',
        { file: `tiny/${path}`, bytes: pointer.length, realBytes: 133466304 },
      ],
    ),
    ...['model.safetensors', 'model.safetensors.index.json', 'pytorch_model.bin'].map(
      (path): [string, Record<string, string>, string, Record<string, string>] => [
        `a web page under the name ${path}`,
        { [path]: '<!DOCTYPE html><html>Sign in</html>' },
        'file-web-page',
        { file: `tiny/${path}` },
      ],
    ),
    [
      'a file whose end was lost',
      { 'model.safetensors': fileA.slice(0, -1) },
      'offsets-beyond-end',
      { file: 'tiny/model.safetensors', tensor: 'a', end: 2, dataBytes: 1 },
    ],
    [
      'a file with something behind its end',
      { 'model.safetensors': Uint8Array.of(...fileA, 0) },
      'data-unclaimed',
      { file: 'tiny/model.safetensors', dataBytes: 3, usedBytes: 2 },
    ],
  ])('refuses %s', async (_, files, code, facts) => {
    expect(await refusal(openCheckpoint(sourceOf(files)))).toEqual([code, facts]);
  });

  test.each<[string, string, Record<string, Uint8Array<ArrayBuffer>>, string, Record<string, unknown>]>([
    [
      'an index that is not JSON',
      '{',
      {},
      'index-invalid',
      { file: indexFile, why: expect.stringContaining('JSON') as string },
    ],
    [
      'an index that is a list',
      '[]',
      {},
      'index-invalid',
      { file: indexFile, why: expect.any(String) as string },
    ],
    [
      'an index that nests without end',
      `{"metadata":${'['.repeat(200_000)}`,
      {},
      'index-invalid',
      { file: indexFile, why: 'it nests too deep' },
    ],
    [
      'an index of more values than any model has',
      `{"metadata":[${'{},'.repeat(60_000)}{}],"weight_map":{}}`,
      {},
      'index-invalid',
      { file: indexFile, why: 'it holds more than 100000 values' },
    ],
    [
      'an index behind a byte order mark',
      '\uFEFF{"weight_map":{"a":"one"}}',
      { one: fileA },
      'index-invalid',
      { file: indexFile, why: expect.stringContaining('JSON') as string },
    ],
    [
      'an index without a map',
      '{}',
      {},
      'index-invalid',
      { file: indexFile, why: expect.any(String) as string },
    ],
    [
      'an index whose map is a list',
      '{"weight_map":["a"]}',
      {},
      'index-invalid',
      { file: indexFile, why: 'weight_map is not an object of file names' },
    ],
    [
      'an index with a number for a shard',
      '{"weight_map":{"a":1}}',
      {},
      'index-invalid',
      { file: indexFile, why: 'weight_map is not an object of file names' },
    ],
    [
      'an index that lists a tensor twice',
      '{"weight_map":{"a":"one","\\u0061":"two"}}',
      { one: fileA, two: fileA },
      'index-invalid',
      { file: indexFile, why: '"a" is listed twice' },
    ],
    ...['../secret', 'a/b', 'a\\b', '..', '.', '', '/etc/passwd', 'a\0b'].map(
      (shard): [string, string, Record<string, never>, string, Record<string, unknown>] => [
        `the shard ${JSON.stringify(shard)}`,
        index({ a: shard }),
        {},
        'index-path-unsafe',
        { file: indexFile, shard },
      ],
    ),
    [
      'a missing shard',
      index({ a: 'one', b: 'two' }),
      { one: fileA },
      'index-shard-missing',
      { file: indexFile, shard: 'two' },
    ],
    [
      'a shard without a tensor that it is said to hold',
      index({ a: 'one', x: 'one' }),
      { one: fileA },
      'index-tensor-missing',
      { file: indexFile, shard: 'one', tensor: 'x' },
    ],
    [
      'a tensor that another shard holds',
      index({ a: 'two', b: 'two' }),
      { two: fileB, one: fileA },
      'index-tensor-missing',
      { file: indexFile, shard: 'two', tensor: 'a' },
    ],
    [
      'a tensor in two shards',
      index({ a: 'one', b: 'two' }),
      {
        one: fileA,
        two: fileOf(
          `{"a":{"dtype":"U8","shape":[],"data_offsets":[0,1]},"b":{"dtype":"U8","shape":[],"data_offsets":[1,2]}}`,
          Uint8Array.of(1, 2),
        ),
      },
      'tensor-in-two-shards',
      { tensor: 'a', first: 'one', second: 'two' },
    ],
    [
      'a damaged shard',
      index({ a: 'one' }),
      { one: fileOf('{"a":1}') },
      'tensor-entry-invalid',
      { file: 'tiny/one', tensor: 'a', why: 'it is not an object' },
    ],
  ])('refuses %s', async (_, text, files, code, facts) => {
    expect(await refusal(openCheckpoint(indexed(text, files)))).toEqual([code, facts]);
  });

  test('refuses an index that is not UTF-8, even where no name is damaged', async () => {
    const bytes = Buffer.from('{"weight_map":{"a":"one"},"x":"\xff"}', 'latin1');
    const source = sourceOf({ 'model.safetensors.index.json': new Uint8Array(bytes), one: fileA });
    expect(await refusal(openCheckpoint(source))).toEqual([
      'index-invalid',
      { file: indexFile, why: 'it is not UTF-8' },
    ]);
  });

  test('refuses an index above 8 MiB before it reads it', async () => {
    const source = sourceOf({ 'model.safetensors.index.json': new Blob([new Uint8Array(8 * 2 ** 20 + 1)]) });
    expect(await refusal(openCheckpoint(source))).toEqual([
      'file-too-large',
      { file: indexFile, bytes: 8388609, limitBytes: 8388608 },
    ]);
  });
});
