import { describe, expect, test } from 'vitest';
import { KnownError } from '../../src/errors.ts';
import { guessMapping, toExamples } from '../../src/score/columns.ts';
import { parseTable } from '../../src/score/table.ts';

function cellsOf(text: string) {
  return parseTable(text).rows.map(({ cells }) => cells);
}

function linesOf(text: string) {
  return parseTable(text).problems.map(({ code, facts }) => [code, 'line' in facts ? facts.line : 0]);
}

function refusalOf(text: string) {
  try {
    parseTable(text);
  } catch (error) {
    if (error instanceof KnownError) return error.code;
    throw error;
  }
  throw new Error('nothing was refused');
}

const three = [
  ['query', 'pos', 'neg'],
  ['a?', 'a+', 'a-'],
  ['b?', 'b+', 'b-'],
];

describe('parseTable of delimited text', () => {
  test.each([
    ['commas', 'query,pos,neg\na?,a+,a-\nb?,b+,b-\n'],
    ['semicolons', 'query;pos;neg\na?;a+;a-\nb?;b+;b-'],
    ['tabs', 'query\tpos\tneg\na?\ta+\ta-\nb?\tb+\tb-'],
    ['Windows line ends', 'query,pos,neg\r\na?,a+,a-\r\nb?,b+,b-\r\n'],
    ['old Mac line ends', 'query,pos,neg\ra?,a+,a-\rb?,b+,b-\r'],
    ['mixed line ends', 'query,pos,neg\r\na?,a+,a-\nb?,b+,b-'],
    ['a byte order mark', '\uFEFFquery,pos,neg\na?,a+,a-\nb?,b+,b-'],
    ['quotes that are not needed', '"query","pos","neg"\n"a?","a+","a-"\nb?,"b+",b-'],
    ['blank lines', '\n\nquery,pos,neg\n\na?,a+,a-\n  \n,,\nb?,b+,b-\n\n'],
    ['delimiters at the ends of lines', 'query,pos,neg\na?,a+,a-,,\nb?,b+,b-,'],
    ['columns that hold nothing', 'query,,pos,neg,\na?,,a+,a-,\nb?,,b+,b-,'],
  ])('reads %s', (_, text) => {
    expect(cellsOf(text)).toEqual(three);
  });

  test('keeps delimiters, line breaks and doubled quotes inside of quotes', () => {
    const text = 'query,pos\r\n"a, ""b""\r\nand c","x;\ty"\r\nd,e';
    expect(parseTable(text).rows).toEqual([
      { line: 1, cells: ['query', 'pos'] },
      { line: 2, cells: ['a, "b"\nand c', 'x;\ty'] },
      { line: 4, cells: ['d', 'e'] },
    ]);
  });

  test.each([
    ['commas in the texts', 'Yes, I do; no\tWell, well; hm\tNo, thanks', 3],
    ['semicolons in one of them', 'query,pos\n"a;b;c",d\ne,f', 2],
    ['a comma in each text between semicolons', 'query;pos\na, b;c\nd, e;f', 2],
  ])('finds the delimiter beside %s', (_, text, want) => {
    expect(parseTable(text).columnCount).toBe(want);
  });

  test('takes quotes between tabs as letters where they do not enclose', () => {
    expect(cellsOf('q\tp\n"a" is b\tc\n"d\te\nf\tg')).toEqual([
      ['q', 'p'],
      ['"a" is b', 'c'],
      ['"d', 'e'],
      ['f', 'g'],
    ]);
  });

  test('names a line with too many cells and keeps the others', () => {
    const text = 'query,pos\na,b\nc,d, e\nf,g';
    expect(cellsOf(text)).toEqual([
      ['query', 'pos'],
      ['a', 'b'],
      ['f', 'g'],
    ]);
    expect(parseTable(text).problems).toEqual([
      { severity: 'note', code: 'examples-cells-many', facts: { line: 3, want: 2, got: 3 } },
    ]);
  });

  test.each([
    ['is never closed', '"open,b'],
    ['is closed too early', '"clo"sed,b'],
  ])('names a line whose quote %s and keeps the others', (_, broken) => {
    const lines = Array.from({ length: 40 }, (_, e) => `q${e},p${e}`);
    lines[16] = broken;
    const { rows, problems } = parseTable(lines.join('\n'));
    expect(rows).toHaveLength(39);
    expect(rows.at(-1)).toEqual({ line: 40, cells: ['q39', 'p39'] });
    expect(problems).toEqual([{ severity: 'note', code: 'examples-quote-broken', facts: { line: 17 } }]);
  });

  test('names the first line, whose quote is never closed', () => {
    const text = '"query,pos\na,b\nc,d';
    expect(linesOf(text)).toEqual([['examples-quote-broken', 1]]);
    expect(parseTable(text).rows).toHaveLength(2);
  });

  test('names the last line, whose quote is never closed', () => {
    expect(linesOf('a,b\nc,"d')).toEqual([['examples-quote-broken', 2]]);
  });

  test('gives up where every line has a broken quote, in little time', () => {
    expect(refusalOf('"a,b\n'.repeat(20_000) + 'c,d')).toBe('examples-quote-broken');
  });

  test.each(['not examples', 'a\nb\nc', '"a,b"', 'a;'])('refuses %j: one column', (text) => {
    expect(refusalOf(text)).toBe('examples-columns-few');
  });

  test.each(['', '  \n\t', '\uFEFF'])('refuses %j: nothing', (text) => {
    expect(refusalOf(text)).toBe('examples-empty');
  });

  test('keeps right-to-left text, emoji and combining marks as they are', () => {
    const cells = ['שלום, עולם', 'مرحبا بالعالم', '👩‍👩‍👧‍👦 नमस्ते é \u202Eabc'];
    expect(cellsOf(cells.map((cell) => `"${cell}"`).join(','))).toEqual([cells]);
  });
});

