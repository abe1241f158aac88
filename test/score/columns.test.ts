import { describe, expect, test } from 'vitest';
import {
  guessMapping,
  isDocumented,
  mapTable,
  toExamples,
  type Missing,
  type Role,
} from '../../src/score/columns.ts';
import { parseTable } from '../../src/score/table.ts';

const header = (...names: readonly string[]) =>
  parseTable(`${names.join(',')}\n${names.map(() => 'x').join(',')}`);

describe('guessMapping', () => {
  test.each<[readonly string[], readonly Role[]]>([
    [
      ['query', 'pos', 'neg'],
      ['query', 'positive', 'negative'],
    ],
    [
      ['anchor', 'positive', 'negative'],
      ['query', 'positive', 'negative'],
    ],
    [
      ['id', 'Question', 'Answer'],
      ['ignored', 'query', 'positive'],
    ],
    [
      ['sentence1', 'sentence2', 'label'],
      ['query', 'positive', 'ignored'],
    ],
    [
      ['negative_1', 'negative_2', 'Hard Negative 3', 'passage', 'query'],
      ['negative', 'negative', 'negative', 'positive', 'query'],
    ],
    [
      ['查询', '正例', '负例1', '负例2', '备注'],
      ['query', 'positive', 'negative', 'negative', 'ignored'],
    ],
    [
      ['问题', '答案'],
      ['query', 'positive'],
    ],
    [
      // two that could be the query: the surer one is
      ['question', 'query', 'answer'],
      ['ignored', 'query', 'positive'],
    ],
    [
      ['negative', 'negative', 'query', 'pos'],
      ['negative', 'negative', 'query', 'positive'],
    ],
  ])('knows %j', (names, roles) => {
    expect(guessMapping(header(...names), 'contrastive')).toEqual({
      kind: 'contrastive',
      firstLine: 'names',
      roles,
    });
  });

  test('takes the first line as an example where no name in it is known, and goes by place', () => {
    const table = parseTable('How do I cook?,Warm the pan.,Mars is far.,Salt.\nb,c,d,e');
    expect(guessMapping(table, 'contrastive')).toEqual({
      kind: 'contrastive',
      firstLine: 'example',
      roles: ['query', 'positive', 'negative', 'negative'],
    });
    expect(toExamples(table, guessMapping(table, 'contrastive')).set.examples).toHaveLength(2);
  });

  test('goes by place, too, where the person says that the first line holds names that are not known', () => {
    const table = parseTable('from,to\na,b');
    expect(guessMapping(table, 'contrastive', 'names')).toEqual({
      kind: 'contrastive',
      firstLine: 'names',
      roles: ['query', 'positive'],
    });
  });

  test("knows JSON's keys, and lists by their places", () => {
    expect(guessMapping(parseTable('{"text1": "a", "text2": "b", "score": 1}'), 'contrastive').roles).toEqual(
      ['query', 'positive', 'ignored'],
    );
    const lists = parseTable('["a", "b", "c"]\n["d", "e", "f"]');
    expect(guessMapping(lists, 'contrastive')).toEqual({
      kind: 'contrastive',
      firstLine: 'names',
      roles: ['query', 'positive', 'negative'],
    });
  });
});

describe('isDocumented', () => {
  test.each([
    ['{"query": "q", "pos": ["p"], "neg": []}', true],
    ['{"query": "q", "positive": "p", "id": 7}', true],
    ['{"query": "q", "positives": ["p"]}', true],
    ['{"query": "q", "passage": "p"}', false],
    ['{"anchor": "q", "pos": "p"}', false],
    ['query,pos\nq,p', false],
  ])('of %s is %s', (text, want) => {
    expect(isDocumented(parseTable(text), 'contrastive')).toBe(want);
  });
});

