/** Few-shot examples: what a person gives to say what the mixture should be good at. How they are read: table.ts, columns.ts. */
import { checkProblems, KnownError } from '../errors.ts';
import { guessMapping, toExamples } from './columns.ts';
import { parseJsonRows } from './table-json.ts';

export interface Example {
  readonly query: string;
  /** Only `positives[0]` is scored, as in the reference. */
  readonly positives: readonly string[];
  readonly negatives: readonly string[];
}

/** What a language model is given, and what it should say: the reference's `input` and `output`. An empty input: a text of its own. */
export interface Completion {
  readonly input: string;
  readonly output: string;
}

/** Embedding models and rerankers are judged by one kind, language models by the other. */
export type ExampleSet =
  | { readonly kind: 'contrastive'; readonly examples: readonly Example[] }
  | { readonly kind: 'completion'; readonly examples: readonly Completion[] };

/** Reads examples in JSON whose keys say what they are, whole or not at all: throws what the first line that is wrong earns. */
export function parseExampleSet(text: string, kind: ExampleSet['kind']): ExampleSet {
  const table = parseJsonRows(text);
  if (table === undefined) throw new KnownError('examples-empty', {});
  checkProblems(table.problems.map((problem) => ({ ...problem, severity: 'refused' })));
  const { set, problems } = toExamples(table, guessMapping(table, kind), Infinity);
  checkProblems(problems.map((problem) => ({ ...problem, severity: 'refused' })));
  if (set.examples.length === 0) throw new KnownError('examples-empty', {});
  return set;
}

export function parseExamples(text: string): readonly Example[] {
  const set = parseExampleSet(text, 'contrastive');
  // what was asked for is what comes: the compiler cannot know
  return set.kind === 'contrastive' ? set.examples : [];
}

/** The inverse of `parseExamples`: JSON Lines with the reference's keys, `{"query", "pos": [], "neg": []}` a line. */
export function printExamples(examples: readonly Example[]): string {
  return examples
    .map(
      ({ query, positives, negatives }) => JSON.stringify({ query, pos: positives, neg: negatives }) + '\n',
    )
    .join('');
}

/** JSON Lines under the reference's keys: `{"input", "output"}` a line. */
export function printCompletions(examples: readonly Completion[]): string {
  return examples.map(({ input, output }) => JSON.stringify({ input, output }) + '\n').join('');
}

export function printExampleSet(set: ExampleSet): string {
  return set.kind === 'contrastive' ? printExamples(set.examples) : printCompletions(set.examples);
}
