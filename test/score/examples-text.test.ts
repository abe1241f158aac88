import { describe, expect, test } from 'vitest';
import { readExamplesText } from '../../src/score/examples-text.ts';

const text = 'query,pos\nשלום,😀 你好\n';

function utf16(order: 'little' | 'big', content: string): Uint8Array<ArrayBuffer> {
  const bytes = new DataView(new ArrayBuffer(2 * content.length + 2));
  [0xfeff, ...Array.from({ length: content.length }, (_, i) => content.charCodeAt(i))].forEach((unit, i) =>
    bytes.setUint16(2 * i, unit, order === 'little'),
  );
  return new Uint8Array(bytes.buffer);
}

const read = (...parts: BlobPart[]) => readExamplesText(new Blob(parts), 'few.csv');

describe('readExamplesText', () => {
  test.each<[string, BlobPart]>([
    ['UTF-8', text],
    ['UTF-8 with a byte order mark', `\uFEFF${text}`],
    ['UTF-16, low byte first', utf16('little', text)],
    ['UTF-16, high byte first', utf16('big', text)],
  ])('reads %s', async (_, part) => {
    expect(await read(part)).toBe(text);
  });

  test('reads nothing as nothing', async () => {
    expect(await read()).toBe('');
  });

  test.each<[string, readonly number[], string]>([
    ['a workbook', [0x50, 0x4b, 0x03, 0x04, 0x14], 'ZIP'],
    ['an image', [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a], 'PNG'],
    ['a photograph', [0xff, 0xd8, 0xff, 0xe0], 'JPEG'],
    ['a document', [0x25, 0x50, 0x44, 0x46, 0x2d], 'PDF'],
    ['an old workbook', [0xd0, 0xcf, 0x11, 0xe0], 'XLS'],
  ])('refuses %s by its kind, whatever its name', async (_, bytes, kind) => {
    await expect(read(Uint8Array.from(bytes))).rejects.toMatchObject({
      code: 'examples-file-kind',
      facts: { file: 'few.csv', kind },
    });
  });

  test.each<[string, BlobPart]>([
    ['Latin-1', Uint8Array.from([0x63, 0x61, 0x66, 0xe9])],
    ['UTF-16 that does not say so', utf16('little', text).slice(2)],
    ['a lone half of a pair', Uint8Array.from([0xff, 0xfe, 0x00, 0xd8])],
    ['zeros', new Uint8Array(64)],
  ])('refuses %s', async (_, part) => {
    await expect(read(part)).rejects.toMatchObject({ code: 'examples-not-text', facts: { file: 'few.csv' } });
  });

  test('refuses more than two megabytes, unread', async () => {
    expect(await read('a'.repeat(2_000_000))).toHaveLength(2_000_000);
    await expect(read('a'.repeat(2_000_001))).rejects.toMatchObject({
      code: 'examples-too-large',
      facts: { file: 'few.csv', bytes: 2_000_001, limitBytes: 2_000_000 },
    });
  });
});
