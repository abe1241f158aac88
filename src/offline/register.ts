/**
 * Registers the service worker once the page has loaded and is idle, and says how far the copy of the app is. Only in
 * built apps on secure addresses: elsewhere the page simply needs its network.
 */
import { buildFor, type RuntimeBuild } from '../graph/runtime.ts';
import type { Question, Reply } from './copy.ts';

/** `ready`: all that this browser needs is kept. `newer`: another version waits for a reload. */
export type OfflineState = 'none' | 'ready' | 'newer';

export interface OfflineCopy {
  /** Lets the version that waits take over, and reloads the page with it. */
  replace(): Promise<void>;
}

/** A browser that tells how its user wants data spared. Source: https://wicg.github.io/savedata/ */
interface SparingNavigator {
  readonly connection?: { readonly saveData?: boolean };
}

export function keepOffline(tell: (state: OfflineState) => void): OfflineCopy {
  if (!import.meta.env.PROD || !isSecureContext || !('serviceWorker' in navigator)) {
    return { replace: () => Promise.resolve() };
  }
  const workers = navigator.serviceWorker;
  // a browser that keeps nothing here, in private windows for one, leaves the page as it is
  void start(tell).catch(() => undefined);
  return {
    async replace() {
      const waiting = (await workers.getRegistration())?.waiting;
      if (!waiting) return location.reload();
      workers.addEventListener('controllerchange', () => location.reload(), { once: true });
      await ask(waiting, { ask: 'replace' });
    },
  };
}

async function start(tell: (state: OfflineState) => void): Promise<void> {
  await whenIdle();
  const workers = navigator.serviceWorker;
  const registration = await workers.register(new URL('sw.js', document.baseURI));
  const fill = async (): Promise<void> => {
    const { active } = await workers.ready;
    if (active !== null && (await isFilled(active))) tell(registration.waiting === null ? 'ready' : 'newer');
  };
  // another version, or the first one, has just taken over
  workers.addEventListener('controllerchange', () => void fill());
  await followUpdates(registration, tell);
  await fill();
}

/** Has the rest brought into the copy, and says whether all that this browser needs is there. */
async function isFilled(active: ServiceWorker): Promise<boolean> {
  const { connection } = navigator as SparingNavigator;
  // the runtime is kept once it was used
  if (connection?.saveData === true) return false;
  return (await ask(active, { ask: 'keep', builds: await listBuilds() })) === 'kept';
}

/** After everything that the page itself wanted. */
async function whenIdle(): Promise<void> {
  if (document.readyState !== 'complete') {
    await new Promise((resolve) => addEventListener('load', resolve, { once: true }));
  }
  // not in every browser
  if (!('requestIdleCallback' in globalThis)) return;
  await new Promise((resolve) => requestIdleCallback(resolve));
}

/** Tells of a version that waits, unless the page is of that version already: then it may take over unseen. */
async function followUpdates(
  registration: ServiceWorkerRegistration,
  tell: (state: OfflineState) => void,
): Promise<void> {
  const look = async (): Promise<void> => {
    const { waiting, active } = registration;
    if (waiting === null || active === null) return;
    const reply = await ask(waiting, { ask: 'replace-quietly', script: import.meta.url });
    if (reply === 'no') tell('newer');
  };
  registration.addEventListener('updatefound', () => {
    registration.installing?.addEventListener('statechange', () => void look());
  });
  await look();
}

/** The builds of the runtime that this browser uses by itself: always the one for the CPU; no GPU that is software. */
async function listBuilds(): Promise<readonly RuntimeBuild[]> {
  const adapter = await navigator.gpu?.requestAdapter().catch(() => null);
  return adapter && !adapter.info.isFallbackAdapter ? [buildFor('cpu'), buildFor('gpu')] : [buildFor('cpu')];
}

function ask(to: ServiceWorker, question: Question): Promise<Reply> {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = ({ data }: MessageEvent<Reply>) => {
      port1.close();
      resolve(data);
    };
    to.postMessage(question, [port2]);
  });
}
