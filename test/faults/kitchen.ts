/** What every fault happens in: the built app, a stand-in Hub with a pair of models, and a browser with a profile on disk. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { chromium, type BrowserContext, type Page, type Worker } from 'playwright';
import { chromiumArguments, findChromium } from '../support/chromium.ts';
import { startHub, type Hub } from '../support/hub.ts';
import { browserProcess } from '../support/memory.ts';
import { serveFolders } from '../support/static-server.ts';
import { writeModel, type Size } from './models.ts';

const root = join(import.meta.dirname, '../..');

/** Of a whole mixture, on a busy machine. */
export const waitMs = 5 * 60_000;

/** Bytes of one chunk of bfloat16: src/merge/chunks.ts. */
export const chunkBytes = 2 * 1024 * 1024;

export const ids = ['kitchen/a', 'kitchen/b'] as const;

/** Weights that round in float32: the order of sums shows. */
const weights = '0.3,0.7';

export interface Kitchen {
  readonly hub: Hub;
  /** Of the models, by letter. */
  readonly folders: Readonly<Record<'a' | 'b', string>>;
  readonly profile: string;
  /** Of the page, with the models of the Hub on it; `empty` with none; `bare` is a picture of the same origin. */
  readonly address: string;
  readonly empty: string;
  readonly bare: string;
  close(): Promise<void>;
}

/** Writes the pair, starts the Hub, and builds the app for it. */
export async function openKitchen(work: string, size: Size): Promise<Kitchen> {
  const folders = { a: join(work, 'models/a'), b: join(work, 'models/b') };
  writeModel(folders.a, 1, size);
  writeModel(folders.b, 2, size);
  const hub = await startHub({ repositories: { [ids[0]]: folders.a, [ids[1]]: folders.b } });
  const dist = join(work, 'dist');
  const environment: NodeJS.ProcessEnv = { ...process.env, NODE_ENV: 'production' };
  environment['SHAKER_HUB'] = `${hub.url} http://localhost:*`;
  execFileSync('npx', ['vite', 'build', '--outDir', dist, '--emptyOutDir', '--logLevel', 'error'], {
    cwd: root,
    env: environment,
  });
  const served = await serveFolders([['/', dist]]);
  const models = ids.map((id) => `m=${id}@${hub.commit(id)}`);
  const state = [...models, `w=${weights}`, 't=1', 'loss=own', 'dtype=BF16'].join('&');
  const page = `${served.url}/index.html`;
  const profile = join(work, 'profile');
  mkdirSync(profile);
  return {
    ...{ hub, folders, profile, address: `${page}#${state}` },
    empty: `${page}#${state.replace(/m=.*?(?=&w=)/, 'm=none')}`,
    bare: `${served.url}/icons/shaker.svg`,
    async close() {
      await served.close();
      await hub.close();
    },
  };
}

export interface Opened {
  readonly context: BrowserContext;
  close(): Promise<void>;
  /** Ends every process of the browser at once, as a crash of the machine's memory would. */
  kill(): Promise<void>;
}

export async function openBrowser({ profile }: Kitchen): Promise<Opened> {
  const context = await chromium.launchPersistentContext(profile, {
    ...{ executablePath: findChromium(), args: chromiumArguments(), locale: 'en-GB' },
    ...{ serviceWorkers: 'block', viewport: { width: 1440, height: 1000 } },
  });
  const pid = browserProcess(profile);
  return {
    context,
    close: () => context.close(),
    async kill() {
      const closed = context.waitForEvent('close', { timeout: 30_000 });
      // the browser leads a process group, which its children are in
      process.kill(-pid, 'SIGKILL');
      await closed;
      await gone(profile);
    },
  };
}