describe('mapTable', () => {
  const table = parseTable('from,to,not\na,b,c\nd,"e\nf",\ng,h,i\nj,k,l');

  test('shows what columns are called and their first texts', () => {
    const named = mapTable(table, guessMapping(table, 'contrastive', 'names'), 0);
    expect(named.columns).toEqual([
      { name: 'from', firstTexts: ['a', 'd', 'g'] },
      { name: 'to', firstTexts: ['b', 'e\nf', 'h'] },
      { name: 'not', firstTexts: ['c', '', 'i'] },
    ]);
    expect(named.set.examples).toHaveLength(4);
    const unnamed = mapTable(table, guessMapping(table, 'contrastive', 'example'), 0);
    expect(unnamed.columns[0]).toEqual({ name: '', firstTexts: ['from', 'a', 'd'] });
    expect(unnamed.set.examples).toHaveLength(5);
  });

  test.each<[readonly Role[], Missing | undefined, number]>([
    [['query', 'positive', 'ignored'], undefined, 4],
    [['positive', 'positive', 'query'], undefined, 3],
    [['positive', 'negative', 'ignored'], { role: 'query', why: 'none' }, 0],
    [['query', 'query', 'positive'], { role: 'query', why: 'several' }, 0],
    [['query', 'negative', 'ignored'], { role: 'positive', why: 'none' }, 0],
  ])('of %j misses %j and has %i examples', (roles, missing, count) => {
    const mapped = mapTable(table, { kind: 'contrastive', firstLine: 'names', roles }, 0);
    expect(mapped.missing).toEqual(missing);
    expect(mapped.set.examples).toHaveLength(count);
  });

  test('takes no more than there is room for beside those in the table', () => {
    const {
      set: { examples },
      problems,
    } = mapTable(table, guessMapping(table, 'contrastive', 'names'), 199);
    expect(examples).toHaveLength(1);
    expect(problems).toMatchObject([{ code: 'examples-many', facts: { count: 4, taken: 1 } }]);
    expect(mapTable(table, guessMapping(table, 'contrastive', 'names'), 250).set.examples).toEqual([]);
  });
});

describe('toExamples', () => {
  const read = (text: string, room?: number) => {
    const table = parseTable(text);
    return toExamples(table, guessMapping(table, 'contrastive'), room);
  };

  test('takes negatives from several columns, a JSON list, or one a line', () => {
    const text = 'query,pos,neg,neg\nq,p,"[""n, 1"", ""n2""]","n3\n\nn4"\nr,s,[not a list],';
    expect(read(text).set.examples).toEqual([
      { query: 'q', positives: ['p'], negatives: ['n, 1', 'n2', 'n3', 'n4'] },
      { query: 'r', positives: ['s'], negatives: ['[not a list]'] },
    ]);
  });

  test('keeps the lines of a query and of a positive together', () => {
    expect(read('query,pos\n"q\nq","p\np"').set.examples).toEqual([
      { query: 'q\nq', positives: ['p\np'], negatives: [] },
    ]);
  });

  test('takes every positive, the first of which is scored', () => {
    expect(read('{"query": "q", "pos": ["p", " "], "positive": "r"}').set.examples).toEqual([
      { query: 'q', positives: ['p', 'r'], negatives: [] },
    ]);
  });

  test('names the lines without query or positive, and those with something else', () => {
    const lines = [
      '{"query": " ", "pos": ["p"]}',
      '{"query": "q", "pos": ["p"]}',
      '{"query": "q", "pos": [""]}',
      '{"query": "q"}',
      '{"query": "q", "pos": {"text": "p"}}',
      '{"query": "q", "pos": ["p"], "meta": {"ignored": 1}}',
      '{"query":',
    ];
    const {
      set: { examples },
      problems,
    } = read(lines.join('\n'));
    expect(examples).toHaveLength(2);
    expect(problems.map(({ code, facts }) => ({ code, ...facts }))).toMatchObject([
      { code: 'examples-query-missing', line: 1 },
      { code: 'examples-positive-missing', line: 3 },
      { code: 'examples-positive-missing', line: 4 },
      { code: 'examples-cell-kind', line: 5, column: 'pos' },
      { code: 'examples-unreadable', line: 7 },
    ]);
  });

  test('of a header alone has no examples, and nothing to say', () => {
    expect(read('query,pos,neg')).toEqual({ set: { kind: 'contrastive', examples: [] }, problems: [] });
  });

  test('takes what there is room for', () => {
    const {
      set: { examples },
      problems,
    } = read('a,b\nc,d\ne,f', 2);
    expect(examples).toHaveLength(2);
    expect(problems).toEqual([
      { severity: 'note', code: 'examples-many', facts: { count: 3, taken: 2, limit: 200 } },
    ]);
  });
});

