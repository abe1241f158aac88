/**
 * Records what Python makes of the first mutants of each kind, for the tests, which have no Python:
 *
 *   npx tsx tools/fuzz-outcomes.ts [PYTHON]     writes test/fixtures/fuzz/outcomes.json
 *
 * Needs a Python with torch and safetensors. To be run again whenever the mutants change.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { kinds } from '../test/fuzz/cases.ts';
import { drawCase } from '../test/fuzz/draw.ts';
import { printFrame } from '../test/fuzz/frame.ts';
import { findPython, Oracle } from '../test/fuzz/oracle.ts';
import { hashCases, recordedCounts, type RecordedKind } from '../test/fuzz/recorded.ts';

const seed = 1;

async function record(kind: (typeof kinds)[number], oracle: Oracle): Promise<RecordedKind> {
  const numbers = Array.from({ length: recordedCounts[kind] }, (_, k) => k);
  const folder = mkdtempSync(join(tmpdir(), 'shaker-fuzz-'));
  const frames = numbers.map((k) => printFrame(k, drawCase(seed, kind, k)));
  writeFileSync(join(folder, 'cases'), Buffer.concat(frames));
  const verdicts = await oracle.judge(folder, numbers);
  rmSync(folder, { recursive: true });
  const outcomes = numbers.map((k) => verdicts.get(k)?.replace(/^-.*/, '-')).join(' ');
  return { cases: hashCases(seed, kind), outcomes };
}

async function main(): Promise<void> {
  const python = findPython(process.argv[2]);
  if (python === undefined) throw new Error('Name a Python with torch and safetensors.');
  const oracle = new Oracle(python);
  const recorded: [string, RecordedKind][] = [];
  for (const kind of kinds) recorded.push([kind, await record(kind, oracle)]);
  oracle.close();
  const folder = fileURLToPath(new URL('../test/fixtures/fuzz', import.meta.url));
  mkdirSync(folder, { recursive: true });
  const text = JSON.stringify({ seed, kinds: Object.fromEntries(recorded) }, undefined, 1);
  writeFileSync(join(folder, 'outcomes.json'), `${text}\n`);
}

await main();
