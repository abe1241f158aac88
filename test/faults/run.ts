/**
 * `npm run faults [-- --only kill,close,faults --count 20 --fault WORDS --work DIR]`: what goes wrong while a mixture is made, in Chromium with a
 * profile on disk. A mixture of 1 GB is killed with its browser, and closed with its tab, at `count` seeded moments each, and gone on
 * with; then everything else, on a small one. Exits 0 only if nothing wrong was offered.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { cutShort, mixUndisturbed } from './cuts.ts';
import { openKitchen } from './kitchen.ts';
import { sizes } from './models.ts';
import { runFaults } from './single.ts';
import { Tally } from './tally.ts';

const { values: options } = parseArgs({
  options: {
    only: { type: 'string', default: 'kill,close,faults' },
    count: { type: 'string', default: '20' },
    work: { type: 'string' },
    fault: { type: 'string' },
  },
});

async function runCuts(work: string, only: readonly string[]): Promise<Tally> {
  mkdirSync(work, { recursive: true });
  const tally = new Tally();
  const kitchen = await openKitchen(work, sizes.large);
  try {
    const undisturbed = await mixUndisturbed(kitchen);
    console.log(
      `undisturbed: written after ${undisturbed.writtenSeconds.toFixed(1)} s, offered after ${undisturbed.seconds.toFixed(1)} s, ${undisturbed.bytes} bytes, ${undisturbed.sha256}`,
    );
    for (const how of ['kill', 'close'] as const) {
      if (only.includes(how)) await cutShort(kitchen, how, Number(options.count), undisturbed, tally);
    }
  } finally {
    await kitchen.close();
  }
  tally.print('cut short');
  return tally;
}

async function runSingle(work: string): Promise<Tally> {
  mkdirSync(work, { recursive: true });
  const tally = new Tally();
  const kitchen = await openKitchen(work, sizes.small);
  try {
    await runFaults(kitchen, tally, options.fault);
  } finally {
    await kitchen.close();
  }
  tally.print('faults');
  return tally;
}

async function main(): Promise<boolean> {
  const only = options.only.split(',');
  const work = options.work ?? mkdtempSync(join(tmpdir(), 'shaker-faults-'));
  const tallies: Tally[] = [];
  try {
    if (only.includes('kill') || only.includes('close'))
      tallies.push(await runCuts(join(work, 'cuts'), only));
    if (only.includes('faults')) tallies.push(await runSingle(join(work, 'faults')));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return tallies.every(({ isClean }) => isClean);
}

main().then(
  (clean) => process.exit(clean ? 0 : 1),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
