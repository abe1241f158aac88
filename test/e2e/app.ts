/** The built app in a real browser with a profile on disk, as a person meets it. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright';
import { chromiumArguments, findChromium } from '../support/chromium.ts';
import { readZip } from '../support/unzip.ts';
import { appUrl } from './place.ts';

export interface App {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Addresses that the page and its workers asked for, in order, but for the page's icon; not what the service worker fetches for later. */
  readonly requests: readonly string[];
  /** What went wrong in the page and nobody caught. */
  readonly errors: readonly string[];
  close(): Promise<void>;
}

/** A bar without models, and a table without examples: the embedded ones cost a second a page. */
export const empty = '#m=none';

export interface Opening {
  /** Of the page; by default where the built app is served for all tests. */
  readonly address?: string;
  /** What stands behind the address, `#` and all. */
  readonly fragment?: string;
  /** `block`, as by default: each fresh profile would copy the whole app, some 50 MB, beside what is tested. */
  readonly serviceWorkers?: 'allow' | 'block';
  /** Where the browser keeps what it stores; in memory, as by default, one browser serves a whole file of tests. */
  readonly profile?: 'disk' | 'memory';
  /** Of the browser's profile, as its own settings page writes them. */
  readonly preferences?: object;
}

export async function openApp({
  address = `${appUrl}/index.html`,
  fragment = '',
  preferences,
  serviceWorkers = 'block',
  profile = preferences ? 'disk' : 'memory',
}: Opening = {}): Promise<App> {
  const { context, close } = await openContext(serviceWorkers, profile, preferences);
  const requests: string[] = [];
  const errors: string[] = [];
  context.on('request', (request) => {
    // Chromium asks for the icon again with every change of the address
    const isIcon = new URL(request.url()).pathname.endsWith('/icons/shaker.svg');
    if (request.serviceWorker() === null && !isIcon) requests.push(request.url());
  });
  const page = await context.newPage();
  page.on('pageerror', (error) => errors.push(error.message));
  await page.goto(`${address}${fragment}`);
  return {
    page,
    context,
    requests,
    errors,
    close,
  };
}

const launch = { executablePath: findChromium(), args: chromiumArguments() };
let browser: Promise<Browser> | undefined;