const a = '{"query": "a?", "pos": ["a+"], "neg": ["a-", "a--"]}';
const b = '{"query": "b?", "pos": ["b+"], "neg": []}';

describe('parseTable of JSON', () => {
  test.each([
    ['lines', `${a}\n${b}\n`],
    ['lines after a byte order mark', `\uFEFF${a}\n${b}`],
    ['Windows line ends', `${a}\r\n${b}\r\n`],
    ['blank lines', `\n\n${a}\n \n${b}\n\n`],
    ['an array', `[${a}, ${b}]`],
    ['an array over lines', `\n [\n  ${a},\n  ${b}\n]\n`],
  ])('reads %s', (_, text) => {
    const { keys, rows, problems } = parseTable(text);
    expect(keys).toEqual(['query', 'pos', 'neg']);
    expect(rows.map(({ cells }) => cells)).toEqual([
      ['a?', ['a+'], ['a-', 'a--']],
      ['b?', ['b+'], []],
    ]);
    expect(problems).toEqual([]);
  });

  test('reads a single object over lines, and lists by their places', () => {
    expect(parseTable('{\n "question": "q",\n "answer": "a"\n}')).toMatchObject({
      keys: ['question', 'answer'],
      rows: [{ line: 1, cells: ['q', 'a'] }],
    });
    expect(parseTable('[["q", "p"], ["r", "s", "n"]]')).toMatchObject({
      keys: ['1', '2', '3'],
      rows: [{ cells: ['q', 'p'] }, { cells: ['r', 's', 'n'] }],
    });
  });

  test('gives each key its column, wherever it stands, and numbers as texts', () => {
    expect(parseTable('{"a": 1, "b": "x"}\n{"c": true, "b": null}')).toMatchObject({
      keys: ['a', 'b', 'c'],
      rows: [{ cells: ['1', 'x'] }, { cells: ['', '', 'true'] }],
    });
  });

  test('has no cell for an object or a mixed list', () => {
    expect(cellsOf('{"a": {"b": 1}, "c": ["d", 2], "__proto__": "e"}')).toEqual([
      [undefined, undefined, 'e'],
    ]);
  });

  test('names the one broken line of forty and keeps the others', () => {
    const lines = Array.from({ length: 40 }, (_, e) => `{"query": "q${e}", "pos": ["p${e}"]}`);
    lines[16] = '{"query": "q16", "pos": ["p16"]';
    const { rows, problems } = parseTable(lines.join('\n'));
    expect(rows.map(({ line }) => line)).toEqual(
      Array.from({ length: 40 }, (_, e) => e + 1).filter((line) => line !== 17),
    );
    expect(problems).toMatchObject([{ code: 'examples-unreadable', facts: { line: 17 } }]);
  });

  test.each([
    ['a broken first line', `{"query"\n${a}\n${b}`, [['examples-unreadable', 1]]],
    ['a line that is no object', `${a}\n"text"\n${b}`, [['examples-entry-kind', 2]]],
    ['an element that is no object', `[${a}, 5, ${b}]`, [['examples-entry-kind', 2]]],
    ['a broken element of an array', `[\n${a},\n{"query": ,\n${b}\n]`, [['examples-unreadable', 3]]],
    ['an array that is cut short', `[\n${a},\n${b},\n`, [['examples-unreadable', 3]]],
    ['an array that is cut short inside', `[${a},\n${b}`, [['examples-unreadable', 2]]],
  ])('names %s and keeps the others', (_, text, want) => {
    expect(linesOf(text)).toEqual(want);
    expect(parseTable(text).rows).toHaveLength(2);
  });

  test.each([
    ['{"query": "a', 'examples-unreadable'],
    ['[', 'examples-unreadable'],
    ['[]', 'examples-empty'],
    ['[1, 2]', 'examples-entry-kind'],
    ['null', 'examples-entry-kind'],
  ])('refuses %j', (text, want) => {
    expect(refusalOf(text)).toBe(want);
  });
});

describe('a text of two megabytes', () => {
  const sentence = 'How do I move money from one account to the other, and what does it cost? '.repeat(4);

  test.each([
    ['JSON Lines', `${JSON.stringify({ query: sentence, pos: [sentence] })}\n`],
    ['quoted cells', `"${sentence}","${sentence}\n${sentence}"\n`],
    ['bare cells', `${sentence.replaceAll(',', '')},x\n`],
  ])('is read to its end as %s, and the first 200 examples are taken', (_, line) => {
    const count = Math.floor(2_000_000 / line.length);
    const table = parseTable(line.repeat(count));
    expect(table.rows).toHaveLength(count);
    const {
      set: { examples },
      problems,
    } = toExamples(table, guessMapping(table, 'contrastive'));
    expect(examples).toHaveLength(200);
    expect(problems).toEqual([
      { severity: 'note', code: 'examples-many', facts: { count, taken: 200, limit: 200 } },
    ]);
  });
});
