/** The built app in Chromium with a profile on disk, as a person uses it: models of the Hub, already downloaded, and a click. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { chromium, type BrowserContext, type Page } from 'playwright';
import ts from 'typescript';
import { chromiumArguments, findChromium } from '../../test/support/chromium.ts';
import { startHub, type Hub } from '../../test/support/hub.ts';
import { browserProcess } from '../../test/support/memory.ts';
import { serveFolders } from '../../test/support/static-server.ts';
import type { Case } from './cases.ts';
import { readMarks, watchMarks } from './marks.ts';
import type { RawJob } from './raw-copy.worker.ts';
import { MemorySamples, readProportional, readResident, type Resident } from './resident.ts';
import type { Outcome, Run } from './run.ts';

const root = join(import.meta.dirname, '../..');
const waitMs = 30 * 60_000;
/** A fresh tab still parses and paints when its text is there; its memory is idle afterwards. */
const settleMs = 1500;
const rawPieceBytes = 8 * 1024 * 1024;

export interface Shaker {
  /** Mixes once, from models that are downloaded, in a fresh tab; the output is deleted again. */
  mix(): Promise<Run>;
  /** The same, while proportional sizes (PSS) are read all the time: its times do not count. */
  mixForMemory(): Promise<Run>;
  rawCopy(outputBytes: number): Promise<Outcome>;
  close(): Promise<void>;
}

/** The built app in a browser of its own, against a stand-in Hub. */
export interface Opened {
  readonly context: BrowserContext;
  /** Of the page, with the address's fragment. */
  readonly address: string;
  /** Of both servers' origin. */
  readonly url: string;
  /** Browser process. */
  readonly pid: number;
  close(): Promise<void>;
}

/** Builds the app against a stand-in Hub that serves these models, and opens a browser with a profile on disk. */
export async function openBrowser(
  folders: readonly string[],
  fragmentOf: (models: readonly string[]) => string,
  work: string,
): Promise<Opened> {
  const ids = folders.map((folder) => `kitchen/${basename(dirname(folder))}-${basename(folder)}`);
  const hub = await startHub({
    repositories: Object.fromEntries(ids.map((id, m) => [id, folders[m] ?? ''])),
  });
  const served = await serve(hub, work);
  const profile = join(work, 'profile');
  const context = await chromium.launchPersistentContext(profile, {
    ...{
      executablePath: findChromium(),
      args: chromiumArguments(),
      serviceWorkers: 'block',
      locale: 'en-GB',
    },
    viewport: { width: 1440, height: 1000 },
  });
  const fragment = fragmentOf(ids.map((id) => `m=${id}@${hub.commit(id)}`));
  return {
    context,
    address: `${served.url}/index.html#${fragment}`,
    ...{ url: served.url, pid: browserProcess(profile) },
    async close() {
      await context.close();
      await served.close();
      await hub.close();
    },
  };
}

/** Opens the app, and downloads the case's models by mixing them once. */
export async function openShaker(mix: Case, models: string, work: string): Promise<Shaker> {
  const folders = mix.models.map((model) => join(models, mix.made, model));
  const { context, address, url, pid, close } = await openBrowser(
    folders,
    (ids) => fragmentOf(mix, ids),
    work,
  );
  const tab = () => openTab(context, address);
  const first = await tab();
  await clickMix(first);
  await discard(first);
  return {
    mix: async () => measure(await tab(), readResident(pid)),
    mixForMemory: async () => measure(await tab(), readProportional(pid)),
    rawCopy: (outputBytes) => copyRaw(context, url, outputBytes),
    close,
  };
}

/** The app at `/`, the raw copy's empty page at `/raw/`, on one origin. */
async function serve(hub: Hub, work: string): Promise<Awaited<ReturnType<typeof serveFolders>>> {
  const [dist, raw] = [join(work, 'dist'), join(work, 'raw')];
  const environment: NodeJS.ProcessEnv = { ...process.env, NODE_ENV: 'production' };
  environment['SHAKER_HUB'] = `${hub.url} http://localhost:*`;
  execFileSync('npx', ['vite', 'build', '--outDir', dist, '--emptyOutDir', '--logLevel', 'error'], {
    cwd: root,
    env: environment,
  });
  mkdirSync(raw, { recursive: true });
  writeFileSync(join(raw, 'index.html'), '<!doctype html><title>raw copy</title>');
  const source = readFileSync(join(import.meta.dirname, 'raw-copy.worker.ts'), 'utf8');
  const options = { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext };
  writeFileSync(join(raw, 'worker.js'), ts.transpileModule(source, { compilerOptions: options }).outputText);
  return serveFolders([
    ['/raw/', raw],
    ['/', dist],
  ]);
}

/** The page's address with the models, the weights and the dtype set by hand: src/ui/address.ts. */
function fragmentOf({ weights, dtype }: Case, models: readonly string[]): string {
  return [...models, `w=${weights.join(',')}`, 't=1', 'loss=own', `dtype=${dtype}`].join('&');
}