async function openContext(
  serviceWorkers: 'allow' | 'block',
  profile: 'disk' | 'memory',
  preferences: object | undefined,
): Promise<{ readonly context: BrowserContext; close(): Promise<void> }> {
  const options = {
    serviceWorkers,
    locale: 'en-GB',
    viewport: { width: 1440, height: 1000 },
    acceptDownloads: true,
  };
  if (profile === 'memory') {
    // ends with this file's process
    const context = await (await (browser ??= chromium.launch(launch))).newContext(options);
    return { context, close: () => context.close() };
  }
  const folder = mkdtempSync(join(tmpdir(), 'shaker-e2e-'));
  if (preferences) {
    mkdirSync(join(folder, 'Default'));
    writeFileSync(join(folder, 'Default/Preferences'), JSON.stringify(preferences));
  }
  const context = await chromium.launchPersistentContext(folder, { ...launch, ...options });
  return {
    context,
    async close() {
      await context.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Another tab of the same browser. */
export async function openTab({ context }: App): Promise<Page> {
  const page = await context.newPage();
  await page.goto(`${appUrl}/index.html`);
  return page;
}

/** Mixes the models that are there in these shares, to the end. */
export async function mixByHand(page: Page, weights: Readonly<Record<string, number>>): Promise<void> {
  await setWeights(page, weights);
  await page.getByRole('button', { name: 'Mix', exact: true }).first().click({ timeout: 60_000 });
  await page.getByRole('button', { name: 'Download zip' }).first().waitFor({ timeout: 60_000 });
}

/** Path and size of every file in the browser's private file system, below `folder`. */
export function storedFiles(page: Page, folder = ''): Promise<Record<string, number>> {
  return page.evaluate(async (folder) => {
    const sizes: Record<string, number> = {};
    const walk = async (parent: FileSystemDirectoryHandle, prefix: string): Promise<void> => {
      for await (const [name, handle] of parent.entries()) {
        const path = `${prefix}${name}`;
        if (handle.kind === 'directory') await walk(handle as FileSystemDirectoryHandle, `${path}/`);
        else sizes[path] = (await (handle as FileSystemFileHandle).getFile()).size;
      }
    };
    let root = await navigator.storage.getDirectory();
    for (const name of folder.split('/').filter((part) => part !== '')) {
      root = await root.getDirectoryHandle(name);
    }
    await walk(root, '');
    return sizes;
  }, folder);
}

export function sum(sizes: Readonly<Record<string, number>>): number {
  return Object.values(sizes).reduce((total, bytes) => total + bytes, 0);
}

/** How much the browser lets this origin have in all; `undefined` for what it would have anyway. */
export async function setQuota(page: Page, quotaSize: number | undefined): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const origin = new URL(page.url()).origin;
  await session.send('Storage.overrideQuotaForOrigin', {
    origin,
    ...(quotaSize === undefined ? {} : { quotaSize }),
  });
  // the override ends with its session: this one stays open as long as the page
}

/** The whole job with the embedded models: score, mix, download. The files of the zip by path inside its folder. */
export async function runDemoJob(page: Page): Promise<ReadonlyMap<string, Uint8Array>> {
  await page.getByRole('button', { name: 'Score', exact: true }).first().click();
  await page.getByRole('button', { name: 'Mix', exact: true }).first().click({ timeout: 60_000 });
  await page.getByRole('button', { name: 'Download zip' }).first().waitFor({ timeout: 60_000 });
  return downloadZip(page);
}

/** Clicks Download zip and returns its files by path inside the one folder. */
export async function downloadZip(page: Page): Promise<ReadonlyMap<string, Uint8Array>> {
  const started = page.waitForEvent('download', { timeout: 60_000 });
  await page.getByRole('button', { name: 'Download zip' }).first().click();
  const path = await (await started).path();
  const files = readZip(readFileSync(path));
  return new Map([...files].map(([name, bytes]) => [name.slice(name.indexOf('/') + 1), bytes]));
}

/** Removes the embedded models, so that a job starts from an empty bar. */
export async function clearModels(page: Page): Promise<void> {
  for (const name of ['base', 'bank', 'science', 'words']) {
    await page.getByRole('button', { name: `Remove ${name}`, exact: true }).click();
  }
}

/** Where files are dragged to. */
export const dragPoint = { x: 200, y: 200 };

/** Drags files or folders of the disk over the page, through the browser's own drag and drop; what it returns drops them. */
export async function drag(page: Page, ...paths: readonly string[]): Promise<() => Promise<void>> {
  const session = await page.context().newCDPSession(page);
  const data = { items: [], files: [...paths], dragOperationsMask: 1 };
  const send = async (type: 'dragEnter' | 'dragOver' | 'drop'): Promise<void> => {
    await session.send('Input.dispatchDragEvent', { type, ...dragPoint, data });
  };
  await send('dragEnter');
  await send('dragOver');
  return async () => {
    await send('drop');
    await session.detach();
  };
}

/** Drops files or folders of the disk on the page. */
export async function drop(page: Page, ...paths: readonly string[]): Promise<void> {
  await (
    await drag(page, ...paths)
  )();
}

/** Sets weights by hand, in the order of the cards. */
export async function setWeights(page: Page, weights: Readonly<Record<string, number>>): Promise<void> {
  await page.getByRole('radio', { name: 'By hand' }).check();
  for (const [name, weight] of Object.entries(weights)) {
    await page.getByRole('spinbutton', { name: `Weight of ${name}` }).fill(String(weight));
  }
}
