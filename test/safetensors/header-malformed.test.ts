/** Every way in which a header is known to lie, with what is said about it. */
import { describe, expect, test } from 'vitest';
import { parseHeader } from '../../src/safetensors/header.ts';
import { thrownBy } from './files.ts';

const parse = (header: string, dataBytes: number) =>
  parseHeader(new TextEncoder().encode(header), 'f', dataBytes);

describe('parseHeader', () => {
  const one = (fields: string) => `{"a":{${fields}}}`;
  const u8 = (start: number, end: number) =>
    `{"dtype":"U8","shape":[${end - start}],"data_offsets":[${start},${end}]}`;
  const deep = 200_000;
  const tooDeep = 'it nests deeper than a table of tensors';

  test.each<
    [attack: string, header: string, dataBytes: number, code: string, facts: Record<string, unknown>]
  >([
    // not a table
    ['nothing', '', 0, 'header-json', { why: 'it does not start with {' }],
    ['an array', '[]', 0, 'header-json', { why: 'it does not start with {' }],
    ['null', 'null', 0, 'header-json', { why: 'it does not start with {' }],
    ['space before the table', ' {}', 0, 'header-json', { why: 'it does not start with {' }],
    ['a byte order mark', '\uFEFF{}', 0, 'header-json', { why: 'it does not start with {' }],
    ['text cut off', '{"a":', 0, 'header-json', { why: expect.stringContaining('JSON') }],
    ['two tables', '{}{}', 0, 'header-json', { why: expect.stringContaining('JSON') }],
    ['zeros for padding', '{}\0\0', 0, 'header-json', { why: expect.stringContaining('JSON') }],
    ['nesting to exhaust memory', `{"a":${'['.repeat(deep)}`, 0, 'header-json', { why: tooDeep }],
    [
      'nesting that ends well',
      `{"a":${'['.repeat(deep)}${']'.repeat(deep)}}`,
      0,
      'header-json',
      { why: tooDeep },
    ],
    [
      'more values than any model has',
      `{"a":[${'{},'.repeat(300_000)}{}]}`,
      0,
      'header-json',
      { why: 'it holds more than 500000 values' },
    ],
    ['a string without an end', '{"a', 0, 'header-json', { why: expect.stringContaining('JSON') }],
    [
      'half a surrogate pair in a name',
      `{"\\ud83e":${u8(0, 1)}}`,
      1,
      'header-json',
      { why: '"\\ud83e" is not a whole text: it holds half of a surrogate pair' },
    ],

    // names and fields given twice
    ['a name twice', `{"a":${u8(0, 1)},"a":${u8(0, 1)}}`, 1, 'tensor-duplicate', { tensor: 'a' }],
    [
      'a name twice, once in disguise',
      `{"a":${u8(0, 1)},"\\u0061":${u8(1, 2)}}`,
      2,
      'tensor-duplicate',
      { tensor: 'a' },
    ],
    [
      '__proto__ twice',
      `{"__proto__":${u8(0, 1)},"__proto__":${u8(1, 2)}}`,
      2,
      'tensor-duplicate',
      { tensor: '__proto__' },
    ],
    [
      'a field twice',
      one('"dtype":"U8","dtype":"I8","shape":[1],"data_offsets":[0,1]'),
      1,
      'tensor-entry-invalid',
      { tensor: 'a', why: '"dtype" is given twice' },
    ],
    [
      'a field twice, once in disguise',
      one('"dtype":"U8","shape":[1],"data_offsets":[0,1],"data\\u005foffsets":[0,1]'),
      1,
      'tensor-entry-invalid',
      { tensor: 'a', why: '"data\\u005foffsets" is given twice' },
    ],
    [
      'the metadata twice',
      '{"__metadata__":{},"__metadata__":{}}',
      0,
      'header-json',
      { why: '"__metadata__" is given twice' },
    ],
    [
      'a key of the metadata twice',
      '{"__metadata__":{"format":"pt","format":"tf"}}',
      0,
      'header-json',
      { why: '__metadata__: "format" is given twice' },
    ],

    // metadata
    [
      'metadata that is a list',
      '{"__metadata__":[]}',
      0,
      'header-json',
      { why: '__metadata__ is not an object' },
    ],
    [
      'metadata that is null',
      '{"__metadata__":null}',
      0,
      'header-json',
      { why: '__metadata__ is not an object' },
    ],
    [
      'metadata that is a tensor',
      `{"__metadata__":${u8(0, 1)}}`,
      1,
      'header-json',
      { why: '__metadata__: the value of "shape" is not a string' },
    ],

    // fields
    [
      'an entry that is a list',
      '{"a":[]}',
      0,
      'tensor-entry-invalid',
      { tensor: 'a', why: 'it is not an object' },
    ],
    [
      'no dtype',
      one('"shape":[1],"data_offsets":[0,1]'),
      1,
      'tensor-entry-invalid',
      { tensor: 'a', why: 'it has no dtype' },
    ],
    [
      'no shape',
      one('"dtype":"U8","data_offsets":[0,1]'),
      1,
      'tensor-entry-invalid',
      { tensor: 'a', why: 'it has no shape' },
    ],
    [
      'no offsets',
      one('"dtype":"U8","shape":[1],"__proto__":{"data_offsets":[0,1]}'),
      1,
      'tensor-entry-invalid',
      { tensor: 'a', why: 'it has no data_offsets' },
    ],
    [
      'a field too many',
      one('"dtype":"U8","shape":[1],"data_offsets":[0,1],"strides":[1]'),
      1,
      'tensor-entry-invalid',
      { tensor: 'a', why: 'it has a field "strides", which the format does not know' },
    ],
    [
      'a dtype that is no text',
      one('"dtype":8,"shape":[1],"data_offsets":[0,1]'),
      1,
      'tensor-entry-invalid',
      { tensor: 'a', why: 'its dtype is not a string' },
    ],
    ...['F8_E4M3', 'F4', 'f32', 'C64', '', 'constructor'].map(
      (dtype): [string, string, number, string, Record<string, unknown>] => [
        `the dtype ${JSON.stringify(dtype)}`,
        one(`"dtype":${JSON.stringify(dtype)},"shape":[1],"data_offsets":[0,1]`),
        1,
        'dtype-unknown',
        { tensor: 'a', dtype },
      ],
    ),

    // shapes
    ...[
      '1',
      'null',
      '{"0":1}',
      '[-1]',
      '[1.5]',
      '["1"]',
      '[null]',
      '[[1]]',
      '[9007199254740993]',
      '[1e400]',
    ].map((shape): [string, string, number, string, Record<string, unknown>] => [
      `the shape ${shape}`,
      one(`"dtype":"U8","shape":${shape},"data_offsets":[0,1]`),
      1,
      'tensor-entry-invalid',
      { tensor: 'a', why: 'its shape is not a list of sizes' },
    ]),
    ...['1.0', '1e0', '-0', '10E-1'].map(
      (number): [string, string, number, string, Record<string, unknown>] => [
        `the integer spelt ${number}`,
        one(`"dtype":"U8","shape":[${number}],"data_offsets":[0,1]`),
        1,
        'tensor-entry-invalid',
        { tensor: 'a', why: `${number} is not spelt as an integer` },
      ],
    ),
    [
      'a product of sizes above 2^53',
      one('"dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,0]'),
      0,
      'shape-overflow',
      { tensor: 'a', shape: '(4294967296, 4294967296)' },
    ],
    [
      'a product that would wrap round 2^64 to 0',
      one('"dtype":"F64","shape":[2305843009213693,8,1024,2048],"data_offsets":[0,0]'),
      0,
      'shape-overflow',
      { tensor: 'a', shape: '(2305843009213693, 8, 1024, 2048)' },
    ],
    [
      'elements below 2^53 whose bytes are above',
      one('"dtype":"F64","shape":[9007199254740991],"data_offsets":[0,8]'),
      8,
      'shape-overflow',
      { tensor: 'a', shape: '(9007199254740991)' },
    ],
    [
      'an overflow that a 0 hides',
      one('"dtype":"U8","shape":[4294967296,4294967296,0],"data_offsets":[0,0]'),
      0,
      'shape-overflow',
      { tensor: 'a', shape: '(4294967296, 4294967296, 0)' },
    ],
    [
      'a shape for more bytes than given',
      one('"dtype":"F32","shape":[2,2],"data_offsets":[0,12]'),
      12,
      'shape-bytes',
      { tensor: 'a', shape: '(2, 2)', wantBytes: 16, gotBytes: 12 },
    ],
    [
      'a scalar without bytes',
      one('"dtype":"F32","shape":[],"data_offsets":[0,0]'),
      0,
      'shape-bytes',
      { tensor: 'a', shape: '()', wantBytes: 4, gotBytes: 0 },
    ],
    [
      'a shape of a hundred dimensions',
      one(`"dtype":"U8","shape":[2${',1'.repeat(99)}],"data_offsets":[0,1]`),
      1,
      'shape-bytes',
      { tensor: 'a', shape: '(2, 1, 1, 1, 1, 1, 1, 1, …)', wantBytes: 2, gotBytes: 1 },
    ],

    // offsets
    ...[
      '0',
      '[0]',
      '[0,1,2]',
      '["0","1"]',
      '[0,1.5]',
      '[-1,0]',
      '[0,9007199254740992]',
      '[null,1]',
      '{}',
    ].map((offsets): [string, string, number, string, Record<string, unknown>] => [
      `the offsets ${offsets}`,
      one(`"dtype":"U8","shape":[1],"data_offsets":${offsets}`),
      1,
      'offsets-invalid',
      { tensor: 'a', why: 'data_offsets are not two byte positions' },
    ]),
    [
      'offsets that run backwards',
      one('"dtype":"U8","shape":[1],"data_offsets":[1,0]'),
      1,
      'offsets-invalid',
      { tensor: 'a', why: 'it ends at byte 0, before its start at 1' },
    ],
    [
      'an end past the data',
      `{"a":${u8(0, 2)}}`,
      1,
      'offsets-beyond-end',
      { tensor: 'a', end: 2, dataBytes: 1 },
    ],
    [
      'two tensors on the same bytes',
      `{"a":${u8(0, 2)},"b":${u8(0, 2)}}`,
      2,
      'offsets-overlap',
      { tensor: 'b', start: 0, expected: 2 },
    ],
    [
      'tensors that overlap by a byte',
      `{"b":${u8(1, 3)},"a":${u8(0, 2)}}`,
      3,
      'offsets-overlap',
      { tensor: 'b', start: 1, expected: 2 },
    ],
    [
      'an empty tensor inside another',
      `{"a":${u8(0, 2)},"b":${u8(1, 1)}}`,
      2,
      'offsets-overlap',
      { tensor: 'b', start: 1, expected: 2 },
    ],
    ['a gap before the first', `{"a":${u8(1, 2)}}`, 2, 'offsets-gap', { tensor: 'a', start: 1, expected: 0 }],
    [
      'a gap between tensors',
      `{"a":${u8(0, 1)},"b":${u8(2, 3)}}`,
      3,
      'offsets-gap',
      { tensor: 'b', start: 2, expected: 1 },
    ],
    ['data that no tensor claims', `{"a":${u8(0, 1)}}`, 2, 'data-unclaimed', { dataBytes: 2, usedBytes: 1 }],
    ['data without any tensor', '{}', 1, 'data-unclaimed', { dataBytes: 1, usedBytes: 0 }],
  ])('refuses %s', (_, header, dataBytes, code, facts) => {
    expect(thrownBy(() => parse(header, dataBytes))).toEqual([code, facts]);
  });

  test('refuses a header that is not UTF-8', () => {
    // "\xff" between quotes, where a lenient decoder would put U+FFFD
    const header = Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x7b, 0x7d, 0x7d);
    expect(thrownBy(() => parseHeader(header, 'f', 0))).toEqual(['header-json', { why: 'it is not UTF-8' }]);
  });
});
