import { describe, expect, test } from 'vitest';
import { readDirectory } from '../../src/zip/directory.ts';
import { refusal } from '../model/models.ts';
import { packZip } from '../support/pack.ts';
import { inWide, printEnd64, wide, zipOf, type End, type ZipFile } from '../support/zip.ts';

const read = (bytes: Uint8Array<ArrayBuffer>) => readDirectory(new Blob([bytes]), 'x.zip');
const one: ZipFile = { path: 'm/a.json', data: 'one' };
const two: ZipFile = { path: 'm/b.json', data: 'four' };

/** What each entry holds, by its place alone. */
async function textsOf(bytes: Uint8Array<ArrayBuffer>): Promise<Record<string, string>> {
  const entries = await read(bytes);
  const text = ({ start, bytes: length }: (typeof entries)[number]) =>
    new TextDecoder().decode(bytes.subarray(start, start + length));
  return Object.fromEntries(entries.map((entry) => [entry.path, text(entry)]));
}

describe('readDirectory', () => {
  const both = { 'm/a.json': 'one', 'm/b.json': 'four' };

  test.each<[string, Uint8Array<ArrayBuffer>]>([
    ['a plain zip', zipOf([one, two])],
    ['a zip with a comment', zipOf([one, two], { comment: 'hello' })],
    ['folders', zipOf([{ path: 'm/' }, one, two])],
    ['extra fields', zipOf([{ ...one, local: { extra: new Uint8Array(40) } }, two])],
    [
      'a zip64 end',
      zipOf([one, two], {
        before: printEnd64,
        count: 0xffff,
        countHere: 0xffff,
        start: inWide,
        bytes: inWide,
      }),
    ],
    ['a zip64 end that nothing needs', zipOf([one, two], { before: printEnd64 })],
    [
      'a zip64 entry',
      zipOf([{ ...one, central: { bytes: inWide, storedBytes: inWide, extra: wide(3, 3) } }, two]),
    ],
    [
      'sizes that follow the data',
      zipOf([{ ...one, flags: 0x808, local: { bytes: 0, storedBytes: 0 } }, two]),
    ],
  ])('reads %s', async (_, bytes) => {
    expect(await textsOf(bytes)).toEqual(both);
  });

  test('reads what our own writer writes', async () => {
    const files = Object.entries(both).map(([path, text]) => ({
      path: path.slice(2),
      content: text,
    }));
    expect(await textsOf(await packZip(files, 'm'))).toEqual(both);
  });

  test('reads no data', async () => {
    const data = new Uint8Array(1024 * 1024);
    const blob = new Blob([
      zipOf([
        { path: 'a', data },
        { path: 'b', data },
      ]),
    ]);
    let readBytes = 0;
    const slice = blob.slice.bind(blob);
    blob.slice = (start, end) => {
      const range = slice(start, end);
      readBytes += range.size;
      return range;
    };
    await readDirectory(blob, 'x.zip');
    expect(readBytes).toBeLessThan(70_000); // the longest comment that an end may have
  });

  const damaged = (why: string): [string, Record<string, unknown>] => ['zip-damaged', { file: 'x.zip', why }];
  const unsafe = (entry: string): [string, Record<string, unknown>] => [
    'zip-path-unsafe',
    { file: 'x.zip', entry },
  ];
  const disagrees = damaged('m/a.json has a header that says something else than the directory');
  const misplaced = damaged('its directory is not where its end says');

  test.each<[string, readonly ZipFile[], End, [string, Record<string, unknown>]]>([
    [
      'an encrypted file',
      [{ ...one, flags: 1 }],
      {},
      ['zip-encrypted', { file: 'x.zip', entry: 'm/a.json' }],
    ],
    [
      'a file of hidden headers',
      [{ ...one, flags: 0x2000 }],
      {},
      ['zip-encrypted', { file: 'x.zip', entry: 'm/a.json' }],
    ],
    [
      'a file that is a patch of another',
      [{ ...one, flags: 0x20 }],
      {},
      damaged('m/a.json is a patch of another file'),
    ],
    [
      'an AES-encrypted file',
      [{ ...one, method: 99 }],
      {},
      ['zip-encrypted', { file: 'x.zip', entry: 'm/a.json' }],
    ],
    [
      'a deflated file',
      [one, { ...two, method: 8 }],
      {},
      ['zip-compressed', { file: 'x.zip', entry: 'm/b.json', method: 8 }],
    ],
    ['a file twice', [one, one], {}, ['zip-entry-twice', { file: 'x.zip', entry: 'm/a.json' }]],
    ['a part of a split zip', [one], { disk: 1 }, ['zip-split', { file: 'x.zip' }]],
    ['entries on another disk', [one, two], { countHere: 1 }, ['zip-split', { file: 'x.zip' }]],
    ['an entry of another disk', [{ ...one, central: { disk: 2 } }], {}, ['zip-split', { file: 'x.zip' }]],
    ...['../a', 'm/../../a', '/a', 'm//a', './a', 'm\\a', 'C:/a', 'a\0b', ''].map(
      (path): [string, readonly ZipFile[], End, [string, Record<string, unknown>]] => [
        `the path ${JSON.stringify(path)}`,
        [{ path }],
        {},
        unsafe(path),
      ],
    ),
    [
      'two entries for one file',
      [one, { ...two, central: { headerStart: 0 } }],
      {},
      damaged('m/a.json overlaps what follows it'),
    ],
    [
      'a file inside another',
      [{ ...one, central: { bytes: 9, storedBytes: 9 }, local: { bytes: 9, storedBytes: 9 } }, two],
      {},
      damaged('m/a.json overlaps what follows it'),
    ],
    [
      'a file that reaches into the directory',
      [{ ...one, central: { bytes: 1e9, storedBytes: 1e9 }, local: { bytes: 1e9, storedBytes: 1e9 } }],
      {},
      damaged('m/a.json overlaps what follows it'),
    ],
    [
      'a file beyond the end',
      [{ ...one, central: { headerStart: 1e9 } }],
      {},
      damaged('m/a.json lies outside of it'),
    ],
    ['a header that is elsewhere', [{ ...one, central: { headerStart: 3 } }], {}, disagrees],
    ['a header of another name', [{ ...one, local: { path: 'm/c.json' } }], {}, disagrees],
    ['a header of another size', [{ ...one, local: { bytes: 1, storedBytes: 1 } }], {}, disagrees],
    ['a header of another method', [{ ...one, local: { method: 8 } }], {}, disagrees],
    ['a header that is encrypted', [{ ...one, local: { flags: 1 } }], {}, disagrees],
    [
      'two sizes',
      [{ ...one, central: { storedBytes: 2 } }],
      {},
      damaged('m/a.json holds 3 bytes and is stored in 2'),
    ],
    [
      'a zip64 field that is too short',
      [{ ...one, central: { bytes: inWide, storedBytes: inWide, extra: wide(3) } }],
      {},
      ['zip-damaged', { file: 'x.zip: m/a.json', why: 'its zip64 field is cut short' }],
    ],
    [
      'a zip64 size beyond numbers',
      [{ ...one, central: { bytes: inWide, storedBytes: inWide, extra: wide(2 ** 62, 2 ** 62) } }],
      {},
      disagrees,
    ],
    [
      'a count that is too large',
      [one],
      { count: 2, countHere: 2 },
      damaged('its directory has 1 entries, its end says 2'),
    ],
    ['a directory that starts elsewhere', [one], { start: 1 }, misplaced],
    ['a directory of another length', [one], { bytes: 3 }, misplaced],
    [
      'a zip64 end that is not there',
      [one],
      { start: inWide },
      damaged('its end refers to a zip64 record that is not there'),
    ],
    [
      'two ends that disagree',
      [one],
      { before: (start, bytes) => printEnd64(start, bytes, 7) },
      damaged('its two end records disagree'),
    ],
    [
      'a zip64 record elsewhere',
      [one],
      { before: (start, bytes, count) => printEnd64(start + 1, bytes, count) },
      damaged('its zip64 record is misplaced'),
    ],
  ])('refuses %s', async (_, files, end, want) => {
    expect(await refusal(read(zipOf(files, end)))).toEqual(want);
  });

  test.each<[string, Uint8Array<ArrayBuffer>, string]>([
    ['nothing', new Uint8Array(), 'it has no end: it was cut short, or is no zip'],
    [
      'a zip that was cut short',
      zipOf([one, two]).slice(0, -30),
      'it has no end: it was cut short, or is no zip',
    ],
    ['a zip with something behind it', Uint8Array.of(...zipOf([one]), 7), 'something follows its end'],
    [
      'a directory of noise',
      zipOf([], { before: () => new Uint8Array(50).fill(7), bytes: 50 }),
      'its directory has no entry at byte 0',
    ],
  ])('refuses %s', async (_, bytes, why) => {
    expect(await refusal(read(bytes))).toEqual(damaged(why));
  });

  test('refuses a directory above 4 MiB before it reads it', async () => {
    const bytes = 4 * 2 ** 20 + 1;
    const zip = zipOf([], { before: () => new Uint8Array(bytes), bytes });
    expect(await refusal(read(zip))).toEqual([
      'zip-directory-large',
      { file: 'x.zip', bytes, limitBytes: bytes - 1 },
    ]);
  });
});
