import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dtypes } from '../../src/tensor/dtype.ts';
import { headerBytesOf, parseHeader } from '../../src/safetensors/header.ts';
import { planFile } from '../../src/safetensors/writer.ts';
import { thrownBy } from './files.ts';

const file = 'tiny/model.safetensors';
/** Header, bytes of data, and what the reference reader says. Made by tools/make_fixtures.py. */
const verdicts = JSON.parse(
  await readFile(new URL('../fixtures/safetensors/verdicts.json', import.meta.url), 'utf8'),
) as readonly (readonly [string, number, 'taken' | 'refused'])[];
const parse = (header: string, dataBytes: number) =>
  parseHeader(new TextEncoder().encode(header), file, dataBytes);

describe('headerBytesOf', () => {
  const length = (low: number, high: number) => {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setUint32(0, low, true);
    new DataView(bytes.buffer).setUint32(4, high, true);
    return bytes;
  };

  test('reads the length of the header', () => {
    expect(headerBytesOf(length(16, 0), file, 24)).toBe(16);
  });

  test('takes a header of exactly 8 MiB', () => {
    expect(headerBytesOf(length(8_388_608, 0), file, 8_388_616)).toBe(8_388_608);
  });

  test.each([
    ['an empty file', new Uint8Array(), 0, ['header-truncated', { fileBytes: 0, needBytes: 8 }]],
    ['a file of 7 bytes', new Uint8Array(7), 7, ['header-truncated', { fileBytes: 7, needBytes: 8 }]],
    [
      'a header that the file cuts off',
      length(17, 0),
      24,
      ['header-truncated', { fileBytes: 24, needBytes: 25 }],
    ],
    [
      'a header above the limit',
      length(8_388_609, 0),
      1e12,
      ['header-too-large', { headerBytes: 8_388_609, limitBytes: 8_388_608 }],
    ],
    [
      'a length above 2^32 with small low bits',
      length(16, 1),
      1e12,
      ['header-too-large', { headerBytes: 4294967312, limitBytes: 8_388_608 }],
    ],
    [
      'the largest length there is',
      length(0xffffffff, 0xffffffff),
      24,
      ['header-too-large', { headerBytes: 2 ** 64, limitBytes: 8_388_608 }],
    ],
  ])('refuses %s', (_, first8, fileBytes, expected) => {
    expect(thrownBy(() => headerBytesOf(first8, file, fileBytes))).toEqual(expected);
  });
});

describe('parseHeader', () => {
  test('lists tensors in offset order, whatever the order of the text', () => {
    const { tensors } = parse(
      `{"b":{"dtype":"F16","shape":[2],"data_offsets":[8,12]},"a":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]}}  `,
      12,
    );
    expect(tensors).toEqual([
      { name: 'a', dtype: 'F32', shape: [2, 1], elementCount: 2, start: 0, end: 8 },
      { name: 'b', dtype: 'F16', shape: [2], elementCount: 2, start: 8, end: 12 },
    ]);
  });

  test('takes scalars, empty tensors and a file without tensors', () => {
    const scalarAndEmpty = `{"s":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"e":{"dtype":"F32","shape":[3,0],"data_offsets":[4,4]}}`;
    expect(parse(scalarAndEmpty, 4).tensors.map(({ name, elementCount }) => [name, elementCount])).toEqual([
      ['s', 1],
      ['e', 0],
    ]);
    expect(parse('{}', 0)).toEqual({ tensors: [], metadata: {} });
  });

  test('keeps the metadata', () => {
    expect(parse('{"__metadata__":{"format":"pt","":"x"}}', 0).metadata).toEqual({ format: 'pt', '': 'x' });
  });

  test.each([
    '__proto__',
    'constructor',
    'prototype',
    'hasOwnProperty',
    '',
    '0',
    '__metadata',
    'a"b\\c\n',
    '🧉',
  ])('takes %j for a name like any other', (name) => {
    const { tensors } = parse(`{${JSON.stringify(name)}:{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, 1);
    expect(tensors.map((tensor) => tensor.name)).toEqual([name]);
  });

  test('states the file in every refusal', () => {
    expect(() => parse('[]', 0)).toThrow(`"file":"${file}"`);
    expect(() => headerBytesOf(new Uint8Array(), file, 0)).toThrow(`"file":"${file}"`);
  });

  test('takes nothing that the reference reader refuses, and refuses more only where we mean to', () => {
    const ours = verdicts.map(([header, dataBytes]) => thrownBy(() => parse(header, dataBytes)));
    const looser = verdicts.filter(([, , theirs], i) => theirs === 'refused' && ours[i] === undefined);
    expect(looser).toEqual([]);
    const stricter = ours.filter((refusal, i) => refusal !== undefined && verdicts[i]![2] === 'taken');
    const reasons = new Set(
      stricter.map((refusal) => `${refusal![0]}: ${String(refusal![1]['why'] ?? refusal![1]['dtype'])}`),
    );
    expect([...reasons].toSorted()).toEqual([
      'dtype-unknown: F8_E4M3', // needs a scale beside it, see dtype.ts
      'header-json: __metadata__ is not an object', // null
    ]);
  });

  test('reads back what planFile prints', () => {
    fc.assert(
      fc.property(tables, metadatas, (tensors, metadata) => {
        const plan = planFile(tensors, metadata);
        const dataBytes = plan.bytes - plan.header.length;
        const headerBytes = headerBytesOf(plan.header.subarray(0, 8), file, plan.bytes);
        expect(8 + headerBytes).toBe(plan.header.length);
        const header = parseHeader(plan.header.subarray(8), file, dataBytes);
        expect(header.metadata).toEqual(metadata);
        // two empty tensors at one place have no order
        const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1);
        expect(header.tensors.toSorted(byName)).toEqual(plan.tensors.toSorted(byName));
      }),
    );
  });

  test('throws nothing but known errors on damaged headers', () => {
    const entry = (start: number) => `{"dtype":"U8","shape":[2],"data_offsets":[${start},${start + 2}]}`;
    const sound = new TextEncoder().encode(
      `{"__metadata__":{"format":"pt"},"a":${entry(0)},"b":${entry(2)}}`,
    );
    const damage = fc.array(fc.tuple(fc.nat(sound.length - 1), fc.integer({ min: 0x20, max: 0x7d })), {
      minLength: 1,
    });
    fc.assert(
      fc.property(damage, (changes) => {
        const bytes = sound.slice();
        for (const [at, letter] of changes) bytes[at] = letter;
        thrownBy(() => parseHeader(bytes, file, 4));
      }),
      { numRuns: 2000 },
    );
  });
});

const text = fc.string({ unit: 'grapheme', maxLength: 12 });
const tables = fc.uniqueArray(
  fc.record({
    name: fc
      .oneof(text, fc.constantFrom('__proto__', 'constructor', '0', ''))
      .filter((name) => name !== '__metadata__'),
    dtype: fc.constantFrom(...dtypes),
    shape: fc.array(fc.nat(5), { maxLength: 4 }),
  }),
  { selector: ({ name }) => name, maxLength: 20 },
);
const metadatas = fc.dictionary(text, text, { noNullPrototype: true });
