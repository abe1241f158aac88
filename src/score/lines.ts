/** Notes on lines of examples, in the order of the lines. */
import type { Problem } from '../errors.ts';

export function sortByLine(problems: readonly Problem[]): readonly Problem[] {
  return problems.toSorted((a, b) => lineOf(a) - lineOf(b));
}

function lineOf({ facts }: Problem): number {
  return 'line' in facts ? facts.line : 0;
}
