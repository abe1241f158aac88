import { cdp, commands } from 'vitest/browser';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { searchModels } from '../../src/search.ts';
import { openCached } from '../../src/source/cached.ts';
import type { HubAccess } from '../../src/source/hub-fetch.ts';
import { openHub } from '../../src/source/hub.ts';
import { createSha256 } from '../../src/tensor/sha256.ts';
import type { Fault } from '../support/hub.ts';
import type { StartedHub } from '../support/hub-commands.ts';
import type { HubCalls } from './hub.worker.ts';
import { clearStorage } from './clear-storage.ts';
import { callsOf } from './worker-call.ts';

/** Three ranges, and not a whole number of anything. */
const largeBytes = 25_000_003;

let hub: StartedHub;
const workers: Worker[] = [];

beforeAll(async () => {
  hub = await commands.startHub({
    'fix/bert': { folder: 'test/fixtures/golden/bert/a' },
    'fix/gated': { folder: 'test/fixtures/golden/bert/a', access: 'gated' },
    'fix/large': { bytes: largeBytes },
  });
});

afterEach(async () => {
  for (const worker of workers.splice(0)) worker.terminate();
  await clearStorage();
  const { complaints } = await commands.takeHubLog(hub.url);
  expect(complaints).toEqual([]);
});

afterAll(() => commands.closeHub(hub.url));

/** Another worker, as another tab would have, with the model open. Nothing is tried twice unless it says so. Calls reject with the error's code and facts. */
async function openTab(id: string, { token, backoffMs = [] }: Omit<HubAccess, 'hubUrl'> = {}) {
  const worker = new Worker(new URL('./hub.worker.ts', import.meta.url), { type: 'module' });
  workers.push(worker);
  const call = callsOf<HubCalls>(worker);
  await call('open', id, hub.commits[id]!, { hubUrl: hub.url, token, backoffMs });
  return { call, stop: () => worker.postMessage({ name: 'stop', inputs: [] }) };
}

async function withFault<T>(key: string, fault: Fault | Fault[], work: () => Promise<T>): Promise<T> {
  await commands.setHubFault(hub.url, key, fault);
  try {
    return await work();
  } finally {
    await commands.setHubFault(hub.url, key, undefined);
  }
}

/** Ranges that reached the second origin since the last look, in the file's order: several are asked for at a time. */
async function takeRanges(): Promise<(string | undefined)[]> {
  const { log } = await commands.takeHubLog(hub.url);
  const ranges = log.filter(({ at }) => at === 'files').map(({ range }) => range);
  return ranges.sort((a, b) => startOf(a) - startOf(b));
}

function startOf(range: string | undefined): number {
  return Number(/^bytes=(\d+)-/.exec(range ?? '')?.[1]);
}

describe('searchModels', () => {
  test('finds models across origins, and sends the token to the Hub alone', async () => {
    const { models, more } = await searchModels('FIX', 2, { hubUrl: hub.url, token: hub.token });
    expect([models.map(({ id, access }) => [id, access]), more]).toEqual([
      [
        ['fix/bert', 'open'],
        ['fix/gated', 'gated'],
      ],
      'yes',
    ]);
    expect(models[0]).toMatchObject({ parameterCount: 33_984, architecture: 'bert', licence: undefined });
    const { log, complaints } = await commands.takeHubLog(hub.url);
    const asked = log.filter(({ method }) => method === 'GET');
    expect(asked.map(({ at, authorization }) => [at, authorization])).toEqual([
      ['hub', `Bearer ${hub.token}`],
    ]);
    expect(complaints).toEqual([]);
  });
});

