/** Examples while they are edited: a row each, and what stands in the fields of its columns. */
import type { Completion, Example, ExampleSet } from '../pipeline.ts';
import type { ExampleKind } from '../score/columns.ts';

export type Row =
  | {
      readonly kind: 'contrastive';
      readonly key: string;
      readonly example: Example;
      /** The negatives as they stand in their field, one a line, blank last line and all. */
      readonly negativesText: string;
    }
  | { readonly kind: 'completion'; readonly key: string; readonly example: Completion };

export type Column = 'query' | 'positive' | 'negatives' | 'input' | 'output';

export const columnsOf: Readonly<Record<ExampleKind, readonly Column[]>> = {
  contrastive: ['query', 'positive', 'negatives'],
  completion: ['input', 'output'],
};

export function toRows(set: ExampleSet, nextKey: () => string): readonly Row[] {
  if (set.kind === 'completion') {
    return set.examples.map(({ input, output }) => ({
      kind: 'completion',
      key: nextKey(),
      example: { input, output },
    }));
  }
  return set.examples.map(({ query, positives, negatives }) => ({
    kind: 'contrastive',
    key: nextKey(),
    example: { query, positives, negatives },
    negativesText: negatives.join('\n'),
  }));
}

export function emptySet(kind: ExampleKind): ExampleSet {
  return kind === 'contrastive'
    ? { kind, examples: [{ query: '', positives: [], negatives: [] }] }
    : { kind, examples: [{ input: '', output: '' }] };
}

/** The inverse of `toRows`. */
export function toSet(kind: ExampleKind, rows: readonly Row[]): ExampleSet {
  return kind === 'contrastive'
    ? { kind, examples: rows.flatMap((row) => (row.kind === 'contrastive' ? [row.example] : [])) }
    : { kind, examples: rows.flatMap((row) => (row.kind === 'completion' ? [row.example] : [])) };
}

export function textIn(row: Row, column: Column): string {
  if (row.kind === 'completion') return column === 'input' ? row.example.input : row.example.output;
  if (column === 'negatives') return row.negativesText;
  return column === 'query' ? row.example.query : (row.example.positives[0] ?? '');
}

/** The row with another text in this column. */
export function edited(row: Row, column: Column, text: string): Row {
  if (row.kind === 'completion') {
    const { input, output } = row.example;
    return { ...row, example: column === 'input' ? { input: text, output } : { input, output: text } };
  }
  const { example } = row;
  if (column === 'query') return { ...row, example: { ...example, query: text } };
  if (column === 'negatives') {
    const negatives = text.split('\n').filter((line) => line.trim() !== '');
    return { ...row, negativesText: text, example: { ...example, negatives } };
  }
  const others = example.positives.slice(1);
  // an emptied positive is an absent one, unless others would move up in its place
  const positives = text === '' && others.length === 0 ? [] : [text, ...others];
  return { ...row, example: { ...example, positives } };
}
