/**
 * How long does the page take to answer a person while it scores and mixes?
 *
 *   npx tsx bench/interaction.bench.ts [FOLDER FOLDER...]
 *
 * Folders of models of one family, fetched from a stand-in Hub; without any, the embedded demo. The built app, as it is
 * served. While each job runs, a hand types into an example, opens and shuts a note and presses a radio button, a few times a
 * second. Prints, for each job, the interactions and their durations from input to the next paint: half, 98 in 100, and the
 * longest, which is what "interaction to next paint" is for fewer than 50.
 *
 * Source: https://web.dev/articles/inp; durations as the browser's own Event Timing entries state them, in steps of 8 ms.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { chromium, type Page } from 'playwright';
import { chromiumArguments, findChromium } from '../test/support/chromium.ts';
import { startHub } from '../test/support/hub.ts';
import { serveFolders } from '../test/support/static-server.ts';

const root = join(import.meta.dirname, '..');
const pauseMs = 150;
const waitMs = 600_000;

declare global {
  var interactions: Map<number, number> | undefined;
}

/** From here on the page notes the longest event of each interaction. */
function watch(page: Page): Promise<void> {
  return page.evaluate(() => {
    const longest = new Map<number, number>();
    globalThis.interactions = longest;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as (PerformanceEntry & { readonly interactionId: number })[]) {
        if (entry.interactionId === 0) continue;
        longest.set(entry.interactionId, Math.max(entry.duration, longest.get(entry.interactionId) ?? 0));
      }
    }).observe({ type: 'event', durationThreshold: 16, buffered: false } as PerformanceObserverInit);
  });
}

/** Uses the page until `done` settles. Returns how many interactions there were. */
async function use(page: Page, done: Promise<void>): Promise<number> {
  let running = true;
  const ended = done.finally(() => (running = false));
  const query = page.getByRole('textbox', { name: 'Query of example 1' });
  const note = page.getByText('What these numbers are').first();
  let count = 0;
  while (running) {
    await query.focus();
    await page.keyboard.type('a');
    await page.keyboard.press('Backspace');
    await note.click();
    count += 3;
    await page.waitForTimeout(pauseMs);
  }
  await ended;
  return count;
}

async function report(page: Page, job: string, count: number, seconds: number): Promise<void> {
  // what is shorter than the browser's threshold of 16 ms is told of no interaction, and counts as 16
  const told = await page.evaluate(() => [
    ...(globalThis.interactions ?? new Map<number, number>()).values(),
  ]);
  const all = [...told, ...Array.from({ length: Math.max(0, count - told.length) }, () => 16)];
  const sorted = all.sort((a, b) => a - b);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  console.log(
    `${job}: ${seconds.toFixed(1)} s, ${count} interactions; half within ${at(0.5)} ms, 98 % within ${at(0.98)} ms, the longest ${at(1)} ms`,
  );
}

async function run(page: Page, job: string, press: string, end: string): Promise<void> {
  await watch(page);
  const started = performance.now();
  await page.getByRole('button', { name: press, exact: true }).first().click();
  const done = page.getByRole('button', { name: end }).first().waitFor({ timeout: waitMs });
  const count = await use(page, done);
  await report(page, job, count, (performance.now() - started) / 1000);
}

async function fill(page: Page, ids: readonly string[]): Promise<void> {
  for (const name of ['base', 'bank', 'science', 'words']) {
    await page.getByRole('button', { name: `Remove ${name}`, exact: true }).click();
  }
  for (const id of ids) {
    const field = page.getByRole('textbox', { name: 'Hub id or URL' });
    await field.fill(id);
    await field.press('Enter');
    await page.getByRole('button', { name: new RegExp(`^Remove ${id}`) }).waitFor();
  }
}

async function main(): Promise<void> {
  const folders = process.argv.slice(2).map((folder) => resolve(folder));
  const repositories = Object.fromEntries(folders.map((folder) => [`kitchen/${basename(folder)}`, folder]));
  const hub = await startHub({ repositories });
  const work = mkdtempSync(join(tmpdir(), 'shaker-bench-'));
  const dist = join(work, 'dist');
  execFileSync('npx', ['vite', 'build', '--outDir', dist, '--logLevel', 'error'], {
    cwd: root,
    env: { ...process.env, NODE_ENV: 'production', SHAKER_HUB: `${hub.url} http://localhost:*` },
  });
  const server = await serveFolders([['/', dist]]);
  const context = await chromium.launchPersistentContext(join(work, 'profile'), {
    executablePath: findChromium(),
    args: chromiumArguments(),
    viewport: { width: 1440, height: 1000 },
  });
  try {
    const page = await context.newPage();
    await page.goto(`${server.url}/index.html`);
    await page.getByText('These models fit together.').waitFor();
    if (folders.length > 0) await fill(page, Object.keys(repositories));
    await page.getByRole('radio', { name: 'CPU' }).check();
    await run(page, 'score', 'Score', 'Score again');
    // a new example is a new scoring, with the runtime warm
    await page.getByRole('textbox', { name: 'Query of example 1' }).fill('another question');
    await run(page, 'score again', 'Score', 'Mix');
    await run(page, 'mix', 'Mix', 'Download zip');
  } finally {
    await context.close();
    await server.close();
    await hub.close();
    rmSync(work, { recursive: true, force: true });
  }
}

await main();
