/** JSON Lines and JSON arrays to rows of cells: objects by their keys, lists by their places. */
import type { Problem } from '../errors.ts';
import { sortByLine } from './lines.ts';
import type { Cell, Row, Table } from './table.ts';

interface Numbered {
  readonly line: number;
  readonly value: unknown;
}

interface Read {
  readonly values: readonly Numbered[];
  readonly problems: readonly Problem[];
}

/** The table, or `undefined` where the text is not JSON at all. Line ends are `\n`. */
export function parseJsonRows(text: string): Table | undefined {
  const read = readWhole(text) ?? readLines(text);
  if (read === undefined) return undefined;
  const columns = new Map<string, number>();
  const rows: Row[] = [];
  const problems = [...read.problems];
  for (const { line, value } of read.values) {
    const entries = entriesOf(value);
    if (entries === undefined) {
      problems.push({ severity: 'note', code: 'examples-entry-kind', facts: { line } });
      continue;
    }
    const cells: Cell[] = [];
    for (const [key, content] of entries) {
      if (!columns.has(key)) columns.set(key, columns.size);
      cells[columns.get(key)!] = toCell(content);
    }
    // keys that this one lacks are empty
    rows.push({ line, cells: Array.from(cells, (cell, c) => (c in cells ? cell : '')) });
  }
  return {
    form: 'json',
    keys: [...columns.keys()],
    columnCount: columns.size,
    rows,
    problems: sortByLine(problems),
  };
}

function problemAt(line: number, why: string): Problem {
  return { severity: 'note', code: 'examples-unreadable', facts: { line, why } };
}

/** One JSON value: an array of entries, or a single one. */
function readWhole(text: string): Read | undefined {
  const parsed = parseJson(text);
  if ('why' in parsed) return undefined;
  const { value } = parsed;
  if (Array.isArray(value)) {
    const values = value.map((value: unknown, index) => ({ line: index + 1, value }));
    return { values, problems: [] };
  }
  return typeof value === 'object' ? { values: [{ line: 1, value }], problems: [] } : undefined;
}

/** One value a line; `undefined` unless half of the lines look like it. */
function readLines(text: string): Read | undefined {
  const lines = text.split('\n').flatMap((content, index) => {
    const trimmed = content.trim();
    return trimmed === '' ? [] : [{ line: index + 1, text: trimmed }];
  });
  if (2 * lines.filter(({ text }) => /^[[{]/.test(text)).length < lines.length) return undefined;
  const array = text.trimStart().startsWith('[');
  const values: Numbered[] = [];
  const problems: Problem[] = [];
  for (const { line, text } of lines) {
    const inner = array ? withoutArray(text) : text;
    if (inner === '') continue;
    const parsed = parseJson(inner);
    if ('why' in parsed) problems.push(problemAt(line, parsed.why));
    else values.push({ line, value: parsed.value });
  }
  // an array whose lines are all whole and that is not: it was cut short
  if (array && problems.length === 0) {
    const whole = parseJson(text);
    if ('why' in whole) problems.push(problemAt(lines.at(-1)?.line ?? 1, whole.why));
  }
  return { values, problems };
}

/** A line of a broken array without what belongs to the array: its brackets, and the comma after an element. */
function withoutArray(line: string): string {
  if (!('why' in parseJson(line))) return line === '[]' ? '' : line;
  return line
    .replace(/^\[\s*/, '')
    .replace(/\s*\]$/, '')
    .replace(/\s*,$/, '');
}

function parseJson(text: string): { readonly value: unknown } | { readonly why: string } {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch (error) {
    return { why: (error as Error).message };
  }
}

function entriesOf(value: unknown): readonly (readonly [string, unknown])[] | undefined {
  if (Array.isArray(value)) return value.map((content: unknown, c) => [String(c + 1), content]);
  return typeof value === 'object' && value !== null ? Object.entries(value) : undefined;
}

function toCell(value: unknown): Cell {
  if (value === null) return '';
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (!Array.isArray(value)) return undefined;
  return value.every((text: unknown) => typeof text === 'string') ? value : undefined;
}
