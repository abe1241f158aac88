import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { editJson, parseFields } from '../../src/export/json-edit.ts';

describe('editJson', () => {
  test('keeps the order of the keys and the spelling of numbers and strings', () => {
    const text = '{"b": 0.0, "a": 1e-12, "n": 12345678901234567890, "s": "\\u00e9\\/\\"}:,"}';
    expect(editJson(text, {}, 'config.json')).toBe(`{
  "b": 0.0,
  "a": 1e-12,
  "n": 12345678901234567890,
  "s": "\\u00e9\\/\\"}:,"
}
`);
  });

  test('lays out lists and objects, and leaves empty ones on their line', () => {
    expect(editJson('{"a":[1,[]],"o":{"p":{}}}', {}, 'config.json')).toBe(`{
  "a": [
    1,
    []
  ],
  "o": {
    "p": {}
  }
}
`);
  });

  test('changes a field where it stands, removes one, and puts a new one last', () => {
    const edited = editJson(
      '{"a":1,"b":{"a":2},"c":3}',
      { a: '"x"', c: undefined, d: 'true' },
      'config.json',
    );
    expect(edited.replace(/\s/g, '')).toBe('{"a":"x","b":{"a":2},"d":true}');
  });

  test('knows a key however it is spelt, and takes the last of two', () => {
    expect(parseFields('{"\\u0061":1,"a":2}', 'config.json')).toEqual(new Map([['a', '2']]));
  });

  test('treats __proto__ as any other key', () => {
    expect(editJson('{"__proto__":{"a":1}}', {}, 'config.json').replace(/\s/g, '')).toBe(
      '{"__proto__":{"a":1}}',
    );
  });

  test('reads a file that starts with a byte order mark', () => {
    expect(editJson('\uFEFF{"a":1}', {}, 'config.json')).toBe('{\n  "a": 1\n}\n');
  });

  test.each([
    ['is cut short', '{"a":', 'JSON'],
    ['is a list', '[1]', 'not an object'],
    ['is null', 'null', 'not an object'],
    ['is Python', '{"a": NaN}', 'JSON'],
  ])('refuses a text that %s', (_, text, why) => {
    const error = expect.objectContaining({
      code: 'json-invalid',
      facts: { file: 'a.json', why: expect.stringContaining(why) },
    });
    expect(() => editJson(text, {}, 'a.json')).toThrow(error);
  });

  test('without edits changes no value of any object', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const text = JSON.stringify(value);
        expect(JSON.stringify(JSON.parse(editJson(text, {}, 'a.json')))).toBe(
          JSON.stringify(JSON.parse(text)),
        );
      }),
    );
  });
});
