/** The built app in a stock Firefox with a profile of its own, driven over WebDriver BiDi. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import puppeteer, { type Locator, type Page } from 'puppeteer-core';
import { findFirefox } from '../support/firefox.ts';
import { readZip } from '../support/unzip.ts';

/** The demo takes seconds; on a machine that does other work, some of them more. */
const longMs = 180_000;

export interface FirefoxApp {
  readonly page: Page;
  /** E.g. `firefox/153.7.0`. */
  readonly version: string;
  /** Addresses that the page asked for, in order. */
  readonly requests: readonly string[];
  /** What went wrong in the page and nobody caught. */
  readonly errors: readonly string[];
  button(name: string): Locator<Element>;
  /** Clicks Download zip and returns its files by path inside the one folder. */
  downloadZip(): Promise<ReadonlyMap<string, Uint8Array>>;
  /** Sets weights by hand, in the order of the cards. */
  setWeights(weights: Readonly<Record<string, number>>): Promise<void>;
  close(): Promise<void>;
}

export async function openFirefox(address: string): Promise<FirefoxApp> {
  const downloads = mkdtempSync(join(tmpdir(), 'shaker-firefox-'));
  // without a profile of ours, puppeteer makes a fresh one and removes it
  const browser = await puppeteer.launch({
    browser: 'firefox',
    executablePath: findFirefox(),
    headless: true,
    protocolTimeout: longMs,
    extraPrefsFirefox: {
      'browser.download.dir': downloads,
      // 2: the folder named above
      'browser.download.folderList': 2,
      'intl.accept_languages': 'en-GB,en',
    },
  });
  const page = await browser.newPage();
  await page.setViewport({ width: 1440, height: 1000 });
  const requests: string[] = [];
  const errors: string[] = [];
  page.on('request', (request) => requests.push(request.url()));
  page.on('pageerror', (error) => errors.push(error instanceof Error ? error.message : String(error)));
  await page.goto(address);
  // the button that waits for the models gives its place to another
  await page.locator('::-p-text(These models fit together.)').setTimeout(longMs).wait();
  const button = (name: string): Locator<Element> =>
    page.locator(`::-p-aria([name="${name}"][role="button"])`).setTimeout(longMs);
  return {
    page,
    version: await browser.version(),
    requests,
    errors,
    button,
    async downloadZip() {
      await button('Download zip').click();
      const files = readZip(readFileSync(await landed(downloads)));
      return new Map([...files].map(([name, bytes]) => [name.slice(name.indexOf('/') + 1), bytes]));
    },
    async setWeights(weights) {
      await page.locator('::-p-aria([name="By hand"][role="radio"])').click();
      for (const [name, weight] of Object.entries(weights)) {
        await page.locator(`::-p-aria([name="Weight of ${name}"][role="spinbutton"])`).fill(String(weight));
      }
    },
    async close() {
      await browser.close();
      rmSync(downloads, { recursive: true, force: true });
    },
  };
}

/** The path of the zip, once Firefox has taken its `.part` away; the next download starts from an empty folder. */
async function landed(folder: string): Promise<string> {
  const until = Date.now() + longMs;
  for (;;) {
    const names = readdirSync(folder);
    const zip = names.find((name) => name.endsWith('.zip'));
    if (zip !== undefined && !names.some((name) => name.endsWith('.part'))) return join(folder, zip);
    if (Date.now() > until) throw new Error(`no zip came: ${names.join(', ') || 'an empty folder'}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
