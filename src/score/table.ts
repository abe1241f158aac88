/**
 * Text to a table of cells, whatever form it has: JSON Lines, a JSON array, or lines of cells between commas, semicolons
 * or tabs. What form it is in is seen from the text, never from a file's name. A line that cannot be read is named and
 * the others stay. What the columns mean is not decided here: columns.ts.
 *
 * Source of the quoting rules: RFC 4180, https://www.rfc-editor.org/rfc/rfc4180
 */
import Papa from 'papaparse';
import { KnownError, type Problem } from '../errors.ts';
import { sortByLine } from './lines.ts';
import { parseJsonRows } from './table-json.ts';

/** A text, or a list of texts where the form has lists; `undefined`: something else, such as an object. */
export type Cell = string | readonly string[] | undefined;

export interface Row {
  /** Of the text, from 1; of a JSON array, the element. */
  readonly line: number;
  /** (columns,), fewer where a line ends early. */
  readonly cells: readonly Cell[];
}

export interface Table {
  /** JSON's columns have names of their own; in other forms the first line may hold them. */
  readonly form: 'json' | 'delimited';
  /** (columns,) keys; none for lines of cells. */
  readonly keys: readonly string[];
  readonly columnCount: number;
  readonly rows: readonly Row[];
  /** Lines that could not be read, in order. */
  readonly problems: readonly Problem[];
}

/** In the order in which they are preferred where several fit: tabs and semicolons hardly occur in sentences. */
const delimiters = ['\t', ';', ','] as const;

/** Each broken quote is searched for its end, so there must be an end to them. */
const brokenLimit = 50;

/** What is looked at to tell delimiters apart: some dozen lines of long texts. */
const previewCharacters = 20_000;

/**
 * Throws `examples-empty`, `examples-columns-few` where no delimiter makes two columns, and the first line's
 * `examples-unreadable` where no line at all can be read.
 */
export function parseTable(text: string): Table {
  // line ends inside of quotes become the same, too: a text field knows no others
  const clean = text.replace(/^\uFEFF/, '').replace(/\r\n?/g, '\n');
  if (clean.trim() === '') throw new KnownError('examples-empty', {});
  const table = parseJsonRows(clean) ?? parseDelimited(clean);
  if (table.rows.length > 0) return table;
  const [first] = table.problems;
  throw first === undefined ? new KnownError('examples-empty', {}) : new KnownError(first.code, first.facts);
}

function parseDelimited(text: string): Table {
  const { rows: all, problems, unread } = parseLines(text, findDelimiter(text));
  if (unread !== undefined) throw new KnownError(unread.code, unread.facts);
  const width = all[0]?.cells.length ?? 0;
  const rows: Row[] = [];
  for (const row of all) {
    // delimiters at the end of a line are no cells
    const extra = row.cells.slice(width).filter((cell) => cell !== '').length;
    if (extra === 0) rows.push({ ...row, cells: row.cells.slice(0, width) });
    else problems.push(tooManyCells(row.line, width, width + extra));
  }
  const columns = dropEmptyColumns(rows, width);
  if (columns.columnCount < 2) throw new KnownError('examples-columns-few', {});
  return { form: 'delimited', keys: [], ...columns, problems: sortByLine(problems) };
}

function tooManyCells(line: number, want: number, got: number): Problem {
  return { severity: 'note', code: 'examples-cells-many', facts: { line, want, got } };
}

/** Throws `examples-columns-few`, or what keeps lines from being read at all. */
function findDelimiter(text: string): string {
  // a first record that is longer than what is looked at needs another look
  const found = bestDelimiter(text.slice(0, previewCharacters)) ?? bestDelimiter(text);
  if (found !== undefined) return found;
  const [broken] = delimiters.flatMap((delimiter) => parseLines(text, delimiter).unread ?? []);
  throw broken ? new KnownError(broken.code, broken.facts) : new KnownError('examples-columns-few', {});
}

/** The delimiter under which most of the records have as many cells as the very first. */
function bestDelimiter(text: string): string | undefined {
  const fits = delimiters.map((delimiter) => ({ delimiter, ...fitOf(parseLines(text, delimiter)) }));
  const several = fits.filter(({ width }) => width > 1);
  const best = Math.max(...several.map(({ share }) => share));
  return several.find(({ share }) => share === best)?.delimiter;
}

function fitOf({ rows, problems }: Lines) {
  const width = rows[0]?.cells.length ?? 0;
  const alike = rows.filter(({ cells }) => cells.length === width).length;
  return { width, share: alike / Math.max(1, rows.length + problems.length) };
}

interface Lines {
  readonly rows: Row[];
  readonly problems: Problem[];
  /** Where reading was given up: too much is broken. */
  readonly unread: Problem | undefined;
}

/**
 * Record by record. Where a quote is broken, its line is named and reading goes on at the next line; between tabs,
 * where quotes are often just letters, the line is taken as it stands.
 */
function parseLines(text: string, delimiter: string): Lines {
  const rows: Row[] = [];
  const problems: Problem[] = [];
  const take = (line: number, cells: readonly string[]): void => {
    if (cells.some((cell) => cell.trim() !== '')) rows.push({ line, cells });
  };
  let line = 1;
  let start = 0;
  for (let brokenCount = 0; start < text.length; brokenCount++) {
    const first = line;
    const rest = text.slice(start);
    const { end, broken } = parseUntilBroken(rest, delimiter, (cells, before) => take(first + before, cells));
    if (!broken) break;
    line += countLines(rest, 0, end);
    const problem = { severity: 'note', code: 'examples-quote-broken', facts: { line } } as const;
    if (brokenCount === brokenLimit) return { rows, problems, unread: problem };
    const next = rest.indexOf('\n', end);
    const content = rest.slice(end, next < 0 ? undefined : next);
    if (delimiter === '\t') take(line, content.split('\t'));
    else problems.push(problem);
    if (next < 0) break;
    start += next + 1;
    line++;
  }
  return { rows, problems, unread: undefined };
}

/** Hands on every whole record with how many lines stand before it. `end`: where the broken one starts. */
function parseUntilBroken(
  text: string,
  delimiter: string,
  take: (cells: readonly string[], linesBefore: number) => void,
): { readonly end: number; readonly broken: boolean } {
  let end = 0;
  let linesBefore = 0;
  let broken = false;
  Papa.parse<string[]>(text, {
    delimiter,
    newline: '\n',
    step({ data, errors, meta }, parser) {
      if (errors.length > 0) {
        broken = true;
        parser.abort();
        return;
      }
      take(data, linesBefore);
      linesBefore += countLines(text, end, meta.cursor);
      end = meta.cursor;
    },
  });
  return { end, broken };
}

function countLines(text: string, start: number, end: number): number {
  let count = 0;
  for (let i = start; i < end; i++) if (text.charCodeAt(i) === 10) count++;
  return count;
}

/** Spreadsheets write columns that hold nothing, not even a name. */
function dropEmptyColumns(rows: readonly Row[], width: number): Pick<Table, 'rows' | 'columnCount'> {
  const kept = Array.from({ length: width }, (_, c) => c).filter((c) =>
    rows.some(({ cells }) => (cells[c] ?? '') !== ''),
  );
  const narrow = rows.map(({ line, cells }) => ({ line, cells: kept.map((c) => cells[c] ?? '') }));
  return { columnCount: kept.length, rows: narrow };
}
