/** Everything that goes wrong on the small mixture, one after the other, and what may come of each. */
import { renameSync, rmSync, statSync, truncateSync, utimesSync, copyFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BrowserContext, Page } from 'playwright';
import type { Fault as HubFault } from '../support/hub.ts';
import { patchClock, spoilHandles, type HandleFault, type OnPause } from './injected.ts';
import { findWorker, ids, type Kitchen } from './kitchen.ts';
import type { Outcome } from './tally.ts';

export interface Scene {
  readonly kitchen: Kitchen;
  readonly context: BrowserContext;
  readonly page: Page;
}

export interface Fault {
  readonly name: string;
  /** Where the models are: downloaded, still on the Hub, or on this computer. */
  readonly models: 'kept' | 'hub' | 'local';
  /** Before the click. Returns what ends it. */
  readonly inject: (scene: Scene) => Promise<() => Promise<void> | void>;
  /** Nobody can know that it happened: whoever waits stops it. */
  readonly stopAfterMs?: number;
  readonly may: readonly Exclude<Outcome, 'wrong'>[];
}

const nothing = (): void => undefined;

function handleFault(name: string, fault: HandleFault, may: Fault['may']): Fault {
  const inject: Fault['inject'] = async ({ page }) => {
    await spoilHandles(page, fault);
    return nothing;
  };
  return { name, models: 'kept', inject, may };
}

/** A worker that is ended while it reads, between reading and writing, or with half a chunk written. */
function ended(worker: 'files' | 'proof', how: 'loud' | 'silent'): readonly Fault[] {
  const moments: readonly (readonly [string, HandleFault])[] = [
    ['reading', { worker, method: 'read', nth: 11, what: 'pause' }],
    ...(worker === 'proof'
      ? []
      : ([
          ['computing', { worker, method: 'write', nth: 7, what: 'pause' }],
          ['writing', { worker, method: 'write', nth: 12, what: 'tear' }],
        ] as const)),
  ];
  return moments.map(([doing, fault]) => ({
    name: `the worker ${worker} ends while ${doing}, ${how === 'loud' ? 'with' : 'without'} an event`,
    models: 'kept',
    inject: async ({ page }) => {
      await onPause(page, { end: worker, how });
      await spoilHandles(page, fault);
      return nothing;
    },
    ...(how === 'silent' ? { stopAfterMs: 6000 } : {}),
    may: how === 'loud' ? ['refused'] : ['stopped', 'refused'],
  }));
}

function onPause(page: Page, act: OnPause): Promise<void> {
  return page.evaluate((act) => void (globalThis.shakerOnPause = act), act);
}

/** The worker that waits for the disk ends while it has to: nothing is lost with it. */
function endedDisk(how: 'loud' | 'silent', may: Fault['may']): Fault {
  return {
    name: `the worker disk ends while writing, ${how === 'loud' ? 'with' : 'without'} an event`,
    models: 'kept',
    inject: async ({ page }) => {
      await onPause(page, { end: 'disk', how });
      // it is asked for every 32 MiB
      await spoilHandles(page, { worker: 'files', method: 'write', nth: 19, what: 'pause' });
      return nothing;
    },
    ...(how === 'silent' ? { stopAfterMs: 6000 } : {}),
    may,
  };
}

/** The page's own watch is to notice, after three minutes. */
const unnoticed: Fault = {
  name: 'the worker files ends without an event, and nobody stops it',
  models: 'kept',
  inject: async ({ page }) => {
    await onPause(page, { end: 'files', how: 'silent' });
    await spoilHandles(page, { worker: 'files', method: 'write', nth: 9, what: 'pause' });
    return nothing;
  },
  may: ['refused'],
};

/** Something that the driver does while the worker that writes waits in the middle. */
async function inTheMiddle(page: Page, act: () => void): Promise<void> {
  await page.exposeFunction('shakerPaused', act);
  await onPause(page, 'call');
  await spoilHandles(page, { worker: 'files', method: 'write', nth: 9, what: 'pause', pauseMs: 1500 });
}

/** A picked file that becomes another one in the middle. */
function replaced(name: string, change: (path: string) => void): Fault {
  return {
    name: `a picked file ${name} in the middle`,
    models: 'local',
    async inject({ kitchen, page }) {
      const path = join(kitchen.folders.b, 'model.safetensors');
      const kept = `${path}.kept`;
      const { atime, mtime } = statSync(path);
      copyFileSync(path, kept);
      await inTheMiddle(page, () => change(path));
      return () => {
        renameSync(kept, path);
        utimesSync(path, atime, mtime);
      };
    },
    may: ['refused'],
  };
}

function hubFault(
  name: string,
  fault: HubFault | readonly HubFault[],
  may: Fault['may'],
  subject = `${ids[1]}/model.safetensors`,
): Fault {
  return {
    name: `the Hub ${name}`,
    models: 'hub',
    async inject({ kitchen: { hub } }) {
      hub.faults.set(subject, typeof fault === 'string' ? fault : [...fault]);
      return () => void hub.faults.delete(subject);
    },
    may,
  };
}

