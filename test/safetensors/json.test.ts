import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { excessOf, findBlemishes } from '../../src/safetensors/json.ts';

describe('findBlemishes', () => {
  test('finds none in what JSON.stringify prints', () => {
    const json = fc.json({ noUnicodeString: false, stringUnit: 'grapheme' });
    fc.assert(
      fc.property(json, (text) => {
        // fc.json may print -0 and numbers in exponents
        fc.pre(!/-0|[eE.]/.test(text));
        const parsed: unknown = JSON.parse(text);
        expect([...findBlemishes(JSON.stringify(parsed, undefined, 2))]).toEqual([]);
      }),
    );
  });

  test('says where it found each, in order', () => {
    expect([
      ...findBlemishes('{"a": {"b": [1.0, 2], "\\u0062": 3}, "c": "\\udc00", "a": [{}, {"d": -0}]}'),
    ]).toEqual([
      { kind: 'integer-spelling', path: ['a', 'b'], text: '1.0' },
      { kind: 'duplicate-key', path: ['a', 'b'], text: '"\\u0062"' },
      { kind: 'lone-surrogate', path: ['c'], text: '"\\udc00"' },
      { kind: 'duplicate-key', path: ['a'], text: '"a"' },
      { kind: 'integer-spelling', path: ['a', 'd'], text: '-0' },
    ]);
  });

  test('is not fooled by brackets, commas and quotes inside strings', () => {
    expect([...findBlemishes('{"}": "{\\"a\\":1,\\"a\\":2}", ",": "\\\\", "[": ["a", "a"]}')]).toEqual([]);
  });

  test('lets the same key stand in two objects, and as a value', () => {
    expect([...findBlemishes('[{"a": "a"}, {"a": ["a", "a"]}, "a", {"b": {"a": 1}, "a": 2}]')]).toEqual([]);
  });

  test('lets numbers stand that are no integers', () => {
    expect([...findBlemishes('[1.5, -2.25, 1e-3, 0, -7, 12, true, false, null, 1e400]')]).toEqual([]);
  });
});

describe('excessOf', () => {
  test.each<[string, number, number, string | undefined]>([
    ['{"a":{"b":[1]}}', 3, 9, undefined],
    ['{"a":{"b":[[]]}}', 3, 9, 'depth'],
    ['{"a":"[[[[","b":"\\"[[[["}', 3, 9, undefined],
    ['[][][][]', 1, 4, undefined],
    ['[][][][]', 1, 3, 'values'],
    ['[1,2,3]', 1, 3, undefined],
    ['[1,2,3]', 1, 2, 'values'],
    ['{"a":",,,,"}', 1, 1, undefined],
    ['"unended [[[', 1, 0, undefined],
    ['"\\', 1, 0, undefined],
    ['', 0, 0, undefined],
  ])('of %s with depth %i and %i values is %s', (text, depth, values, expected) => {
    expect(excessOf(text, { depth, values })).toBe(expected);
  });
});
