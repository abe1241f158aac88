/** The first mutants of `npm run fuzz`, against what Python made of them, and the named attacks. */
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { sourceOf } from '../model/models.ts';
import { attacks } from './attacks.ts';
import { kinds } from './cases.ts';
import { drawCase } from './draw.ts';
import { readOutcome } from './outcome.ts';
import { hashCases, type Recorded } from './recorded.ts';
import { faultOf } from './fault.ts';

const recorded = JSON.parse(
  await readFile(new URL('../fixtures/fuzz/outcomes.json', import.meta.url), 'utf8'),
) as Recorded;

/** Many cases in one test: as long as a slow machine takes. */
const patienceMs = 60_000;

describe.each(kinds)('mutants of the kind %s', (kind) => {
  const { seed } = recorded;
  const { cases, outcomes } = recorded.kinds[kind];

  test('are those that were recorded: if not, run tools/fuzz-outcomes.ts', { timeout: patienceMs }, () => {
    expect(hashCases(seed, kind)).toBe(cases);
  });

  test('are refused by name, or read as Python reads them', { timeout: patienceMs }, async () => {
    const faults: string[] = [];
    for (const [k, verdict] of outcomes.split(' ').entries()) {
      const outcome = await readOutcome(sourceOf(drawCase(seed, kind, k).files));
      const fault = faultOf(kind, k, outcome, verdict);
      if (fault !== undefined) faults.push(`${kind}:${k} ${fault}`);
    }
    expect(faults).toEqual([]);
  });
});

describe('openCheckpoint', () => {
  test.each(attacks)('withstands $name: $want', { timeout: patienceMs }, async ({ want, files }) => {
    const outcome = await readOutcome(sourceOf(files()));
    expect(outcome.at === 'refused' ? outcome.code : outcome.at).toBe(want);
  });
});
