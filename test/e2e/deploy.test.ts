/** The built app as others host it: under a folder, from servers with and without headers, and with no network at all. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page, Worker } from 'playwright';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { serveFolders, type StaticServer } from '../support/static-server.ts';
import { openApp, runDemoJob, type App } from './app.ts';
import { dist } from './place.ts';

const prefix = '/x/y/';

/** The headers that the build wrote for hosts that read them from a file. */
function readHeaders(): Record<string, string> {
  const [rule, ...lines] = readFileSync(join(dist, '_headers'), 'utf8').trimEnd().split('\n');
  expect(rule).toBe('/*');
  return Object.fromEntries(lines.map((line) => line.trim().split(/: (.*)/, 2) as [string, string]));
}

/** Another origin, which counts who comes. */
interface Foreign {
  readonly url: string;
  readonly requests: string[];
  readonly server: Server;
}

async function startForeign(): Promise<Foreign> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    response.setHeader('Access-Control-Allow-Origin', '*').end('come in');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, requests, server };
}

/** Asks for `url` in that very thread: what came of it, and which directive of the policy was against it. */
async function ask(thread: Page | Worker, url: string): Promise<{ answer: string; against: string }> {
  const attempt = async (url: string): Promise<{ answer: string; against: string }> => {
    const violation = new Promise<string>((resolve) => {
      globalThis.addEventListener(
        'securitypolicyviolation',
        (event) => resolve((event as SecurityPolicyViolationEvent).effectiveDirective),
        { once: true },
      );
      setTimeout(() => resolve('none'), 2000);
    });
    const answer = await fetch(url).then(
      (response) => `status ${response.status}`,
      (error: unknown) => (error as Error).name,
    );
    return { answer, against: await violation };
  };
  return (thread as Page).evaluate(attempt, url);
}

let server: StaticServer;
let foreign: Foreign;
let headers: Record<string, string>;
let app: App | undefined;

async function serve(port = 0): Promise<void> {
  server = await serveFolders([[prefix, dist]], { headers, port });
}

beforeEach(async () => {
  foreign = await startForeign();
});
afterEach(async () => {
  await app?.close();
  app = undefined;
  await server.close();
  foreign.server.closeAllConnections();
  foreign.server.close();
});

async function open(): Promise<Page> {
  app = await openApp({ address: server.url + prefix, serviceWorkers: 'allow', profile: 'disk' });
  return app.page;
}

/** The engine's workers, which start from blobs; not the runtime's threads, which wait without hearing anything. */
function enginesOf(page: Page): readonly Worker[] {
  const engines = page.workers().filter((worker) => worker.url().startsWith('blob:'));
  expect(engines).toHaveLength(4);
  return engines;
}

function threadsOf(text: string): number {
  return Number(/threads: (\d+)/.exec(text)?.[1]);
}

async function readThreads(page: Page): Promise<number> {
  return threadsOf(
    await page
      .getByText(/^Ran on the CPU, threads: /)
      .first()
      .innerText(),
  );
}

/** Loads the page once more without network or server, and does the whole job. */
async function runOffline(page: Page): Promise<ReadonlyMap<string, Uint8Array>> {
  await page.getByText('Works offline.').waitFor({ timeout: 60_000 });
  const port = Number(new URL(server.url).port);
  await server.close();
  await page.context().setOffline(true);
  await page.reload();
  await page.getByText('These models fit together.').waitFor({ timeout: 30_000 });
  const files = await runDemoJob(page);
  await page.context().setOffline(false);
  await serve(port);
  return files;
}

function toDigest(files: ReadonlyMap<string, Uint8Array>): string {
  return Buffer.from(files.get('model.safetensors')!).toString('base64');
}

describe('the app under a folder, from a server that sends no headers', () => {
  beforeEach(async () => {
    headers = {};
    await serve();
  });

  test('does the demo job in one thread, and its policy refuses a foreign request from the page and from each worker', async () => {
    const page = await open();
    const online = await runDemoJob(page);
    expect(online.has('model.safetensors')).toBe(true);
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(false);
    expect(await readThreads(page)).toBe(1);

    for (const thread of [page, ...enginesOf(page)]) {
      expect(await ask(thread, foreign.url)).toEqual({ answer: 'TypeError', against: 'connect-src' });
    }
    expect(foreign.requests).toEqual([]);
    // what was asked in vain is listed, too
    await page.getByRole('button', { name: /0 B sent; / }).click();
    const failed = page.getByRole('dialog').getByRole('row', { name: /failed/ });
    // the page, and the workers for files, scoring, proof and disk
    await expect.poll(() => failed.count()).toBe(5);
    expect(app!.errors).toEqual([]);
  });

  test('works after one visit without network and server, and mixes the same bytes', async () => {
    const page = await open();
    const online = await runDemoJob(page);
    const offline = await runOffline(page);
    expect(toDigest(offline)).toBe(toDigest(online));
    expect(await readThreads(page)).toBe(1);
    expect(app!.errors).toEqual([]);
  });

  test('has threads at the next visit after the server has begun to send headers, in spite of its copy', async () => {
    const page = await open();
    await page.getByText('Works offline.').waitFor({ timeout: 60_000 });
    Object.assign(headers, readHeaders());
    await page.reload();
    await runDemoJob(page);
    expect(await readThreads(page)).toBeGreaterThan(1);
    expect(app!.errors).toEqual([]);
  });
});