/** No network, from the moment when half of the models came, for so long. */
function offline(how: 'browser' | 'host', ms: number, may: Fault['may']): Fault {
  return {
    name: `no network (${how}) in the middle for ${ms / 1000} s`,
    models: 'hub',
    async inject({ kitchen: { hub }, context }) {
      const before = hub.log.length;
      const cut = async (state: boolean): Promise<void> => {
        if (how === 'browser') await context.setOffline(state);
        else if (state) for (const id of ids) hub.faults.set(id, 'offline');
        else for (const id of ids) hub.faults.delete(id);
      };
      const asked = (): number => hub.log.slice(before).filter(({ range }) => range !== undefined).length;
      const timer = setInterval(() => {
        if (asked() < 6) return;
        clearInterval(timer);
        void cut(true).then(() => setTimeout(() => void cut(false), ms));
      }, 5);
      return async () => {
        clearInterval(timer);
        await cut(false);
      };
    },
    may,
  };
}

/** So much room beyond what is used. `stated`: the browser says so; Chromium itself states 10 GiB whatever there is. */
function quota(
  name: string,
  models: Fault['models'],
  roomBytes: number,
  may: Fault['may'],
  word: 'stated' | 'unstated' = 'unstated',
): Fault {
  return { name, models, may, inject: async ({ page }) => limitRoom(page, roomBytes, word) };
}

async function limitRoom(
  page: Page,
  roomBytes: number,
  word: 'stated' | 'unstated',
): Promise<() => Promise<void>> {
  if (word === 'stated') {
    const worker = await findWorker(page, 'files');
    await worker.evaluate((quota) => {
      navigator.storage.estimate = () => Promise.resolve({ usage: 0, quota });
    }, roomBytes);
  }
  const session = await page.context().newCDPSession(page);
  const origin = new URL(page.url()).origin;
  const { usage = 0 } = await page.evaluate(() => navigator.storage.estimate());
  await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: usage + roomBytes });
  return async () => void (await session.send('Storage.overrideQuotaForOrigin', { origin }));
}

const straightReplaced: Fault = {
  name: 'the Hub replaces a file between two reads, straight into the mixture',
  models: 'hub',
  async inject({ kitchen: { hub }, page }) {
    const subject = `${ids[1]}/model.safetensors`;
    const free = await limitRoom(page, 80_000_000, 'stated');
    await inTheMiddle(page, () => void hub.faults.set(subject, 'replaced'));
    return async () => {
      hub.faults.delete(subject);
      await free();
    };
  },
  may: ['refused'],
};

const clock: Fault = {
  name: 'the clock jumps by days',
  models: 'kept',
  async inject({ page }) {
    await patchClock(page);
    return nothing;
  },
  may: ['right'],
};

/** (nth read or write, of 27 chunks) */
const lost: readonly Fault[] = [1, 14, 27].map((nth) =>
  handleFault(`the handle is lost at write ${nth}`, { worker: 'files', method: 'write', nth, what: 'lost' }, [
    'refused',
  ]),
);

export const faults: readonly Fault[] = [
  ...ended('files', 'loud'),
  ...ended('files', 'silent'),
  ...ended('proof', 'loud'),
  ...ended('proof', 'silent'),
  endedDisk('loud', ['right']),
  endedDisk('silent', ['right', 'stopped']),
  unnoticed,
  ...lost,
  handleFault('a handle is lost at an input', { worker: 'files', method: 'read', nth: 20, what: 'lost' }, [
    'refused',
  ]),
  handleFault(
    'the handle that reads back is lost',
    { worker: 'proof', method: 'read', nth: 9, what: 'lost' },
    ['refused'],
  ),
  handleFault('writing takes nothing', { worker: 'files', method: 'write', nth: 9, what: 'nothing' }, [
    'refused',
  ]),
  handleFault(
    'writing takes a negative number',
    { worker: 'files', method: 'write', nth: 9, what: 'negative' },
    ['refused'],
  ),
  handleFault('writing takes half', { worker: 'files', method: 'write', nth: 9, what: 'half' }, ['right']),
  handleFault('reading gives half', { worker: 'files', method: 'read', nth: 9, what: 'half' }, ['right']),
  handleFault('reading back gives half', { worker: 'proof', method: 'read', nth: 9, what: 'half' }, [
    'right',
  ]),
  quota('no room for the mixture', 'kept', 20_000_000, ['refused']),
  quota('no room for the downloads, as the browser says', 'hub', 80_000_000, ['right'], 'stated'),
  quota('no room for the second download', 'hub', 80_000_000, ['refused']),
  quota('no room for the mixture beside the downloads', 'hub', 130_000_000, ['refused']),
  quota('no room for anything', 'hub', 20_000_000, ['refused']),
  replaced('is cut', (path) => truncateSync(path, 1_000_000)),
  replaced('goes away', (path) => rmSync(path)),
  replaced('becomes another', (path) => copyFileSync(path.replace('/b/', '/a/'), path)),
  straightReplaced,
  hubFault('drops a connection', ['drop-after-3000000'], ['right']),
  hubFault('drops every connection after some bytes', 'drop-after-3000000', ['right']),
  hubFault('stalls', ['stall-after-3000000'], ['right']),
  hubFault('is busy (429) for a second', ['429-after-1'], ['right']),
  hubFault('is busy (429), as its own headers say', ['429-reset-1', '429-reset-1'], ['right']),
  hubFault('fails once (500)', ['500'], ['right']),
  hubFault('fails twice (503)', ['503', '503'], ['right']),
  hubFault('fails always (503)', '503', ['refused']),
  hubFault('ignores ranges', 'ignore-range', ['refused', 'right']),
  hubFault('has another size', 'wrong-size', ['refused']),
  hubFault('has other bytes', 'wrong-hash', ['refused']),
  hubFault('has another file', 'replaced', ['refused']),
  offline('host', 2000, ['right']),
  offline('host', 20_000, ['refused']),
  offline('browser', 5000, ['right']),
  clock,
];
