import { describe, expect, test } from 'vitest';
import { safeName, zipStream } from '../../src/export/zip.ts';
import { readZip } from '../support/unzip.ts';

const files = [
  { path: 'config.json', file: new Blob(['{"a":1}']) },
  { path: '1_Pooling/config.json', file: new Blob([new Uint8Array([0, 255, 7])]) },
  { path: '空.txt', file: new Blob([]) },
];

async function read(stream: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

describe('zipStream', () => {
  test('holds every file under its path in the folder, with the right CRC-32', async () => {
    const { stream } = zipStream(files, 'mix');
    expect([...readZip(await read(stream))]).toEqual([
      ['mix/config.json', new TextEncoder().encode('{"a":1}')],
      ['mix/1_Pooling/config.json', new Uint8Array([0, 255, 7])],
      ['mix/空.txt', new Uint8Array()],
    ]);
  });

  test('is as long as it said', async () => {
    const { stream, bytes } = zipStream(files, 'mix');
    expect((await read(stream)).byteLength).toBe(bytes);
  });

  test('is the same for equal files, whatever their dates', async () => {
    const dated = (lastModified: number) => [{ path: 'a', file: new File(['x'], 'b', { lastModified }) }];
    const first = await read(zipStream(dated(0), 'mix').stream);
    expect(await read(zipStream(dated(1e12), 'mix').stream)).toEqual(first);
  });

  test('says so rather than end at another length than it said', async () => {
    const shrunk = Object.assign(new Blob(['abc']), { slice: () => new Blob(['a']) });
    const { stream } = zipStream([{ path: 'a', file: shrunk }], 'mix');
    const facts = { file: 'mix.zip', why: expect.stringContaining('planned') };
    await expect(read(stream)).rejects.toMatchObject({ code: 'output-damaged', facts });
  });

  test('knows the length of a zip beyond 4 GiB before anything is read', () => {
    const large = Object.defineProperty(new Blob([]), 'size', { value: 5 * 2 ** 30 });
    // 30 + 5 of local header and name, 24 descriptor, 46 + 5 + 28 directory, 22 + 76 end: zip64 throughout
    expect(zipStream([{ path: 'a', file: large }], 'mix').bytes).toBe(5 * 2 ** 30 + 35 + 24 + 79 + 98);
  });
});

describe('readZip', () => {
  test('refuses a zip whose file was changed', async () => {
    const bytes = await read(zipStream(files, 'mix').stream);
    bytes[30 + 'mix/config.json'.length]! ^= 1;
    expect(() => readZip(bytes)).toThrow('mix/config.json does not match its CRC-32');
  });

  test('refuses a zip that is cut short', async () => {
    const bytes = await read(zipStream(files, 'mix').stream);
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
