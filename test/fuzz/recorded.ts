/** The first cases of each kind, and what Python made of them: test/fixtures/fuzz/outcomes.json, by tools/fuzz-outcomes.ts. */
import { createHash } from 'node:crypto';
import type { kinds } from './cases.ts';
import { drawCase } from './draw.ts';
import { printFrame } from './frame.ts';

export interface Recorded {
  readonly seed: number;
  readonly kinds: Readonly<Record<(typeof kinds)[number], RecordedKind>>;
}

export interface RecordedKind {
  /** SHA-256 of all cases: an outcome belongs to a case, not to a number. */
  readonly cases: string;
  /** (cases,) hashes of tables, `-` for what was refused, separated by spaces. */
  readonly outcomes: string;
}

/** How many cases of each kind `npm test` reads: a second's worth. */
export const recordedCounts: Readonly<Record<(typeof kinds)[number], number>> = {
  header: 1000,
  index: 500,
  bin: 700,
};

export function hashCases(seed: number, kind: (typeof kinds)[number]): string {
  const hash = createHash('sha256');
  for (let k = 0; k < recordedCounts[kind]; k++) hash.update(printFrame(k, drawCase(seed, kind, k)));
  return hash.digest('hex');
}
