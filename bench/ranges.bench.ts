/**
 * How many ranges at a time, and of which size, bring a file of the Hub fastest?
 *
 *   npx tsx bench/ranges.bench.ts [MEGABYTES] [RUNS]
 *
 * A file on the stand-in Hub at round trips of 0, 20 and 200 ms (test/support/hub-distance.ts), fetched, written and
 * checked in Chromium with a profile on disk. Every choice once a round, interleaved; prints the median of the rounds in
 * seconds, and its ratio to one range of 16 MiB at a time.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Page } from 'playwright';
import { build } from 'vite';
import { kernelsPlugin } from '../vite.kernels.ts';
import type { Lanes } from '../src/source/read-ahead.ts';
import { chromiumArguments, findChromium } from '../test/support/chromium.ts';
import { startHub } from '../test/support/hub.ts';
import { serveFolders } from '../test/support/static-server.ts';
import type { Fetching } from './ranges/page.ts';

declare const fetching: Fetching;

const mebi = 1024 * 1024;
const roundTrips = [0, 20, 200];
const choices: readonly Lanes[] = [1, 2, 3, 4, 6].flatMap((laneCount) =>
  [4, 8, 16].map((size) => ({ laneCount, rangeBytes: size * mebi })),
);

const print = ({ laneCount, rangeBytes }: Lanes): string => `${laneCount} x ${rangeBytes / mebi} MiB`;

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

/** Bytes that no layer can shorten, the same each time. */
function makeFile(folder: string, megabytes: number): void {
  mkdirSync(folder);
  const block = Buffer.concat(
    Array.from({ length: 1e6 / 32 }, (_, i) => createHash('sha256').update(`${i}`).digest()),
  );
  writeFileSync(join(folder, 'model.safetensors'), Buffer.concat(Array<Buffer>(megabytes).fill(block)));
}

async function measure(
  page: Page,
  folder: string,
  roundTripMs: number,
  runs: number,
): Promise<Map<string, number[]>> {
  const hub = await startHub({ repositories: { 'kitchen/large': folder }, roundTripMs });
  const seconds = new Map<string, number[]>(choices.map((lanes) => [print(lanes), []]));
  for (let run = 0; run < runs; run++) {
    for (const lanes of choices) {
      const inputs = [hub.url, 'kitchen/large', hub.commit('kitchen/large'), lanes] as const;
      seconds.get(print(lanes))!.push(await page.evaluate((inputs) => fetching.run(...inputs), inputs));
    }
  }
  await hub.close();
  return seconds;
}

async function main(): Promise<void> {
  const [megabytes = 200, runs = 3] = process.argv.slice(2).map(Number);
  const work = mkdtempSync(join(tmpdir(), 'shaker-ranges-'));
  makeFile(join(work, 'model'), megabytes);
  const built = join(work, 'page');
  await build({
    configFile: false,
    plugins: [kernelsPlugin()],
    root: join(import.meta.dirname, 'ranges'),
    base: './',
    logLevel: 'error',
    worker: { format: 'es', plugins: () => [kernelsPlugin()] },
    build: { outDir: built, emptyOutDir: true, target: 'es2023' },
  });
  const server = await serveFolders([['/', built]]);
  const context = await chromium.launchPersistentContext(join(work, 'profile'), {
    executablePath: findChromium(),
    args: chromiumArguments(),
  });
  try {
    const page = await context.newPage();
    await page.goto(`${server.url}/index.html`);
    await page.waitForFunction(() => 'fetching' in globalThis);
    for (const roundTripMs of roundTrips) {
      const seconds = await measure(page, join(work, 'model'), roundTripMs, runs);
      const base = median(seconds.get('1 x 16 MiB')!);
      for (const [choice, all] of seconds) {
        const middle = median(all);
        console.log(
          `${megabytes} MB at ${roundTripMs} ms, ${choice}: ${middle.toFixed(2)} s, ${(middle / base).toFixed(2)}`,
        );
      }
    }
  } finally {
    await context.close();
    await server.close();
    rmSync(work, { recursive: true, force: true });
  }
}

await main();
