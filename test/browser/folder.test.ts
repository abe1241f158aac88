import { cdp } from 'vitest/browser';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeFolder, removeFolder, type FolderEntry } from '../../src/export/folder.ts';
import { createSha256 } from '../../src/tensor/sha256.ts';
import type { Fault, FolderCalls } from './folder.worker.ts';
import { callsOf } from './worker-call.ts';

/** Two pieces and a half, and not a whole number of anything. */
const largeBytes = 20_000_003;

let picked: FileSystemDirectoryHandle;
const workers: Worker[] = [];

beforeEach(async () => {
  const root = await navigator.storage.getDirectory();
  picked = await root.getDirectoryHandle('picked', { create: true });
});

afterEach(async () => {
  for (const worker of workers.splice(0)) worker.terminate();
  const root = await navigator.storage.getDirectory();
  // a worker that was ended lets go of its files soon, not at once
  await expect
    .poll(() => root.removeEntry('picked', { recursive: true }).then(() => 'gone', String))
    .toBe('gone');
});

function startWorker() {
  const worker = new Worker(new URL('./folder.worker.ts', import.meta.url), { type: 'module' });
  workers.push(worker);
  return { worker, call: callsOf<FolderCalls>(worker) };
}

function save(entries: readonly FolderEntry[], folder: FileSystemDirectoryHandle, fault?: Fault) {
  return startWorker().call('save', entries, folder, fault);
}

async function entryOf(path: string, bytes: number, fill: number): Promise<FolderEntry> {
  const content = new Uint8Array(bytes).fill(fill);
  const hash = await createSha256();
  hash.update(content);
  return { path, bytes, sha256: hash.digestHex(), file: new File([content], path) };
}

async function entries(): Promise<readonly FolderEntry[]> {
  return [
    await entryOf('empty.txt', 0, 0),
    await entryOf('1_Pooling/config.json', 300, 1),
    await entryOf('model.safetensors', largeBytes, 2),
  ];
}

/** Path to size of what lies in a folder. */
async function sizesIn(folder: FileSystemDirectoryHandle, prefix = ''): Promise<Record<string, number>> {
  const sizes: Record<string, number> = {};
  for await (const [name, handle] of folder.entries()) {
    if (handle.kind === 'directory') {
      Object.assign(sizes, await sizesIn(handle as FileSystemDirectoryHandle, `${prefix}${name}/`));
    } else {
      sizes[`${prefix}${name}`] = (await (handle as FileSystemFileHandle).getFile()).size;
    }
  }
  return sizes;
}

describe('makeFolder', () => {
  test('takes the name, and the next number where a folder or a file has it', async () => {
    expect((await makeFolder(picked, 'mixture')).name).toBe('mixture');
    expect((await makeFolder(picked, 'mixture')).name).toBe('mixture-2');
    await picked.getFileHandle('mixture-3', { create: true });
    expect((await makeFolder(picked, 'mixture')).name).toBe('mixture-4');
  });

  test('says that the folder is gone', async () => {
    const gone = await picked.getDirectoryHandle('gone', { create: true });
    await picked.removeEntry('gone');
    await expect(makeFolder(gone, 'mixture')).rejects.toMatchObject({
      code: 'folder-gone',
      facts: { folder: 'gone' },
    });
  });
});

describe('writeFiles', () => {
  test('writes every file, also in folders, in the order given, and reads each back', async () => {
    const folder = await makeFolder(picked, 'mixture');
    const reports = await save(await entries(), folder);
    expect(await sizesIn(folder)).toEqual({
      'empty.txt': 0,
      '1_Pooling/config.json': 300,
      'model.safetensors': largeBytes,
    });
    const total = largeBytes + 300;
    const steps = reports.map(({ stage, subject, done }) => `${stage} ${subject} ${done}`);
    expect(steps).toEqual(
      ['save', 'check'].flatMap((stage) => [
        `${stage} 1_Pooling/config.json 300`,
        `${stage} model.safetensors ${300 + 8_388_608}`,
        `${stage} model.safetensors ${300 + 16_777_216}`,
        `${stage} model.safetensors ${total}`,
      ]),
    );
    expect(reports.every((progress) => progress.total === total && progress.unit === 'bytes')).toBe(true);
  });

  // half way through the second piece of the checkpoint
  const afterBytes = 12_000_000;
  const failures: readonly (readonly [Fault['what'], object])[] = [
    ['denied', { code: 'folder-denied', facts: { folder: 'mixture' } }],
    ['gone', { code: 'folder-gone', facts: { folder: 'mixture' } }],
    ['stopped', { name: 'AbortError' }],
  ];
  test.each(failures)(
    '%s in the middle ends it, and leaves no checkpoint that has bytes',
    async (what, error) => {
      const folder = await makeFolder(picked, 'mixture');
      await expect(save(await entries(), folder, { afterBytes, what })).rejects.toMatchObject(error);
      expect(await sizesIn(folder)).toEqual({
        'empty.txt': 0,
        '1_Pooling/config.json': 300,
        'model.safetensors': 0,
      });
      expect(await removeFolder(picked, 'mixture')).toBe('removed');
      expect(await sizesIn(picked)).toEqual({});
    },
  );

  test('says which file came back otherwise than it was written', async () => {
    const folder = await makeFolder(picked, 'mixture');
    await expect(save(await entries(), folder, { afterBytes, what: 'flipped' })).rejects.toMatchObject({
      code: 'folder-damaged',
      facts: {
        folder: 'mixture',
        file: 'model.safetensors',
        why: expect.stringContaining('SHA-256') as string,
      },
    });
  });

  test('says which file does not fit on a full disk', async () => {
    const folder = await makeFolder(picked, 'mixture');
    const session = cdp() as unknown as { send(method: string, inputs: object): Promise<void> };
    const { usage = 0 } = await navigator.storage.estimate();
    const quotaSize = usage + 10_000_000;
    await session.send('Storage.overrideQuotaForOrigin', { origin: location.origin, quotaSize });
    try {
      await expect(save(await entries(), folder)).rejects.toMatchObject({
        code: 'folder-full',
        facts: { folder: 'mixture', file: 'model.safetensors' },
      });
    } finally {
      await session.send('Storage.overrideQuotaForOrigin', { origin: location.origin });
    }
    expect(await sizesIn(folder)).toMatchObject({ 'model.safetensors': 0 });
  });

  test('says that something in the folder was removed before it was read back', async () => {
    const folder = await makeFolder(picked, 'mixture');
    await picked.removeEntry('mixture');
    await expect(save(await entries(), folder)).rejects.toMatchObject({ code: 'folder-gone' });
  });
});

describe('removeFolder', () => {
  test('waits until a worker that was ended has let go of its files', async () => {
    const folder = await makeFolder(picked, 'mixture');
    const { worker, call } = startWorker();
    const stalled = new Promise((resolve) => worker.addEventListener('message', resolve, { once: true }));
    void call('save', await entries(), folder, { afterBytes: 12_000_000, what: 'stalled' });
    await stalled;
    worker.terminate();
    expect(await removeFolder(picked, 'mixture')).toBe('removed');
    expect(await sizesIn(picked)).toEqual({});
  });

  test('says that a folder in use is left', async () => {
    const folder = await makeFolder(picked, 'mixture');
    const writable = await (await folder.getFileHandle('a', { create: true })).createWritable();
    expect(await removeFolder(picked, 'mixture')).toBe('left');
    await writable.abort();
    expect(await removeFolder(picked, 'mixture')).toBe('removed');
  });

  test('is content with a folder that is gone', async () => {
    expect(await removeFolder(picked, 'mixture')).toBe('removed');
  });
});
