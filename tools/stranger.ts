/**
 * A stranger's path, timed: a fresh clone of this project, the README's two commands, and a mixture of two Hub models by
 * their ids, from a stand-in Hub that serves FOLDERS (two models of one family; golden bert by default). Prints every
 * step with its time as a list; the answers of npm depend on its cache, and so stand apart.
 *
 *   npx tsx tools/stranger.ts [FOLDER FOLDER]
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Page } from 'playwright';
import { chromiumArguments, findChromium } from '../test/support/chromium.ts';
import { startHub } from '../test/support/hub.ts';
import { readZip } from '../test/support/unzip.ts';

const root = join(import.meta.dirname, '..');
const golden = join(root, 'test/fixtures/golden/bert');
const [first = join(golden, 'a'), second = join(golden, 'b')] = process.argv.slice(2);
const ids = ['kitchen/first', 'kitchen/second'];

const steps: { readonly what: string; readonly seconds: number }[] = [];

async function step<T>(what: string, work: () => Promise<T> | T): Promise<T> {
  const started = performance.now();
  const result = await work();
  const seconds = (performance.now() - started) / 1000;
  steps.push({ what, seconds });
  console.log(`${steps.length}. ${what}: ${seconds.toFixed(1)} s`);
  return result;
}

/** `npm start` until it prints its address. */
function start(
  folder: string,
  hub: string,
): Promise<{ readonly server: ChildProcess; readonly address: string }> {
  const server = spawn('npm', ['start'], {
    cwd: folder,
    env: { ...process.env, SHAKER_HUB: hub },
    detached: true,
  });
  return new Promise((resolve, reject) => {
    server.on('exit', (code) => reject(new Error(`npm start ended with ${code}`)));
    server.stdout.on('data', (text: Buffer) => {
      // colours stand between the port and what is before it
      // eslint-disable-next-line no-control-regex
      const address = /http:\/\/localhost:\d+/.exec(text.toString().replace(/\u001b\[\d+m/g, ''));
      if (address) resolve({ server, address: address[0] });
    });
  });
}

async function mix(page: Page): Promise<string> {
  const field = page.getByRole('textbox', { name: /Hub id/ });
  await step('remove the four embedded models', async () => {
    for (const name of ['base', 'bank', 'science', 'words']) {
      await page.getByRole('button', { name: `Remove ${name}`, exact: true }).click();
    }
  });
  for (const id of ids) {
    await step(`type ${id} and press Enter: its card is there`, async () => {
      await field.fill(id);
      await field.press('Enter');
      await page.getByRole('button', { name: new RegExp(`^Remove ${id}`) }).waitFor();
    });
  }
  await step('the page says that they fit together', () =>
    page.getByText('These models fit together.').waitFor(),
  );
  await step('press Score, on the five examples that are there', async () => {
    await page.getByRole('button', { name: 'Score', exact: true }).first().click();
    await page.getByRole('button', { name: 'Score again' }).waitFor({ timeout: 120_000 });
  });
  await step('press Mix: written, read back, checked', async () => {
    await page.getByRole('button', { name: 'Mix', exact: true }).first().click();
    await page.getByRole('button', { name: 'Download zip' }).first().waitFor({ timeout: 120_000 });
  });
  return step('press Download zip: it is on the disk', async () => {
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Download zip' }).first().click();
    return (await download).path();
  });
}

const work = mkdtempSync(join(tmpdir(), 'shaker-stranger-'));
const clone = join(work, 'shaker');
const hub = await startHub({ repositories: { 'kitchen/first': first, 'kitchen/second': second } });
let server: ChildProcess | undefined;
try {
  await step('clone', () => void execFileSync('git', ['clone', '--quiet', root, clone]));
  await step('npm ci', () => void execFileSync('npm', ['ci', '--silent'], { cwd: clone, stdio: 'ignore' }));
  const origins = `${hub.url} ${hub.cdnUrl}`;
  const started = await step('npm start, until it prints its address', () => start(clone, origins));
  server = started.server;
  const browser = await chromium.launch({ executablePath: findChromium(), args: chromiumArguments() });
  try {
    const page = await browser.newPage({ locale: 'en-GB', viewport: { width: 1440, height: 1000 } });
    await step('open the address', async () => {
      await page.goto(started.address);
      await page.getByText('These models fit together.').waitFor();
    });
    const files = readZip(readFileSync(await mix(page)));
    const bytes = [...files].find(([path]) => path.endsWith('model.safetensors'))?.[1].byteLength;
    const total = steps.reduce((sum, { seconds }) => sum + seconds, 0);
    const setUp = steps.slice(0, 3).reduce((sum, { seconds }) => sum + seconds, 0);
    console.log(
      `in all ${total.toFixed(0)} s, of which ${setUp.toFixed(0)} s set-up; model.safetensors has ${bytes} bytes`,
    );
  } finally {
    await browser.close();
  }
} finally {
  if (server?.pid !== undefined) process.kill(-server.pid);
  await hub.close();
  rmSync(work, { recursive: true, force: true });
}
