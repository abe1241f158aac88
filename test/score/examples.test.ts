import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { KnownError } from '../../src/errors.ts';
import { parseExamples, parseExampleSet, printExamples, printExampleSet } from '../../src/score/examples.ts';
import golden from '../fixtures/golden/bert/examples.json' with { type: 'json' };

const parsed = [
  { query: 'a?', positives: ['a+'], negatives: ['a-', 'a--'] },
  { query: 'b?', positives: ['b+'], negatives: [] },
];

describe('parseExamples', () => {
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
    ['{"query": "q", "pos": ["p"], "id": 7, "__proto__": {"neg": ["n"]}}', ['p'], []],
  ])('reads %s', (text, positives, negatives) => {
    expect(parseExamples(text)).toEqual([{ query: 'q', positives, negatives }]);
  });

  test('keeps newlines, quotes and other scripts inside texts', () => {
    const query = 'a "quoted"\nline\u2028 北京 😀';
    expect(parseExamples(JSON.stringify({ query, pos: ['p'] }))[0]!.query).toBe(query);
  });

  test('refuses the whole where one line is wrong', () => {
    expect(() => parseExamples('{"query": "q", "pos": ["p"]}\n{"query": "r"}')).toThrow(
      new KnownError('examples-positive-missing', { line: 2 }),
    );
  });
});

describe('parseExamples, of what is no JSON,', () => {
  test.each(['', 'query,positive\nq,p\n'])('finds no examples in %j', (text) => {
    expect(() => parseExamples(text)).toThrow(new KnownError('examples-empty', {}));
  });
});

describe('printExamples', () => {
  test("prints one line an example, under the reference's keys", () => {
    expect(printExamples(parsed)).toBe(
      '{"query":"a?","pos":["a+"],"neg":["a-","a--"]}\n{"query":"b?","pos":["b+"],"neg":[]}\n',
    );
  });

  test('is undone by parseExamples', () => {
    // what is blank is no text of an example
    const text = fc.string({ unit: 'binary' }).filter((text) => text.trim() !== '');
    const example = fc.record({
      query: text,
      positives: fc.array(text, { minLength: 1 }),
      negatives: fc.array(text),
    });
    fc.assert(
      fc.property(fc.array(example, { minLength: 1 }), (examples) => {
        expect(parseExamples(printExamples(examples))).toEqual(examples);
      }),
    );
  });
});

describe('parseExampleSet', () => {
  test('undoes what prints inputs and outputs', () => {
    const examples = [
      { input: 'a =>', output: 'b' },
      { input: '', output: 'a "text"\nof its own' },
    ];
    const set = { kind: 'completion', examples } as const;
    expect(parseExampleSet(printExampleSet(set), 'completion')).toEqual(set);
  });

  test('refuses the whole where an output is missing', () => {
    const text = '{"input": "a", "output": "b"}\n{"input": "c", "output": " "}';
    expect(() => parseExampleSet(text, 'completion')).toThrow(
      new KnownError('examples-output-missing', { line: 2 }),
    );
  });
});
