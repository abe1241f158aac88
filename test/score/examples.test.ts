import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { KnownError } from '../../src/errors.ts';
import { parseExamples, printExamples } from '../../src/score/examples.ts';
import golden from '../fixtures/golden/bert/examples.json' with { type: 'json' };

const a = '{"query": "a?", "pos": ["a+"], "neg": ["a-", "a--"]}';
const b = '{"query": "b?", "pos": ["b+"], "neg": []}';

const parsed = [
  { query: 'a?', positives: ['a+'], negatives: ['a-', 'a--'] },
  { query: 'b?', positives: ['b+'], negatives: [] },
];

function refusalOf(text: string): { readonly code: string; readonly facts: unknown } {
  try {
    parseExamples(text);
  } catch (error) {
    if (error instanceof KnownError) return { code: error.code, facts: error.facts };
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('parseExamples', () => {
  test.each([
    ['JSON Lines', `${a}\n${b}\n`],
    ['no newline at the end', `${a}\n${b}`],
    ['Windows line ends', `${a}\r\n${b}\r\n`],
    ['old Mac line ends', `${a}\r${b}`],
    ['a byte order mark', `\uFEFF${a}\n${b}`],
    ['blank lines', `\n\n${a}\n  \n\t\n${b}\n\n`],
    ['spaces around', `  ${a}  \n ${b}`],
    ['a JSON array', `[${a}, ${b}]`],
    ['a JSON array over lines', `\n [\n  ${a},\n  ${b}\n]\n`],
    ['a JSON array after a byte order mark', `\uFEFF[${a},${b}]`],
  ])('reads %s', (_, text) => {
    expect(parseExamples(text)).toEqual(parsed);
  });

  test("reads the reference's examples", () => {
    expect(parseExamples(JSON.stringify(golden))).toEqual(
      golden.map(({ query, pos, neg }) => ({ query, positives: pos, negatives: neg })),
    );
  });

  test.each([
    ['{"query": "q", "pos": "p", "neg": "n"}', ['p'], ['n']],
    ['{"query": "q", "positive": "p", "negative": ["n", "m"]}', ['p'], ['n', 'm']],
    ['{"query": "q", "positives": ["p"], "negatives": []}', ['p'], []],
    ['{"query": "q", "pos": ["p"]}', ['p'], []],
    ['{"query": "q", "pos": ["p"], "neg": null}', ['p'], []],
    ['{"query": "q"}', [], []],
    ['{"query": "q", "pos": ["p"], "id": 7, "__proto__": {"neg": ["n"]}}', ['p'], []],
  ])('reads %s', (text, positives, negatives) => {
    expect(parseExamples(text)).toEqual([{ query: 'q', positives, negatives }]);
  });

  test('keeps newlines, quotes and other scripts inside texts', () => {
    const query = 'a "quoted"\nline\u2028 北京 😀';
    expect(parseExamples(JSON.stringify({ query, pos: ['p'] }))[0]!.query).toBe(query);
  });

  test.each(['', '   ', '\n\r\n', '[]', '\uFEFF', '\uFEFF [ ]'])('refuses %j as empty', (text) => {
    expect(refusalOf(text)).toEqual({ code: 'examples-empty', facts: {} });
  });

  test.each([
    ['a broken line', `${a}\n{"query": "b?"`, 2],
    ['a broken line after blank ones', `\n\n${a}\n\nnot JSON\n`, 5],
    ['a line that is no object', `${a}\n"text"`, 2],
    ['null', 'null', 1],
    ['a number for a query', '{"query": 1, "pos": ["p"]}', 1],
    ['no query', `${a}\n{"pos": ["p"]}`, 2],
    ['a number among the positives', '{"query": "q", "pos": ["p", 2]}', 1],
    ['an object for negatives', `${a}\r\n{"query": "q", "pos": ["p"], "neg": {"0": "n"}}`, 2],
    ['a broken array', `[${a},`, 1],
    ['an element that is no object', `[${a}, 5]`, 2],
    ['an array of arrays', `[[${a}]]`, 1],
  ])('refuses %s and says where', (_, text, line) => {
    const { code, facts } = refusalOf(text);
    expect(code).toBe('examples-unreadable');
    expect(facts).toMatchObject({ line });
    expect((facts as { why: string }).why).not.toBe('');
  });

  test('says which field is wrong', () => {
    expect(refusalOf('{"query": "q", "pos": ["p", 2]}').facts).toMatchObject({
      why: expect.stringMatching(/^pos/) as string,
    });
  });
});

describe('printExamples', () => {
  test("prints one line an example, under the reference's keys", () => {
    expect(printExamples(parsed)).toBe(
      '{"query":"a?","pos":["a+"],"neg":["a-","a--"]}\n{"query":"b?","pos":["b+"],"neg":[]}\n',
    );
  });

  test('is undone by parseExamples', () => {
    const text = fc.string({ unit: 'binary' });
    const example = fc.record({ query: text, positives: fc.array(text), negatives: fc.array(text) });
    fc.assert(
      fc.property(fc.array(example, { minLength: 1 }), (examples) => {
        expect(parseExamples(printExamples(examples))).toEqual(examples);
      }),
    );
  });
});