describe('openInputs', () => {
  const quota = (quotaSize?: number): Promise<void> =>
    (cdp() as unknown as { send(method: string, inputs: object): Promise<void> }).send(
      'Storage.overrideQuotaForOrigin',
      { origin: location.origin, ...(quotaSize === undefined ? {} : { quotaSize }) },
    );
  afterEach(() => quota());

  test('keeps the values where there is room, reads the same straight where the browser says that there is none', async () => {
    const kept = await (await openTab('fix/bert')).call('inputs', 1_140_000, 1_000_000);
    expect(kept).toMatchObject({ way: 'kept', whys: [] });
    await clearStorage();
    const tab = await openTab('fix/bert');
    const straight = await tab.call('inputs', 1_130_000, 1_000_000);
    expect(straight).toEqual({ way: 'straight', whys: ['room-short'], sha256: kept.sha256 });
    expect(await tab.call('cachedBytes', 'model.safetensors')).toBe(0);
  });

  test('goes on straight where a download fills the storage, and gives back what it took', async () => {
    const kept = await (await openTab('fix/bert')).call('inputs', undefined, 0);
    await clearStorage();
    await quota(100_000);
    const tab = await openTab('fix/bert');
    const straight = await tab.call('inputs', undefined, 0);
    expect(straight).toEqual({ way: 'straight', whys: ['storage-full'], sha256: kept.sha256 });
    expect(await tab.call('cachedBytes', 'model.safetensors')).toBe(0);
  });
});

