/** Few-shot examples: what a person gives to say what the mixture should be good at, and how they are read from text. */
import * as v from 'valibot';
import { KnownError } from '../errors.ts';

export interface Example {
  readonly query: string;
  /** Only `positives[0]` is scored, as in the reference. */
  readonly positives: readonly string[];
  readonly negatives: readonly string[];
}

/** One text or a list of them; absent is an empty list. */
const texts = v.pipe(
  v.nullish(v.union([v.string(), v.array(v.string())]), []),
  v.transform((value) => (typeof value === 'string' ? [value] : value)),
);

/** The reference's keys, and the long words for them. */
const row = v.pipe(
  v.object({
    query: v.string(),
    pos: texts,
    positive: texts,
    positives: texts,
    neg: texts,
    negative: texts,
    negatives: texts,
  }),
  v.transform(({ query, pos, positive, positives, neg, negative, negatives }): Example => ({
    query,
    positives: [...pos, ...positive, ...positives],
    negatives: [...neg, ...negative, ...negatives],
  })),
);

/**
 * Reads examples from JSON Lines, `{"query", "pos": [], "neg": []}` a line, or from one JSON array of such objects.
 * Throws `examples-unreadable` with the line (of an array: the element) counted from 1, and `examples-empty`.
 */
export function parseExamples(text: string): readonly Example[] {
  const clean = text.replace(/^\uFEFF/, '');
  const values = clean.trimStart().startsWith('[') ? parseArray(clean) : parseLines(clean);
  if (values.length === 0) throw new KnownError('examples-empty', {});
  return values.map(({ line, value }) => {
    const parsed = v.safeParse(row, value);
    if (parsed.success) return parsed.output;
    const issue = parsed.issues[0];
    throw new KnownError('examples-unreadable', {
      line,
      why: `${v.getDotPath(issue) ?? ''} ${issue.message}`.trim(),
    });
  });
}

/** The inverse of `parseExamples`: JSON Lines with the reference's keys. */
export function printExamples(examples: readonly Example[]): string {
  return examples
    .map(
      ({ query, positives, negatives }) => JSON.stringify({ query, pos: positives, neg: negatives }) + '\n',
    )
    .join('');
}

interface Numbered {
  readonly line: number;
  readonly value: unknown;
}

function parseArray(text: string): readonly Numbered[] {
  const values = parseJson(text, 1);
  if (!Array.isArray(values)) throw new KnownError('examples-unreadable', { line: 1, why: 'not an array' });
  return values.map((value: unknown, index) => ({ line: index + 1, value }));
}

function parseLines(text: string): readonly Numbered[] {
  return text.split(/\r\n|\r|\n/).flatMap((content, index) => {
    if (content.trim() === '') return [];
    return [{ line: index + 1, value: parseJson(content, index + 1) }];
  });
}

function parseJson(text: string, line: number): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new KnownError('examples-unreadable', { line, why: (error as Error).message }, { cause: error });
  }
}