describe('the app under a folder, from a server that sends the headers of _headers', () => {
  beforeEach(async () => {
    headers = readHeaders();
    await serve();
  });

  test('does the demo job in several threads, and its policy refuses a foreign request everywhere', async () => {
    const page = await open();
    await runDemoJob(page);
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
    expect(await readThreads(page)).toBeGreaterThan(1);
    for (const thread of [page, ...enginesOf(page)]) {
      expect(await ask(thread, foreign.url)).toEqual({ answer: 'TypeError', against: 'connect-src' });
    }
    expect(foreign.requests).toEqual([]);
    expect(app!.errors).toEqual([]);
  });

  test('works after one visit without network and server, in several threads still', async () => {
    const page = await open();
    await runOffline(page);
    expect(await readThreads(page)).toBeGreaterThan(1);
    expect(app!.errors).toEqual([]);
  });
});

describe('an address that is not secure', () => {
  test('is a sentence', async () => {
    headers = {};
    await serve();
    app = await openApp({ address: 'about:blank' });
    await app.context.route('http://shaker.example/**', async (route) => {
      const path = new URL(route.request().url()).pathname;
      await route.fulfill({ response: await route.fetch({ url: `${server.url}${path}` }) });
    });
    await app.page.goto(`http://shaker.example${prefix}`);
    const alert = app.page.getByRole('alert').first();
    await alert.waitFor();
    expect(await alert.innerText()).toContain('http://shaker.example is not a secure address');
    expect(app.errors).toEqual([]);
  });
});

describe('a worker whose script is not there', () => {
  test('is a sentence', async () => {
    headers = {};
    await serve();
    app = await openApp({ address: 'about:blank' });
    await app.context.route(/engine-[^/]*\.js$/, (route) => route.abort());
    await app.page.goto(server.url + prefix);
    const alert = app.page.getByRole('alert').first();
    await alert.waitFor();
    expect(await alert.innerText()).toContain('The worker that computes has stopped');
  });
});

describe('another version of the app', () => {
  let folder: string;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'shaker-version-'));
    cpSync(dist, folder, { recursive: true });
    server = await serveFolders([[prefix, folder]]);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** As a build with another script would be: its own name for it, its own version. */
  function publish(): void {
    const page = readFileSync(join(folder, 'index.html'), 'utf8');
    const script = /assets\/(index-[^"]+\.js)/.exec(page)![1]!;
    const other = script.replace('index-', 'index-0');
    const worker = readFileSync(join(folder, 'sw.js'), 'utf8');
    cpSync(join(folder, 'assets', script), join(folder, 'assets', other));
    writeFileSync(join(folder, 'index.html'), page.replaceAll(script, other));
    const version = /"version":"([0-9a-f]+)"/.exec(worker)![1]!;
    writeFileSync(
      join(folder, 'sw.js'),
      worker.replaceAll(script, other).replace(version, `0${version.slice(1)}`),
    );
  }

  const cacheNames = (page: Page): Promise<string[]> => page.evaluate(() => caches.keys());

  test('takes over unseen when the page is of it already, and leaves one copy', async () => {
    const page = await open();
    await page.getByText('Works offline.').waitFor({ timeout: 60_000 });
    const [before] = await cacheNames(page);
    publish();
    await page.reload();
    await page.getByText('Works offline.').waitFor({ timeout: 60_000 });
    await expect.poll(() => cacheNames(page), { timeout: 30_000 }).not.toContain(before);
    expect(await cacheNames(page)).toHaveLength(1);
    expect(await page.getByRole('button', { name: 'Reload' }).count()).toBe(0);
  });

  test('waits for a reload where a page of the version before is open, and then takes over', async () => {
    const page = await open();
    await page.getByText('Works offline.').waitFor({ timeout: 60_000 });
    const script = await page.locator('script[type=module]').getAttribute('src');
    publish();
    await page.evaluate(async () => (await navigator.serviceWorker.getRegistration())?.update());
    const reload = page.getByRole('button', { name: 'Reload' });
    await reload.waitFor({ timeout: 60_000 });
    await reload.click();
    await page.getByText('Works offline.').waitFor({ timeout: 60_000 });
    expect(await page.locator('script[type=module]').getAttribute('src')).not.toBe(script);
    expect(await cacheNames(page)).toHaveLength(1);
  });
});
