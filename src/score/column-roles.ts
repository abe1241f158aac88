/**
 * What a column of examples may be, for each kind of example: what such columns are called, how many there may be, and how
 * the cells of a line become an example.
 */
import type { Completion, Example, ExampleSet } from './examples.ts';
import type { Cell } from './table.ts';

export type ExampleKind = ExampleSet['kind'];

export type Role = 'query' | 'positive' | 'negative' | 'input' | 'output' | 'ignored';

interface RoleRule {
  readonly role: Role;
  /**
   * Names in lower case without spaces, dashes, underscores and digits at the end, the surest first; those in one list are as
   * sure as each other. First those of the reference's files.
   */
  readonly names: readonly (readonly string[])[];
  /** What is taken where the names of several columns fit: the surest, all that are as sure, or all. */
  readonly guess: 'first' | 'alike' | 'all';
  readonly need: 'one' | 'some' | 'none';
}

export interface KindRules {
  /** In the order of the menu. */
  readonly roles: readonly RoleRule[];
  /** Names whose number is what they mean. */
  readonly numbered: Readonly<Record<string, Role>>;
  /** Named by its place: a list's element, or nothing at all. The last is of every further column. */
  readonly byPlace: readonly Role[];
}

/** Each a list of its own. */
function ranked(...names: readonly string[]): RoleRule['names'] {
  return names.map((name) => [name]);
}

export const rulesOf: Readonly<Record<ExampleKind, KindRules>> = {
  contrastive: {
    roles: [
      {
        role: 'query',
        names: [
          ...ranked('query', 'queries', 'anchor', 'question', 'claim'),
          ...ranked('查询', '问题', '提问', '问句', '锚点'),
        ],
        guess: 'first',
        need: 'one',
      },
      {
        role: 'positive',
        names: [
          ['pos', 'positive', 'positives', 'positivepassage', 'passage', 'answer', 'response', 'document'],
          ['正例', '正样本', '答案', '回答', '段落', '文档', '相关文档'],
        ],
        guess: 'all',
        need: 'some',
      },
      {
        role: 'negative',
        names: [
          ['neg', 'negs', 'negative', 'negatives', 'hardnegative', 'hardnegatives', 'negativepassage'],
          ['负例', '负样本', '反例', '难负例', '不相关文档'],
        ],
        guess: 'all',
        need: 'none',
      },
    ],
    numbered: {
      sentence1: 'query',
      text1: 'query',
      句子1: 'query',
      sentence2: 'positive',
      text2: 'positive',
      句子2: 'positive',
      sentence3: 'negative',
      text3: 'negative',
      句子3: 'negative',
    },
    byPlace: ['query', 'positive', 'negative'],
  },
  completion: {
    roles: [
      {
        role: 'input',
        // an instruction and what it is about often stand side by side
        names: [
          ['input', 'instruction', '输入', '指令'],
          ...ranked('prompt', 'question', 'query', 'source', 'text'),
          ...ranked('提示', '提示词', '问题', '提问', '查询', '原文', '文本'),
        ],
        guess: 'alike',
        need: 'none',
      },
      {
        role: 'output',
        names: [
          ...ranked('output', 'completion', 'answer', 'response', 'target', 'label'),
          ...ranked('输出', '补全', '答案', '回答', '回复', '译文', '目标', '标签'),
        ],
        guess: 'first',
        need: 'one',
      },
    ],
    numbered: { sentence1: 'input', text1: 'input', sentence2: 'output', text2: 'output' },
    byPlace: ['input', 'output', 'ignored'],
  },
};

/** The texts of one line, by what its columns are. */
export type CellsOf = (role: Role) => readonly (string | readonly string[])[];

/** What keeps a line from being an example. */
export type Lack = 'examples-query-missing' | 'examples-positive-missing' | 'examples-output-missing';

export function toPair(of: CellsOf): Example | Lack {
  const query = of('query').map(textOf).join('\n');
  if (query.trim() === '') return 'examples-query-missing';
  const positives = of('positive').flatMap(positivesOf);
  if (positives.length === 0) return 'examples-positive-missing';
  return { query, positives, negatives: of('negative').flatMap(negativesOf) };
}

/** Several columns of input follow each other, a line each. */
export function toCompletion(of: CellsOf): Completion | Lack {
  const output = of('output').map(textOf).join('\n');
  if (output.trim() === '') return 'examples-output-missing';
  const inputs = of('input').map(textOf);
  return { input: inputs.filter((text) => text.trim() !== '').join('\n'), output };
}

export function textOf(cell: Cell): string {
  return typeof cell === 'string' ? cell : (cell ?? []).join('\n');
}

/** A list of its own, one written as JSON, or the text as it is. */
function positivesOf(cell: string | readonly string[]): readonly string[] {
  const texts = typeof cell === 'string' ? (parseList(cell) ?? [cell]) : cell;
  return texts.filter((text) => text.trim() !== '');
}

/** As positives, but lines of a text are one each, as they are in the table of the page. */
function negativesOf(cell: string | readonly string[]): readonly string[] {
  const texts = typeof cell === 'string' ? (parseList(cell) ?? cell.split('\n')) : cell;
  return texts.filter((text) => text.trim() !== '');
}

function parseList(cell: string): readonly string[] | undefined {
  if (!/^\s*\[.*\]\s*$/s.test(cell)) return undefined;
  try {
    const list = JSON.parse(cell) as unknown;
    return Array.isArray(list) && list.every((text) => typeof text === 'string') ? list : undefined;
  } catch {
    return undefined;
  }
}
