/**
 * What the columns of a table mean: guessed from their names or places, decided by the person, and from there to examples.
 * Pure and small: the page calls it at every choice.
 */
import type { Problem } from '../errors.ts';
import type { Example } from './examples.ts';
import { sortByLine } from './lines.ts';
import type { Cell, Row, Table } from './table.ts';

export type Role = 'query' | 'positive' | 'negative' | 'ignored';

export interface Mapping {
  /** Whether the first line of a delimited text names its columns; JSON's keys always do. */
  readonly firstLine: 'names' | 'example';
  /** (columns,) */
  readonly roles: readonly Role[];
}

export interface Reading {
  readonly examples: readonly Example[];
  /** Notes: the lines that are not among them, in order, and how many were too many. */
  readonly problems: readonly Problem[];
}

/** A table under a mapping: what a person decides by, and what comes of it. */
export interface Mapped extends Reading {
  /** (columns,) what each is called, '' where nothing says it, and its first few texts. */
  readonly columns: readonly { readonly name: string; readonly firstTexts: readonly string[] }[];
  /** What is still to be chosen, or chosen too often; nothing is read until it is `none`. */
  readonly missing: 'query' | 'queries' | 'positive' | 'none';
}

/** What shows the kind of a column. */
const firstTextCount = 3;

/**
 * Few-shot scoring asks for five; losses hardly move beyond fifty. At 200 the table of the page, the search for what one
 * example changes (score/losses.ts) and scoring all stay within seconds.
 */
export const exampleLimit = 200;

/** Names in lower case without spaces, dashes, underscores and digits at the end. First those of the reference's files. */
const names: Readonly<Record<Exclude<Role, 'ignored'>, readonly string[]>> = {
  query: ['query', 'queries', 'anchor', 'question', 'claim', '查询', '问题', '提问', '问句', '锚点'],
  positive: [
    ...['pos', 'positive', 'positives', 'positivepassage', 'passage', 'answer', 'response', 'document'],
    ...['正例', '正样本', '答案', '回答', '段落', '文档', '相关文档'],
  ],
  negative: [
    ...['neg', 'negs', 'negative', 'negatives', 'hardnegative', 'hardnegatives', 'negativepassage'],
    ...['负例', '负样本', '反例', '难负例', '不相关文档'],
  ],
};

/** Names whose number is what they mean. */
const numbered: Readonly<Record<string, Role>> = {
  sentence1: 'query',
  text1: 'query',
  句子1: 'query',
  sentence2: 'positive',
  text2: 'positive',
  句子2: 'positive',
  sentence3: 'negative',
  text3: 'negative',
  句子3: 'negative',
};

/** Named by its place: a list's element, or nothing at all. */
const byPlace: readonly Role[] = ['query', 'positive'];

/** (columns,) what each is called, as the first line or the keys say. */
function columnNames(table: Table, firstLine: Mapping['firstLine']): readonly string[] {
  if (table.form === 'json') return table.keys.map((key) => (/^\d+$/.test(key) ? '' : key));
  const cells = firstLine === 'names' ? (table.rows[0]?.cells ?? []) : [];
  return Array.from({ length: table.columnCount }, (_, c) => textOf(cells[c]).trim());
}

/** Rows that hold examples. */
function exampleRows(table: Table, { firstLine }: Pick<Mapping, 'firstLine'>): readonly Row[] {
  return table.form === 'delimited' && firstLine === 'names' ? table.rows.slice(1) : table.rows;
}

/** The likeliest meaning. Unless the person says what the first line is, it holds names where one of them is known. */
export function guessMapping(table: Table, said?: Mapping['firstLine']): Mapping {
  const known = columnNames(table, 'names').some((name) => roleOf(name) !== 'ignored');
  const firstLine = said ?? (table.form === 'json' || known ? 'names' : 'example');
  return { firstLine, roles: guessRoles(table, firstLine) };
}

/** (columns,) One query at most; where no name says anything, by place: query, positive, then negatives. */
function guessRoles(table: Table, firstLine: Mapping['firstLine']): readonly Role[] {
  const labels = columnNames(table, firstLine);
  const roles = labels.map(roleOf);
  if (roles.every((role) => role === 'ignored')) return roles.map((_, c) => byPlace[c] ?? 'negative');
  const query = likeliestQuery(labels, roles);
  return roles.map((role, c) => (role === 'query' && c !== query ? 'ignored' : role));
}

