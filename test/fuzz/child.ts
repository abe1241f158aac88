/**
 * Reads cases [first, end) of a kind, one after the other, in a process of its own, and says of each how it ended, how
 * long it took and how much memory. What it knows is on disk before the next case begins, so that a case that ends the
 * process, or never ends, is known by what is missing.
 *
 *   child.ts SEED KIND FIRST END FOLDER     writes FOLDER/cases, for the oracle, and FOLDER/results
 */
import { closeSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { sourceOf } from '../model/models.ts';
import type { Case, Kind } from './cases.ts';
import { drawCase } from './draw.ts';
import { printFrame } from './frame.ts';
import { readOutcome, type Outcome } from './outcome.ts';

/** A line of FOLDER/results. */
export interface Result {
  readonly number: number;
  readonly how: readonly string[];
  readonly outcome: Outcome;
  /** Of this process, so that other work on the machine does not count. */
  readonly cpuMs: number;
  /** The most that was resident while the case was read, above what was before. */
  readonly grownBytes: number;
}

/** Linux forgets the peak so far when it is asked to; elsewhere the peak is the process's. Source: man 5 proc, `clear_refs` */
function forgetPeak(): void {
  try {
    writeFileSync('/proc/self/clear_refs', '5');
  } catch {
    // then a later peak shows only if it is higher than all before
  }
}

function peakBytes(): number {
  try {
    const status = readFileSync('/proc/self/status', 'latin1');
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
  } catch {
    return process.resourceUsage().maxRSS * 1024;
  }
}

async function measure(number: number, drawn: Case): Promise<Result> {
  const source = sourceOf(drawn.files);
  forgetPeak();
  const before = process.memoryUsage.rss();
  const cpuBefore = process.cpuUsage();
  const outcome = await readOutcome(source);
  const { user, system } = process.cpuUsage(cpuBefore);
  const grownBytes = Math.max(0, peakBytes() - before);
  return { number, how: drawn.how, outcome, cpuMs: (user + system) / 1000, grownBytes };
}

async function main([seedText, kind, firstText, endText, folder]: readonly string[]): Promise<void> {
  const [seed, first, end] = [Number(seedText), Number(firstText), Number(endText)];
  if (folder === undefined) throw new Error('child.ts SEED KIND FIRST END FOLDER');
  // code is compiled and loaded by the first cases: not theirs to answer for
  for (const [warm, count] of [
    ['header', 20],
    ['index', 20],
    ['bin', 20],
  ] as const) {
    for (let k = 0; k < count; k++) await readOutcome(sourceOf(drawCase(0, warm, k).files));
  }
  const cases = openSync(join(folder, 'cases'), 'w');
  const results = openSync(join(folder, 'results'), 'w');
  for (let number = first; number < end; number++) {
    const drawn = drawCase(seed, kind as Kind, number);
    writeSync(cases, printFrame(number, drawn));
    if (kind === 'attack') globalThis.gc?.();
    writeSync(results, `${JSON.stringify(await measure(number, drawn))}\n`);
  }
  closeSync(cases);
  closeSync(results);
}

await main(process.argv.slice(2));
