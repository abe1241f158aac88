/** The built app in a real browser with a profile on disk, as a person meets it. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type BrowserContext, type Page } from 'playwright';
import { inject } from 'vitest';
import { chromiumArguments, findChromium } from '../support/chromium.ts';
import { readZip } from '../support/unzip.ts';

export interface App {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Addresses that the page and its workers asked for, in order. */
  readonly requests: readonly string[];
  /** What went wrong in the page and nobody caught. */
  readonly errors: readonly string[];
  close(): Promise<void>;
}

/** What a person has set in the browser. */
export interface Reader {
  /** The size of text, in pixels; 16 where nobody set any. */
  readonly textPixels?: number;
}

export async function openApp({ textPixels }: Reader = {}): Promise<App> {
  const profile = mkdtempSync(join(tmpdir(), 'shaker-e2e-'));
  if (textPixels !== undefined) setTextSize(profile, textPixels);
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: findChromium(),
    args: chromiumArguments(),
    locale: 'en-GB',
    viewport: { width: 1440, height: 1000 },
    acceptDownloads: true,
  });
  const requests: string[] = [];
  const errors: string[] = [];
  context.on('request', (request) => requests.push(request.url()));
  const page = await context.newPage();
  page.on('pageerror', (error) => errors.push(error.message));
  await page.goto(`${inject('appUrl')}/index.html`);
  return {
    page,
    context,
    requests,
    errors,
    async close() {
      await context.close();
      rmSync(profile, { recursive: true, force: true });
    },
  };
}

function setTextSize(profile: string, pixels: number): void {
  mkdirSync(join(profile, 'Default'));
  const preferences = { webkit: { webprefs: { default_font_size: pixels } } };
  writeFileSync(join(profile, 'Default/Preferences'), JSON.stringify(preferences));
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

/** Drops files or folders of the disk on the page, through the browser's own drag and drop. */
export async function drop(page: Page, ...paths: readonly string[]): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const data = { items: [], files: [...paths], dragOperationsMask: 1 };
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
    await session.send('Input.dispatchDragEvent', { type, x: 200, y: 200, data });
  }
  await session.detach();
}

/** Sets weights by hand, in the order of the cards. */
export async function setWeights(page: Page, weights: Readonly<Record<string, number>>): Promise<void> {
  await page.getByRole('radio', { name: 'By hand' }).check();
  for (const [name, weight] of Object.entries(weights)) {
    await page.getByRole('spinbutton', { name: `Weight of ${name}` }).fill(String(weight));
  }
}