describe('the columns of inputs and outputs', () => {
  const read = (text: string) => {
    const table = parseTable(text);
    return toExamples(table, guessMapping(table, 'completion'));
  };

  test.each<[readonly string[], readonly Role[]]>([
    [
      ['input', 'output'],
      ['input', 'output'],
    ],
    [
      ['id', 'Prompt', 'Completion'],
      ['ignored', 'input', 'output'],
    ],
    [
      ['question', 'answer', 'source'],
      ['input', 'output', 'ignored'],
    ],
    [
      ['text', 'label'],
      ['input', 'output'],
    ],
    [
      ['source', 'target', 'label'],
      ['input', 'output', 'ignored'],
    ],
    [
      // an instruction and what it is about
      ['instruction', 'input', 'output', 'text'],
      ['input', 'input', 'output', 'ignored'],
    ],
    [
      ['指令', '输出'],
      ['input', 'output'],
    ],
    [
      ['问题', '答案', '备注'],
      ['input', 'output', 'ignored'],
    ],
    [
      ['sentence1', 'sentence2'],
      ['input', 'output'],
    ],
  ])('are known by their names: %j', (names, roles) => {
    expect(guessMapping(header(...names), 'completion')).toEqual({
      kind: 'completion',
      firstLine: 'names',
      roles,
    });
  });

  test('go by place where no name is known, and the rest is not used', () => {
    const table = parseTable('a;b;c\nd;e;f');
    expect(guessMapping(table, 'completion')).toEqual({
      kind: 'completion',
      firstLine: 'example',
      roles: ['input', 'output', 'ignored'],
    });
  });

  test.each([
    ['{"input": "i", "output": "o"}', true],
    ['{"input": "i", "output": "o", "id": 7}', true],
    ['{"input": "i", "output": "o", "instruction": "do"}', false],
    ['{"prompt": "i", "completion": "o"}', false],
    ['{"query": "q", "pos": ["p"]}', false],
    ['input,output\ni,o', false],
  ])('leave nothing to ask in %s: %s', (text, want) => {
    expect(isDocumented(parseTable(text), 'completion')).toBe(want);
  });

  test.each<[readonly Role[], Missing | undefined]>([
    [['input', 'output', 'ignored'], undefined],
    [['input', 'input', 'output'], undefined],
    [['ignored', 'ignored', 'output'], undefined],
    [['input', 'input', 'ignored'], { role: 'output', why: 'none' }],
    [['input', 'output', 'output'], { role: 'output', why: 'several' }],
  ])('as %j miss %j', (roles, missing) => {
    const table = parseTable('a,b,c\nd,e,f');
    expect(mapTable(table, { kind: 'completion', firstLine: 'example', roles }, 0).missing).toEqual(missing);
  });

  test('make examples: several inputs a line each, none a text of its own, and lines without output are named', () => {
    const { set, problems } = read(
      'instruction,input,output\nSum up.,"Long, long.",Short.\nSay hi.,,Hi!\n,,A text.\nq,r,\n',
    );
    expect(set).toEqual({
      kind: 'completion',
      examples: [
        { input: 'Sum up.\nLong, long.', output: 'Short.' },
        { input: 'Say hi.', output: 'Hi!' },
        { input: '', output: 'A text.' },
      ],
    });
    expect(problems).toEqual([{ severity: 'note', code: 'examples-output-missing', facts: { line: 5 } }]);
  });

  test('keep lists together, brackets and all', () => {
    expect(read('{"input": ["a", "b"], "output": "[1, 2]"}').set.examples).toEqual([
      { input: 'a\nb', output: '[1, 2]' },
    ]);
  });
});
