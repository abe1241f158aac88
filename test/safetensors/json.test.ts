import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findBlemishes, nestsDeeper } from '../../src/safetensors/json.ts';

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

describe('nestsDeeper', () => {
  test.each([
    ['{"a":{"b":[1]}}', 3, false],
    ['{"a":{"b":[[]]}}', 3, true],
    ['{"a":"[[[[","b":"\\"[[[["}', 3, false],
    ['[][][][]', 1, false],
    ['"unended [[[', 1, false],
    ['"\\', 1, false],
    ['', 0, false],
  ])('of %s and %i is %s', (text, limit, expected) => {
    expect(nestsDeeper(text, limit)).toBe(expected);
  });
});
