/**
 * What the columns of a table mean: guessed from their names or places, decided by the person, and from there to examples.
 * Pure and small: the page calls it at every choice.
 */
import type { Problem } from '../errors.ts';
import {
  rulesOf,
  textOf,
  toCompletion,
  toPair,
  type CellsOf,
  type ExampleKind,
  type Lack,
  type Role,
} from './column-roles.ts';
import type { ExampleSet } from './examples.ts';
import { sortByLine } from './lines.ts';
import type { Row, Table } from './table.ts';

export type { ExampleKind, Role } from './column-roles.ts';

export interface Mapping {
  /** What is made of the table. */
  readonly kind: ExampleKind;
  /** Whether the first line of a delimited text names its columns; JSON's keys always do. */
  readonly firstLine: 'names' | 'example';
  /** (columns,) */
  readonly roles: readonly Role[];
}

export interface Reading {
  readonly set: ExampleSet;
  /** Notes: the lines that are not among them, in order, and how many were too many. */
  readonly problems: readonly Problem[];
}

/** A role that has still to be chosen, or was chosen for more columns than one. */
export interface Missing {
  readonly role: Role;
  readonly why: 'none' | 'several';
}

/** A table under a mapping: what a person decides by, and what comes of it. */
export interface Mapped extends Reading {
  /** (columns,) what each is called, '' where nothing says it, and its first few texts. */
  readonly columns: readonly { readonly name: string; readonly firstTexts: readonly string[] }[];
  /** Nothing is read while something is missing. */
  readonly missing: Missing | undefined;
}

/** What shows the kind of a column. */
const firstTextCount = 3;

/**
 * Few-shot scoring asks for five; losses hardly move beyond fifty. At 200 the table of the page, the search for what one
 * example changes (score/losses.ts) and scoring all stay within seconds.
 */
export const exampleLimit = 200;

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

/** What may be made of a table. */
export function rolesOf(kind: ExampleKind): readonly Role[] {
  return [...rulesOf[kind].roles.map(({ role }) => role), 'ignored'];
}

/** The likeliest meaning. Unless the person says what the first line is, it holds names where one of them is known. */
export function guessMapping(table: Table, kind: ExampleKind, said?: Mapping['firstLine']): Mapping {
  const known = columnNames(table, 'names').some((name) => guessRole(name, kind).role !== 'ignored');
  const firstLine = said ?? (table.form === 'json' || known ? 'names' : 'example');
  return { kind, firstLine, roles: guessRoles(columnNames(table, firstLine), kind) };
}

/** (columns,) where no name says anything, by place. */
function guessRoles(labels: readonly string[], kind: ExampleKind): readonly Role[] {
  const { roles, byPlace } = rulesOf[kind];
  const guesses = labels.map((label) => guessRole(label, kind));
  if (guesses.every(({ role }) => role === 'ignored')) {
    return labels.map((_, c) => byPlace[Math.min(c, byPlace.length - 1)]!);
  }
  const taken = new Set<number>();
  for (const { role, guess } of roles) {
    const columns = guesses.flatMap((each, c) => (each.role === role ? [c] : []));
    const best = Math.min(...columns.map((c) => guesses[c]!.rank));
    const surest = guess === 'all' ? columns : columns.filter((c) => guesses[c]!.rank === best);
    for (const c of guess === 'first' ? surest.slice(0, 1) : surest) taken.add(c);
  }
  return guesses.map(({ role }, c) => (taken.has(c) ? role : 'ignored'));
}

/** What a column of this name may be, and how sure that is: 0 is surest. */
function guessRole(name: string, kind: ExampleKind): { readonly role: Role; readonly rank: number } {
  const { roles, numbered } = rulesOf[kind];
  const plain = name.toLowerCase().replace(/[\s_-]/g, '');
  const exact = numbered[plain];
  // surer than nothing, less sure than a word
  if (exact !== undefined) return { role: exact, rank: Infinity };
  const word = plain.replace(/\d+$/, '');
  for (const { role, names } of roles) {
    const rank = names.findIndex((alike) => alike.includes(word));
    if (rank >= 0) return { role, rank };
  }
  return { role: 'ignored', rank: Infinity };
}

/** JSON under the reference's own keys, which leave nothing to ask. */
export function isDocumented({ form, keys }: Table, kind: ExampleKind): boolean {
  if (form !== 'json') return false;
  if (kind === 'contrastive') {
    return keys.includes('query') && keys.some((key) => /^pos(itives?)?$/.test(key));
  }
  // with an instruction beside the input there is something to ask
  return keys.includes('input') && keys.includes('output') && !keys.includes('instruction');
}

function missingRole({ kind, roles }: Mapping): Missing | undefined {
  for (const { role, need } of rulesOf[kind].roles) {
    const count = roles.filter((each) => each === role).length;
    if (need !== 'none' && count === 0) return { role, why: 'none' };
    if (need === 'one' && count > 1) return { role, why: 'several' };
  }
  return undefined;
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
    missing === undefined
      ? toExamples(table, mapping, Math.max(0, exampleLimit - takenCount))
      : { set: { kind: mapping.kind, examples: [] }, problems: table.problems };
  return { ...reading, columns, missing };
}

/** At most `room` examples, and a note on every line that is not among them. */
export function toExamples(table: Table, mapping: Mapping, room = exampleLimit): Reading {
  switch (mapping.kind) {
    case 'contrastive': {
      const { examples, problems } = readLines(table, mapping, toPair, room);
      return { set: { kind: 'contrastive', examples }, problems };
    }
    case 'completion': {
      const { examples, problems } = readLines(table, mapping, toCompletion, room);
      return { set: { kind: 'completion', examples }, problems };
    }
  }
}

function readLines<One extends object>(
  table: Table,
  mapping: Mapping,
  make: (of: CellsOf) => One | Lack,
  room: number,
): { readonly examples: readonly One[]; readonly problems: readonly Problem[] } {
  const labels = columnNames(table, mapping.firstLine);
  const examples: One[] = [];
  const problems = [...table.problems];
  for (const row of exampleRows(table, mapping)) {
    const made = findOdd(row, mapping.roles, labels) ?? make((role) => cellsOf(row, mapping.roles, role));
    if (typeof made === 'string') problems.push({ severity: 'note', code: made, facts: { line: row.line } });
    else if (isProblem(made)) problems.push(made);
    else examples.push(made);
  }
  if (examples.length > room) {
    const facts = { count: examples.length, taken: room, limit: exampleLimit };
    problems.push({ severity: 'note', code: 'examples-many', facts });
  }
  return { examples: examples.slice(0, room), problems: sortByLine(problems) };
}

/** A cell that is used and that is neither a text nor a list of texts. */
function findOdd(
  { line, cells }: Row,
  roles: readonly Role[],
  labels: readonly string[],
): Problem | undefined {
  const odd = roles.findIndex((role, c) => role !== 'ignored' && c in cells && cells[c] === undefined);
  if (odd < 0) return undefined;
  const column = labels[odd] === '' ? String(odd + 1) : (labels[odd] ?? '');
  return { severity: 'note', code: 'examples-cell-kind', facts: { line, column } };
}

function cellsOf({ cells }: Row, roles: readonly Role[], role: Role): ReturnType<CellsOf> {
  return roles.flatMap((each, c) => (each === role ? [cells[c] ?? ''] : []));
}

function isProblem(made: object): made is Problem {
  return 'code' in made;
}