/** Of several, the one whose name stands first in the list. */
function likeliestQuery(labels: readonly string[], roles: readonly Role[]): number {
  const ranks = labels.map((label, c) => (roles[c] === 'query' ? rankOf(label) : Infinity));
  return ranks.indexOf(Math.min(...ranks));
}

function rankOf(name: string): number {
  const rank = names.query.indexOf(plainName(name).replace(/\d+$/, ''));
  return rank < 0 ? names.query.length : rank;
}

function plainName(name: string): string {
  return name.toLowerCase().replace(/[\s_-]/g, '');
}

function roleOf(name: string): Role {
  const plain = plainName(name);
  const exact = numbered[plain];
  if (exact !== undefined) return exact;
  const word = plain.replace(/\d+$/, '');
  const found = (['query', 'positive', 'negative'] as const).find((role) => names[role].includes(word));
  return found ?? 'ignored';
}

/** JSON under the reference's own keys, which leave nothing to ask. */
export function isDocumented({ form, keys }: Table): boolean {
  return form === 'json' && keys.includes('query') && keys.some((key) => /^pos(itives?)?$/.test(key));
}

function missingRole({ roles }: Mapping): Mapped['missing'] {
  const queryCount = roles.filter((role) => role === 'query').length;
  if (queryCount !== 1) return queryCount === 0 ? 'query' : 'queries';
  return roles.includes('positive') ? 'none' : 'positive';
}

/** Reads a table as the mapping says; `takenCount` examples are in the page's table already. */
export function mapTable(table: Table, mapping: Mapping, takenCount: number): Mapped {
  const missing = missingRole(mapping);
  const rows = exampleRows(table, mapping);
  const columns = columnNames(table, mapping.firstLine).map((name, c) => ({
    name,
    firstTexts: rows.slice(0, firstTextCount).map(({ cells }) => textOf(cells[c])),
  }));
  const reading =
    missing === 'none'
      ? toExamples(table, mapping, Math.max(0, exampleLimit - takenCount))
      : { examples: [], problems: table.problems };
  return { ...reading, columns, missing };
}

/** At most `room` examples, and a note on every line that is not among them. */
export function toExamples(table: Table, mapping: Mapping, room = exampleLimit): Reading {
  const labels = columnNames(table, mapping.firstLine);
  const examples: Example[] = [];
  const problems = [...table.problems];
  for (const row of exampleRows(table, mapping)) {
    const made = toExample(row, mapping.roles, labels);
    if ('code' in made) problems.push(made);
    else examples.push(made);
  }
  if (examples.length > room) {
    const facts = { count: examples.length, taken: room, limit: exampleLimit };
    problems.push({ severity: 'note', code: 'examples-many', facts });
  }
  return { examples: examples.slice(0, room), problems: sortByLine(problems) };
}

function toExample(
  { line, cells }: Row,
  roles: readonly Role[],
  labels: readonly string[],
): Example | Problem {
  const note = (problem: Pick<Problem, 'code' | 'facts'>) => ({ severity: 'note', ...problem }) as Problem;
  const of = (role: Role) => roles.flatMap((each, c) => (each === role ? [c] : []));
  const odd = roles.findIndex((role, c) => role !== 'ignored' && c in cells && cells[c] === undefined);
  if (odd >= 0) {
    const column = labels[odd] === '' ? String(odd + 1) : (labels[odd] ?? '');
    return note({ code: 'examples-cell-kind', facts: { line, column } });
  }
  const query = of('query')
    .map((c) => textOf(cells[c]))
    .join('\n');
  if (query.trim() === '') return note({ code: 'examples-query-missing', facts: { line } });
  const positives = of('positive').flatMap((c) => positivesOf(cells[c] ?? ''));
  if (positives.length === 0) return note({ code: 'examples-positive-missing', facts: { line } });
  return { query, positives, negatives: of('negative').flatMap((c) => negativesOf(cells[c] ?? '')) };
}

function textOf(cell: Cell): string {
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