/** A process that was killed leaves a moment later. */
async function gone(profile: string): Promise<void> {
  for (;;) {
    try {
      browserProcess(profile);
    } catch {
      rmSync(join(profile, 'SingletonLock'), { force: true });
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** A fresh tab, with the models of its address looked up. */
export async function openTab(context: BrowserContext, address: string): Promise<Page> {
  const page = await context.newPage();
  page.setDefaultTimeout(waitMs);
  await page.goto(address);
  await mixButton(page)
    .or(page.getByRole('heading', { name: 'A mixture was left unfinished' }))
    .first()
    .waitFor();
  return page;
}

export function mixButton(page: Page) {
  return page.getByRole('button', { name: 'Mix', exact: true, disabled: false }).first();
}

export function continueButton(page: Page) {
  return page
    .getByRole('region', { name: 'A mixture was left unfinished' })
    .getByRole('button', { name: 'Continue' });
}

export function offered(page: Page) {
  return page.getByRole('button', { name: 'Download zip' }).first();
}

/** What came of a click: the SHA-256 that the page states of what it offers, or what it says instead. */
export type Ended = { readonly sha256: string } | { readonly said: string };

export async function untilEnded(page: Page): Promise<Ended> {
  const failure = page.getByRole('region', { name: 'Pour' }).getByRole('alert').first();
  await offered(page).or(failure).first().waitFor();
  if (await offered(page).isVisible()) return { sha256: await statedHash(page) };
  return { said: await failure.innerText() };
}

async function statedHash(page: Page): Promise<string> {
  const row = page
    .getByRole('table', { name: 'Files of the mixture' })
    .first()
    .getByRole('row', { name: /^model\.safetensors/ });
  return (await row.locator('button[title]').first().getAttribute('title')) ?? '';
}

/** Deletes what is offered. */
export async function discard(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Delete from this browser' }).first().click();
  await offered(page).waitFor({ state: 'hidden' });
}

export async function findWorker(page: Page, wanted: string): Promise<Worker> {
  // the page starts workers when it is likely to need them
  for (let turn = 0; turn < 50; turn++) {
    for (const worker of page.workers()) {
      const name = await worker.evaluate(() => self.name).catch(() => '');
      if (name === wanted) return worker;
    }
    await page.waitForTimeout(100);
  }
  throw new Error(`there is no worker ${wanted}`);
}

/** What lies in the private file system of the job that is unfinished. */
export interface Left {
  /** Whole lines of the journal: chunks that are noted. */
  readonly noted: number;
  /** Bytes of the checkpoint that were written: what is not yet written is zero. */
  readonly writtenBytes: number;
}

/** `undefined` where there is no unfinished job, or nothing of its checkpoint. */
export function readLeft(page: Page): Promise<Left | undefined> {
  return page.evaluate(async () => {
    const root = await navigator.storage.getDirectory();
    const layout = await root.getDirectoryHandle('shaker-1', { create: true });
    const jobs = await layout.getDirectoryHandle('jobs', { create: true });
    for await (const handle of jobs.values()) {
      const folder = handle as FileSystemDirectoryHandle;
      const names: string[] = [];
      for await (const name of folder.keys()) names.push(name);
      if (names.includes('complete') || !names.includes('journal')) continue;
      const text = await (await (await folder.getFileHandle('journal')).getFile()).text();
      const output = await folder.getDirectoryHandle('output');
      const file = await (await output.getFileHandle('model.safetensors')).getFile();
      // bytes are written in order: the first run of zeros is the end
      let [written, unwritten] = [0, file.size];
      while (unwritten - written > 4096) {
        const middle = Math.floor((written + unwritten) / 2);
        const bytes = new Uint8Array(await file.slice(middle, middle + 256).arrayBuffer());
        if (bytes.some((byte) => byte !== 0)) written = middle;
        else unwritten = middle;
      }
      return { noted: text.split('\n').length - 2, writtenBytes: written };
    }
    return undefined;
  });
}

/** SHA-256 of the checkpoint that was written last, from the files of the profile: not by the browser's word. */
export async function hashOnDisk({ profile }: Kitchen): Promise<string> {
  const folder = join(profile, 'Default/File System');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((path) => ({ path: join(folder, path), stat: statSync(join(folder, path)) }))
    .filter(({ stat }) => stat.isFile() && stat.size > 16 * chunkBytes);
  const [last] = files.sort((a, b) => b.stat.mtimeMs - a.stat.mtimeMs);
  if (last === undefined) throw new Error('no checkpoint lies in the profile');
  const hash = createHash('sha256');
  for await (const piece of createReadStream(last.path, { highWaterMark: 4 * 1024 * 1024 })) {
    hash.update(piece as Buffer);
  }
  return hash.digest('hex');
}

/** Leaves no job, finished or not. */
export function removeJobs(page: Page): Promise<void> {
  return page.evaluate(async () => {
    const root = await navigator.storage.getDirectory();
    const layout = await root.getDirectoryHandle('shaker-1');
    for (let attempt = 1; ; attempt++) {
      try {
        await layout.getDirectoryHandle('jobs', { create: true });
        await layout.removeEntry('jobs', { recursive: true });
        return;
      } catch (error) {
        // what a worker had open is given back soon after its end, not at once
        if (attempt === 50) throw error;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  });
}
