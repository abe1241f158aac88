/**
 * What does it take to score a language model that is larger than what is placed at once? One question, one run:
 * `npm run bench:decoder -- FOLDER`, a folder with config.json, a checkpoint and a tokenizer, e.g. Qwen3-0.6B's shapes from
 * tools/make_pair.py. Five examples on WASM, in a fresh tab and again in it; time, and memory of all browser processes above idle.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { openBench } from '../test/parity/bench.ts';
import type { Harness } from '../test/parity/page.ts';

declare const harness: Harness;

const examples = [
  { input: 'I need help with a refund that never came. =>', output: 'Refund not showing up' },
  { input: 'Where do I order a virtual card from? =>', output: 'getting virtual card' },
  { input: 'Is my currency okay to add money with? =>', output: 'supported cards and currencies' },
  { input: 'My transfer did not seem to work. =>', output: 'failed transfer' },
  { input: 'Why is it asking me to verify my identity =>', output: 'why verify identity' },
];

async function main(): Promise<void> {
  const named = process.argv[2];
  if (named === undefined) throw new Error('Name a folder: npm run bench:decoder -- FOLDER');
  const folder = resolve(named);
  const work = mkdtempSync(join(tmpdir(), 'shaker-decoder-'));
  try {
    const bench = await openBench([], work);
    const page = await bench.openPage();
    await page.evaluate(() =>
      document.body.insertAdjacentHTML('beforeend', '<input type="file" multiple id="picked">'),
    );
    await page.setInputFiles(
      '#picked',
      readdirSync(folder).map((name) => join(folder, name)),
    );
    const set = { kind: 'completion', examples } as const;
    for (const which of ['fresh tab', 'again']) {
      const { losses, seconds, ranOn } = await page.evaluate(
        (set) => harness.scorePicked('#picked', set, 'cpu'),
        set,
      );
      console.log(
        `${which}: ${seconds.toFixed(1)} s, ${ranOn.threadCount} threads, loss ${losses[0]!.toFixed(5)}`,
      );
    }
    const peakBytes = await bench.close();
    console.log(
      `peak ${peakBytes === undefined ? 'unknown' : `${Math.round(peakBytes / 1e6)} MB`} above idle`,
    );
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

await main();