async function openTab(context: BrowserContext, address: string): Promise<Page> {
  const page = await context.newPage();
  page.on('pageerror', (error) => console.error(`page: ${error.message}`));
  await page.goto(address);
  await page.getByText('These models fit together.').waitFor({ timeout: waitMs });
  await mixButton(page).waitFor();
  await page.waitForTimeout(settleMs);
  return page;
}

function mixButton(page: Page) {
  return page.getByRole('button', { name: 'Mix', exact: true, disabled: false }).first();
}

export async function clickMix(page: Page): Promise<void> {
  // that a family cannot be scored is an alert that stands already
  const alerts = page.getByRole('alert');
  const failed = alerts.nth(await alerts.count());
  await mixButton(page).click();
  const offered = page.getByRole('button', { name: 'Download zip' }).first();
  await offered.or(failed).first().waitFor({ timeout: waitMs });
  if (!(await offered.isVisible())) throw new Error(await failed.innerText());
}

async function measure(page: Page, read: () => Resident): Promise<Run> {
  await watchMarks(page);
  const samples = new MemorySamples(read);
  await clickMix(page);
  samples.stop();
  const { clicked, closed, smoke, offered } = await readMarks(page);
  const writtenBytes = await storedBytes(page);
  await discard(page);
  const { idle } = samples;
  const peak = samples.peak(clicked, smoke ?? offered);
  return {
    ...{ seconds: (closed - clicked) / 1000, otherSeconds: (offered - clicked) / 1000, writtenBytes },
    peakBytes: peak.ownBytes - idle.ownBytes,
    peakMappedBytes: peak.mappedBytes - idle.mappedBytes,
    ...(smoke === undefined ? {} : { smokeBytes: samples.peak(smoke).ownBytes - idle.ownBytes }),
  };
}

/** Deletes what was mixed, and leaves the tab: the next run finds the disk as this one did. */
export async function discard(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Delete from this browser' }).first().click();
  await page.getByRole('button', { name: 'Download zip' }).first().waitFor({ state: 'hidden' });
  const left = await storedBytes(page);
  if (left > 0) throw new Error(`${left} bytes of the output were left`);
  await page.close();
}

/** Of all outputs that lie in the browser's private file system, without their markers. */
async function storedBytes(page: Page): Promise<number> {
  const paths = await listStored(page, 'shaker-1/jobs');
  return paths.reduce((sum, { path, bytes }) => (path.includes('/output/') ? sum + bytes : sum), 0);
}

interface Stored {
  readonly path: string;
  readonly bytes: number;
}

/** Every file below `folder` of the private file system, by its path from the root. */
function listStored(page: Page, folder: string): Promise<readonly Stored[]> {
  return page.evaluate(async (folder) => {
    const found: { path: string; bytes: number }[] = [];
    const open: { path: string; handle: FileSystemDirectoryHandle }[] = [];
    let start = await navigator.storage.getDirectory();
    for (const name of folder.split('/')) start = await start.getDirectoryHandle(name, { create: true });
    open.push({ path: folder, handle: start });
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      for await (const [name, handle] of next.handle.entries()) {
        const path = `${next.path}/${name}`;
        if (handle.kind === 'directory') open.push({ path, handle: handle as FileSystemDirectoryHandle });
        else found.push({ path, bytes: (await (handle as FileSystemFileHandle).getFile()).size });
      }
    }
    return found;
  }, folder);
}

/** Both ways of reading; the faster one counts. */
async function copyRaw(context: BrowserContext, url: string, outputBytes: number): Promise<Outcome> {
  const page = await context.newPage();
  try {
    await page.goto(`${url}/raw/index.html`);
    const stored = await listStored(page, 'shaker-1/hub');
    const inputs = stored.map(({ path }) => path).filter((path) => path.endsWith('.safetensors'));
    const seconds: number[] = [];
    for (const way of ['handles', 'blobs'] as const) {
      const job: RawJob = { inputs: inputs.sort(), outputBytes, pieceBytes: rawPieceBytes, way };
      seconds.push(await page.evaluate(runRaw, job));
    }
    return { seconds: Math.min(...seconds), writtenBytes: outputBytes };
  } finally {
    await page.close();
  }
}

/** In the page: one worker, one copy. */
function runRaw(job: RawJob): Promise<number> {
  return new Promise((resolve, reject) => {
    const worker = new Worker('worker.js', { type: 'module' });
    worker.onerror = ({ message }) => reject(new Error(message));
    worker.onmessage = ({ data }: MessageEvent<{ seconds?: number; error?: string }>) => {
      worker.terminate();
      if (data.seconds === undefined) reject(new Error(data.error));
      else resolve(data.seconds);
    };
    worker.postMessage(job);
  });
}
