import { commands } from 'vitest/browser';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { modelLock } from '../../src/source/opfs.ts';
import { listStored, removeStoredModel } from '../../src/source/stored.ts';
import type { StartedHub } from '../support/hub-commands.ts';
import type { HubCalls } from './hub.worker.ts';
import { clearStorage } from './clear-storage.ts';
import { callsOf } from './worker-call.ts';

const largeBytes = 25_000_003;

let hub: StartedHub;
const workers: Worker[] = [];

beforeAll(async () => {
  hub = await commands.startHub({
    'fix/bert': { folder: 'test/fixtures/golden/bert/a' },
    'fix/shards': { folder: 'test/fixtures/golden/roberta/a' },
    'fix/large': { bytes: largeBytes },
  });
});

afterEach(async () => {
  for (const worker of workers.splice(0)) worker.terminate();
  await clearStorage();
});

afterAll(() => commands.closeHub(hub.url));

/** Another worker, as another tab would have, with the model open. */
async function openTab(id: string) {
  const worker = new Worker(new URL('./hub.worker.ts', import.meta.url), { type: 'module' });
  workers.push(worker);
  const call = callsOf<HubCalls>(worker);
  await call('open', id, hub.commits[id]!, { hubUrl: hub.url });
  return { call, stop: () => worker.postMessage({ name: 'stop', inputs: [] }) };
}

function commitOf(id: string): string {
  return hub.commits[id]!;
}

const shards = [1, 2, 3].map((n) => `model-0000${n}-of-00003.safetensors`);

describe('listStored', () => {
  test('is empty where nothing was fetched', async () => {
    expect(await listStored()).toEqual([]);
  });

  test('tells small files from a checkpoint, and counts every byte', async () => {
    const tab = await openTab('fix/bert');
    await tab.call('fetch', 'config.json');
    const model = { id: 'fix/bert', commit: commitOf('fix/bert'), use: 'free' };
    expect(await listStored()).toEqual([{ ...model, bytes: 570, checkpointBytes: 0, holds: 'small-files' }]);
    await tab.call('fetch', 'model.safetensors');
    expect(await listStored()).toEqual([
      { ...model, bytes: 570 + 139_936, checkpointBytes: 139_936, holds: 'checkpoint' },
    ]);
  });

  test('counts a part as far as it came', async () => {
    const tab = await openTab('fix/large');
    // each of three ranges is asked for four times in vain
    const vain = Array.from({ length: 12 }, () => 'drop-after-0' as const);
    await commands.setHubFault(hub.url, 'fix/large/model.safetensors', ['drop-after-2000000', ...vain]);
    await expect(tab.call('fetch', 'model.safetensors')).rejects.toMatchObject({ code: 'hub-unreachable' });
    await commands.setHubFault(hub.url, 'fix/large/model.safetensors', undefined);
    const bytes = await tab.call('cachedBytes', 'model.safetensors');
    expect(bytes).toBeGreaterThan(0);
    expect(await listStored()).toMatchObject([{ bytes, checkpointBytes: bytes, holds: 'part' }]);
  });

  test('calls a checkpoint whole when every shard is there', async () => {
    const tab = await openTab('fix/shards');
    await tab.call('fetch', 'model.safetensors.index.json');
    expect((await listStored())[0]!.holds).toBe('small-files');
    for (const shard of shards) {
      await tab.call('fetch', shard);
      expect((await listStored())[0]!.holds).toBe(shard === shards.at(-1) ? 'checkpoint' : 'part');
    }
  });

  test('says that a model is in use while it is fetched', async () => {
    const tab = await openTab('fix/large');
    await commands.setHubFault(hub.url, 'fix/large/model.safetensors', 'stall');
    const fetching = tab.call('fetch', 'model.safetensors');
    await expect.poll(async () => (await listStored())[0]?.use).toBe('in-use');
    tab.stop();
    await expect(fetching).rejects.toMatchObject({ name: 'AbortError' });
    await commands.setHubFault(hub.url, 'fix/large/model.safetensors', undefined);
    await expect.poll(async () => (await listStored())[0]?.use).toBe('free');
  });
});

describe('removeStoredModel', () => {
  test('deletes one model and leaves the others, and it can be fetched again', async () => {
    const [bert, large] = [await openTab('fix/bert'), await openTab('fix/large')];
    await bert.call('fetch', 'config.json');
    await bert.call('fetch', '1_Pooling/config.json');
    await large.call('fetch', 'model.safetensors');
    await removeStoredModel('fix/bert', commitOf('fix/bert'));
    expect(await listStored()).toMatchObject([{ id: 'fix/large', bytes: largeBytes }]);
    expect(await bert.call('cachedBytes', 'config.json')).toBe(0);
    await bert.call('fetch', 'config.json');
    expect((await listStored()).map(({ id }) => id)).toEqual(['fix/bert', 'fix/large']);
  });

  test('leaves no folder behind', async () => {
    await (await openTab('fix/bert')).call('fetch', 'config.json');
    await removeStoredModel('fix/bert', commitOf('fix/bert'));
    const root = await navigator.storage.getDirectory();
    const folder = await (await root.getDirectoryHandle('shaker-1')).getDirectoryHandle('hub');
    const names: string[] = [];
    for await (const name of folder.keys()) names.push(name);
    expect(names).toEqual([]);
  });

  test('refuses a model that is being fetched, and one that is read', async () => {
    const commit = commitOf('fix/large');
    const refused = { code: 'kept-in-use', facts: { name: 'fix/large' } };
    const tab = await openTab('fix/large');
    await commands.setHubFault(hub.url, 'fix/large/model.safetensors', 'stall');
    const fetching = tab.call('fetch', 'model.safetensors');
    await expect.poll(async () => (await listStored())[0]?.use).toBe('in-use');
    await expect(removeStoredModel('fix/large', commit)).rejects.toMatchObject(refused);
    tab.stop();
    await expect(fetching).rejects.toMatchObject({ name: 'AbortError' });
    await commands.setHubFault(hub.url, 'fix/large/model.safetensors', undefined);
    await navigator.locks.request(modelLock('fix/large', commit), { mode: 'shared' }, () =>
      expect(removeStoredModel('fix/large', commit)).rejects.toMatchObject(refused),
    );
    expect(await listStored()).toHaveLength(1);
  });

  test('is content with a model that is gone already', async () => {
    await removeStoredModel('fix/bert', commitOf('fix/bert'));
    expect(await listStored()).toEqual([]);
  });
});