describe('openCached', () => {
  test('fetches a small file once, and has it offline from then on', async () => {
    const tab = await openTab('fix/bert');
    const text = new TextDecoder().decode(await tab.call('read', 'config.json', 0, 1000));
    expect(JSON.parse(text)).toMatchObject({ model_type: 'bert' });
    await withFault('fix/bert/config.json', 'offline', async () => {
      expect(new TextDecoder().decode(await tab.call('read', 'config.json', 0, 1000))).toBe(text);
    });
    expect(await tab.call('cachedBytes', 'config.json')).toBe(570);
  });

  test('reads the head of a checkpoint without fetching it', async () => {
    const tab = await openTab('fix/large');
    expect(await tab.call('read', 'model.safetensors', 4, 8)).toEqual(new Uint8Array([1, 0, 0, 0]));
    expect(await takeRanges()).toEqual(['bytes=4-7']);
    expect(await tab.call('cachedBytes', 'model.safetensors')).toBe(0);
  });

  test('fetches a checkpoint in ranges, says how far it is, and has it offline from then on', async () => {
    const tab = await openTab('fix/large');
    const reports = await tab.call('fetch', 'model.safetensors');
    expect(await takeRanges()).toEqual([
      'bytes=0-8388607',
      'bytes=8388608-16777215',
      `bytes=16777216-${largeBytes - 1}`,
    ]);
    expect(reports[0]).toEqual([0, largeBytes]);
    expect(reports.at(-1)).toEqual([largeBytes, largeBytes]);
    const done = reports.map(([bytes]) => bytes);
    expect(done).toEqual(done.toSorted((a, b) => a - b));
    expect(await tab.call('cachedBytes', 'model.safetensors')).toBe(largeBytes);
    // the first number of the third range: 16,777,216 / 4
    const numbers = await tab.call('read', 'model.safetensors', 16_777_216, 16_777_220);
    expect(numbers).toEqual(new Uint8Array([0, 0, 64, 0]));
    expect(await takeRanges()).toEqual([]);
  });

  test('goes on from where a dropped connection stopped', async () => {
    const tab = await openTab('fix/large');
    await withFault('fix/large/model.safetensors', 'drop-after-5000000', () =>
      expect(tab.call('fetch', 'model.safetensors')).rejects.toMatchObject({ code: 'hub-unreachable' }),
    );
    const part = await tab.call('cachedBytes', 'model.safetensors');
    expect(part).toBeGreaterThan(0);
    expect(part).toBeLessThanOrEqual(5_000_000);
    await takeRanges();

    const reports = await (await openTab('fix/large')).call('fetch', 'model.safetensors');
    expect(reports[0]).toEqual([part, largeBytes]);
    expect((await takeRanges())[0]).toBe(`bytes=${part}-${part + 8_388_608 - 1}`);
    expect(await tab.call('cachedBytes', 'model.safetensors')).toBe(largeBytes);
  });

  test('goes on by itself from each byte at which the connection dropped, within one fetch', async () => {
    const tab = await openTab('fix/large', { backoffMs: [0, 0, 0] });
    await withFault('fix/large/model.safetensors', ['drop-after-5000000', 'drop-after-100'], () =>
      tab.call('fetch', 'model.safetensors'),
    );
    const starts = (await takeRanges()).map(startOf);
    // three ranges, and one more after each drop, whichever it hit
    expect(starts).toEqual(expect.arrayContaining([0, 8_388_608, 16_777_216]));
    expect(starts).toHaveLength(5);
    // the hash was checked on the way
    expect(await tab.call('cachedBytes', 'model.safetensors')).toBe(largeBytes);
  });

  test('never takes a part for the file', async () => {
    const tab = await openTab('fix/bert');
    await withFault('fix/bert/model.safetensors', 'drop-after-100000', () =>
      expect(tab.call('fetch', 'model.safetensors')).rejects.toMatchObject({ code: 'hub-unreachable' }),
    );
    await takeRanges();
    await tab.call('read', 'model.safetensors', 0, 8);
    expect(await takeRanges()).toEqual(['bytes=0-7']);
  });

  test.each(['model.safetensors', 'tokenizer.json'])(
    'refuses %s with a wrong hash and keeps nothing of it',
    async (path) => {
      const tab = await openTab('fix/bert');
      await withFault(`fix/bert/${path}`, 'wrong-hash', () =>
        expect(tab.call('fetch', path)).rejects.toMatchObject({
          code: 'hub-hash-wrong',
          facts: { id: 'fix/bert', file: path },
        }),
      );
      expect(await tab.call('cachedBytes', path)).toBe(0);
      await tab.call('fetch', path);
      expect(await tab.call('cachedBytes', path)).toBeGreaterThan(0);
    },
  );

  test('finds out that a part was spoilt, and starts again the next time', async () => {
    const tab = await openTab('fix/bert');
    await withFault('fix/bert/model.safetensors', 'drop-after-100000', () =>
      expect(tab.call('fetch', 'model.safetensors')).rejects.toBeDefined(),
    );
    const folder = await openFolder('shaker-1', 'hub', 'fix%2Fbert', hub.commits['fix/bert']!);
    const part = await folder.getFileHandle('model.safetensors.part');
    const size = (await part.getFile()).size;
    const writable = await part.createWritable();
    await writable.write(new Uint8Array(size));
    await writable.close();
    await expect(tab.call('fetch', 'model.safetensors')).rejects.toMatchObject({ code: 'hub-hash-wrong' });
    await tab.call('fetch', 'model.safetensors');
    expect(await tab.call('cachedBytes', 'model.safetensors')).toBe(139936);
  });

  test('does not read a stored file of another size than the Hub states', async () => {
    const tab = await openTab('fix/bert');
    await tab.call('fetch', 'config.json');
    const folder = await openFolder('shaker-1', 'hub', 'fix%2Fbert', hub.commits['fix/bert']!);
    const writable = await (await folder.getFileHandle('config.json')).createWritable();
    await writable.close();
    expect((await tab.call('read', 'config.json', 0, 1000))!.byteLength).toBe(570);
  });

  test('fetches a file once for two tabs', async () => {
    const tabs = [await openTab('fix/large'), await openTab('fix/large')];
    await Promise.all(tabs.map(({ call }) => call('fetch', 'model.safetensors')));
    expect(await takeRanges()).toHaveLength(3);
  });

  test('stops within a second, also where nothing comes any more, and keeps the part', async () => {
    const tab = await openTab('fix/large');
    await withFault('fix/large/model.safetensors', 'stall', async () => {
      const fetching = tab.call('fetch', 'model.safetensors');
      setTimeout(tab.stop, 1000);
      const begun = performance.now();
      await expect(fetching).rejects.toMatchObject({ name: 'AbortError' });
      // the second before Stop, and the one that it may take
      expect(performance.now() - begun).toBeLessThan(2000);
    });
    expect(await tab.call('cachedBytes', 'model.safetensors')).toBeGreaterThan(0);
  });

  test('stops waiting for another tab', async () => {
    const [first, second] = [await openTab('fix/large'), await openTab('fix/large')];
    await withFault('fix/large/model.safetensors', 'stall', async () => {
      const fetching = first.call('fetch', 'model.safetensors');
      setTimeout(second.stop, 500);
      await expect(second.call('fetch', 'model.safetensors')).rejects.toMatchObject({ name: 'AbortError' });
      first.stop();
      await expect(fetching).rejects.toMatchObject({ name: 'AbortError' });
    });
  });

  test('sends the token to the Hub, and the browser drops it on the way to the second origin', async () => {
    const tab = await openTab('fix/gated', { token: hub.token });
    await tab.call('fetch', 'model.safetensors');
    await tab.call('fetch', 'config.json');
    const { log } = await commands.takeHubLog(hub.url);
    // no preflight there either: it would be refused, and complained about
    const files = log.filter(({ at }) => at === 'files');
    expect(files).toMatchObject([{ method: 'GET', status: 206 }]);
    expect(files[0]!.authorization).toBeUndefined();
    const told = log.filter(({ at, method }) => at === 'hub' && method === 'GET');
    expect(new Set(told.map(({ authorization }) => authorization))).toEqual(new Set([`Bearer ${hub.token}`]));
  });

  const refusals: readonly (readonly [Fault, string])[] = [
    ['401', 'hub-repository-missing'],
    ['403-gated', 'hub-gated'],
    ['404-repository', 'hub-repository-missing'],
    ['404-revision', 'hub-revision-missing'],
    ['404-file', 'hub-file-missing'],
    ['500', 'hub-status'],
    ['ignore-range', 'hub-range-ignored'],
    ['wrong-size', 'hub-size-wrong'],
    ['offline', 'hub-unreachable'],
  ];
  test.each(refusals)('answers %s with %s, as in Node, and keeps nothing', async (fault, code) => {
    const tab = await openTab('fix/bert');
    await tab.call('cachedBytes', 'config.json');
    for (const path of ['model.safetensors', 'config.json']) {
      await withFault(`fix/bert/${path}`, fault, () =>
        expect(tab.call('fetch', path)).rejects.toMatchObject({ code }),
      );
      expect(await tab.call('cachedBytes', path)).toBe(0);
    }
  });

  test('says that there is no room, and keeps the part', async () => {
    const tab = await openTab('fix/large');
    const session = cdp() as unknown as { send(method: string, inputs: object): Promise<void> };
    await session.send('Storage.overrideQuotaForOrigin', { origin: location.origin, quotaSize: 10_000_000 });
    try {
      await expect(tab.call('fetch', 'model.safetensors')).rejects.toMatchObject({
        code: 'storage-full',
        facts: { file: 'model.safetensors' },
      });
    } finally {
      await session.send('Storage.overrideQuotaForOrigin', { origin: location.origin });
    }
    expect(await tab.call('cachedBytes', 'model.safetensors')).toBeGreaterThan(0);
    await tab.call('fetch', 'model.safetensors');
  });

  test('says where files cannot be written', async () => {
    const commit = hub.commits['fix/bert']!;
    const source = openCached(openHub({ id: 'fix/bert', commit }, { hubUrl: hub.url }), createSha256);
    await expect(source.fetchFile('config.json')).rejects.toMatchObject({
      code: 'storage-unavailable',
      facts: { why: 'files can be written in dedicated workers only' },
    });
  });

  test('names a file that the model does not have', async () => {
    const tab = await openTab('fix/bert');
    expect(await tab.call('read', 'none.json', 0, 1)).toBeUndefined();
    await expect(tab.call('fetch', 'none.json')).rejects.toMatchObject({
      code: 'hub-file-missing',
      facts: { id: 'fix/bert', file: 'none.json' },
    });
  });
});

async function openFolder(...names: readonly string[]): Promise<FileSystemDirectoryHandle> {
  let folder = await navigator.storage.getDirectory();
  for (const name of names) folder = await folder.getDirectoryHandle(name);
  return folder;
}
