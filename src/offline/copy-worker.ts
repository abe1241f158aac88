/**
 * The service worker: keeps a copy of the app beside it, so that the page opens and works without a network. It knows only
 * the files of its own version (written in when it is built, vite.offline.ts), touches no other origin, and keeps
 * nothing that a person fetched or made.
 *
 *   the page        from the network when there is one, else the copy
 *   other files     the copy first: their bytes are those of the version that the page belongs to
 *   anything else   not touched
 */
import type { RuntimeBuild } from '../graph/runtime.ts';
import type { AppFile, AppVersion, Question, Reply } from './copy.ts';

declare const __APP__: AppVersion;

const worker = self as unknown as ServiceWorkerGlobalScope;
const { version, files } = __APP__;
const scope = worker.registration.scope;
/** Scopes are kept apart: another folder of this origin may hold another copy. */
const prefix = `shaker ${scope} `;
const cacheName = prefix + version;
const byAddress = new Map(files.map((file) => [new URL(file.path, scope).href, file]));

/** What decides which rights a page and its workers have: a copy with other ones than the page's is of no use. */
const rightsHeaders = [
  'content-security-policy',
  'cross-origin-embedder-policy',
  'cross-origin-opener-policy',
];

worker.addEventListener('install', (event) => {
  event.waitUntil(keep([]));
});

worker.addEventListener('activate', (event) => {
  event.waitUntil(replaceOld());
});

worker.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  url.search = url.hash = '';
  if (request.method !== 'GET' || !url.href.startsWith(scope)) return;
  if (request.mode === 'navigate') {
    if (url.href === scope || url.href === `${scope}index.html`) event.respondWith(answerPage(request));
    return;
  }
  const file = byAddress.get(url.href);
  if (file !== undefined) event.respondWith(answerFile(file, url.href, event));
});

worker.addEventListener('message', (event) => {
  const [port] = event.ports;
  event.waitUntil(answer(event.data as Question).then((reply) => port?.postMessage(reply)));
});

async function answer(question: Question): Promise<Reply> {
  switch (question.ask) {
    case 'keep':
      return keep(question.builds).then(
        () => 'kept',
        () => 'failed',
      );
    case 'replace-quietly':
      return replaceQuietly(question.script);
    case 'replace':
      await worker.skipWaiting();
      return 'yes';
  }
}

async function replaceQuietly(script: string): Promise<Reply> {
  if (!byAddress.has(script)) return 'no';
  const pages = await worker.clients.matchAll({ includeUncontrolled: true, type: 'window' });
  if (pages.filter(({ url }) => url.startsWith(scope)).length > 1) return 'later';
  await worker.skipWaiting();
  return 'yes';
}

let turn: Promise<unknown> = Promise.resolve();

/** Brings what is missing into the copy, one after the other. Fails when a file is not there or not of this version. */
function keep(builds: readonly RuntimeBuild[]): Promise<void> {
  const mine = turn.then(() => keepMissing(builds));
  turn = mine.catch(() => undefined);
  return mine;
}

async function keepMissing(builds: readonly RuntimeBuild[]): Promise<void> {
  const cache = await caches.open(cacheName);
  const there = new Set((await cache.keys()).map(({ url }) => url));
  if (!there.has(scope)) await cache.put(scope, await fetchPage());
  for (const [address, { build, integrity }] of byAddress) {
    if (there.has(address) || (build !== undefined && !builds.includes(build))) continue;
    // checked with the server, since not every file has its hash in its name
    await cache.put(address, await fetchWhole(address, { integrity, cache: 'no-cache' }));
  }
}

async function fetchWhole(address: string, init: RequestInit): Promise<Response> {
  const response = await fetch(address, init);
  if (!response.ok) throw new Error(`${address}: ${response.status}`);
  return plain(response);
}

/** A response that came by a redirect is refused as the answer to a navigation. */
function plain(response: Response): Response {
  if (!response.redirected) return response;
  const { status, statusText, headers, body } = response;
  return new Response(body, { status, statusText, headers });
}

/** The page itself, which a host may have added to: no hash, but every file that it names must be of this version. */
async function fetchPage(): Promise<Response> {
  const response = await fetchWhole(scope, { cache: 'no-cache' });
  const html = await response.clone().text();
  const named = Array.from(html.matchAll(/(?:src|href)="\.\/(assets\/[^"]+)"/g), ([, path]) => path);
  const strange = named.find((path) => !files.some((file) => file.path === path));
  if (named.length === 0 || strange !== undefined)
    throw new Error(`the page is of another version: ${strange}`);
  return response;
}

async function answerPage(request: Request): Promise<Response> {
  const cache = await caches.open(cacheName);
  const kept = await cache.match(scope);
  try {
    const response = await fetch(request);
    if (kept !== undefined && response.ok && !haveSameRights(kept, response)) await caches.delete(cacheName);
    return response;
  } catch (error) {
    if (kept === undefined) throw error;
    return kept;
  }
}

function haveSameRights(kept: Response, now: Response): boolean {
  return rightsHeaders.every((name) => kept.headers.get(name) === now.headers.get(name));
}

/** From the copy; else from the network, and kept when it is what this version has there. */
async function answerFile({ integrity }: AppFile, address: string, event: FetchEvent): Promise<Response> {
  const cache = await caches.open(cacheName);
  const kept = await cache.match(address);
  if (kept !== undefined) return kept;
  const response = await fetch(event.request);
  const copy = response.clone();
  event.waitUntil(
    hashOf(response.clone())
      .then((hash) => (hash === integrity ? cache.put(address, plain(copy)) : undefined))
      // a full disk keeps nothing, and takes nothing from the page
      .catch(() => undefined),
  );
  return response;
}

async function hashOf(response: Response): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', await response.arrayBuffer()));
  return `sha256-${btoa(String.fromCharCode(...digest))}`;
}

async function replaceOld(): Promise<void> {
  const names = await caches.keys();
  const old = names.filter((name) => name.startsWith(prefix) && name !== cacheName);
  await Promise.all(old.map((name) => caches.delete(name)));
  await worker.clients.claim();
}
