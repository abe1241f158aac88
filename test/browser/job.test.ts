import { afterEach, describe, expect, test } from 'vitest';
import { createJob } from '../../src/job/folder.ts';
import { offerLock } from '../../src/job/offered.ts';
import type { JobCalls } from './job.worker.ts';
import { clearStorage } from './clear-storage.ts';
import { callsOf } from './worker-call.ts';

const workers: Worker[] = [];

/** Another worker, as another tab would have. Calls reject with the error's code and facts. */
function startWorker() {
  const worker = new Worker(new URL('./job.worker.ts', import.meta.url), { type: 'module' });
  workers.push(worker);
  const call = callsOf<JobCalls>(worker);
  return { call, stop: () => worker.terminate() };
}

async function jobFolder(): Promise<FileSystemDirectoryHandle> {
  const root = await navigator.storage.getDirectory();
  return (await root.getDirectoryHandle('shaker-1', { create: true })).getDirectoryHandle('jobs', {
    create: true,
  });
}

async function jobNames(): Promise<string[]> {
  const names: string[] = [];
  for await (const name of (await jobFolder()).keys()) names.push(name);
  return names;
}

afterEach(async () => {
  for (const worker of workers.splice(0)) worker.terminate();
  await clearStorage();
});

describe('JobFolder', () => {
  test('reads back what was written, also in folders', async () => {
    const { call } = startWorker();
    const id = await call('create');
    await call('write', id, '1_Pooling/config.json', 3, 2);
    expect(await call('read', id, '1_Pooling/config.json')).toEqual([0, 0, 1, 1, 2, 2]);
  });

  test('writes over an earlier file and keeps nothing of it', async () => {
    const { call } = startWorker();
    const id = await call('create');
    await call('write', id, 'a', 3, 2);
    await call('write', id, 'a', 1, 1);
    expect(await call('read', id, 'a')).toEqual([0]);
  });

  test('removes a file whose stream is aborted', async () => {
    const { call } = startWorker();
    const id = await call('create');
    await call('begin', id, 'model.safetensors');
    await call('abort', 'model.safetensors');
    await expect(call('read', id, 'model.safetensors')).rejects.toEqual({
      code: 'output-missing',
      facts: { job: id },
    });
  });

  test('refuses a path that leaves the job', async () => {
    const { call } = startWorker();
    const id = await call('create');
    await expect(call('write', id, '../complete', 1, 1)).rejects.toContain('TypeError');
  });

  // the test browser's profile lies in memory, where no quota is enforced: the fault is put in by hand
  test.each(['throws', 'takes nothing'] as const)(
    'says which file did not fit when a full disk %s, and removes it',
    async (answer) => {
      const { call } = startWorker();
      const id = await call('create');
      await call('fillDisk', answer);
      const written = call('write', id, 'model.safetensors', 2, 8);
      await expect(written).rejects.toEqual({ code: 'storage-full', facts: { file: 'model.safetensors' } });
      await expect(call('read', id, 'model.safetensors')).rejects.toMatchObject({ code: 'output-missing' });
    },
  );

  test('says that a page cannot write, and leaves nothing', async () => {
    await expect(createJob('mixture')).rejects.toMatchObject({ code: 'storage-unavailable' });
    expect(await jobNames()).toEqual([]);
  });

  test('removes itself while a stream is still open', async () => {
    const { call } = startWorker();
    const id = await call('create');
    await call('begin', id, 'model.safetensors');
    await call('remove', id);
    expect(await jobNames()).toEqual([]);
  });
});

describe('complete', () => {
  const file = { path: 'a', bytes: 4, sha256: '00' };

  test('makes a job count, for every worker', async () => {
    const { call } = startWorker();
    const id = await call('create');
    await call('write', id, 'a', 1, 4);
    await call('complete', id, [file]);
    const other = startWorker();
    expect((await other.call('listJobs', [])).outputs).toMatchObject([{ job: id, name: 'mixture' }]);
    expect(await other.call('readComplete', id)).toEqual({
      name: 'mixture',
      madeMs: expect.any(Number) as number,
      files: [file],
      proof: { checks: [] },
    });
    expect(await other.call('read', id, 'a')).toEqual([0, 0, 0, 0]);
  });

  test('refuses a file that is shorter than stated', async () => {
    const { call } = startWorker();
    const id = await call('create');
    await call('write', id, 'a', 1, 3);
    const facts = { file: 'a', why: '3 bytes on disk, 4 written' };
    await expect(call('complete', id, [file])).rejects.toEqual({ code: 'output-damaged', facts });
    expect((await call('listJobs', [])).outputs).toEqual([]);
  });

  test('refuses a file that is not there', async () => {
    const { call } = startWorker();
    const id = await call('create');
    await expect(call('complete', id, [file])).rejects.toMatchObject({ code: 'output-missing' });
  });
});

describe('openJob', () => {
  test.each([
    ['no job has', crypto.randomUUID()],
    ['no folder can have', '..'],
    ['is empty', ''],
  ])('refuses an id that %s', async (_, id) => {
    const { call } = startWorker();
    await expect(call('readComplete', id)).rejects.toEqual({ code: 'output-missing', facts: { job: id } });
  });

  test('refuses a job that is being written', async () => {
    const { call } = startWorker();
    const id = await call('create');
    await call('write', id, 'a', 1, 4);
    await expect(call('readComplete', id)).rejects.toMatchObject({ code: 'output-missing' });
  });

  test.each([
    ['is cut short', '{"version":2,"fi'],
    ['is empty', ''],
    ['is of another layout', '{"version":1,"files":[]}'],
    ['says nothing', 'null'],
  ])('refuses a job whose marker %s', async (_, text) => {
    const folder = await (await jobFolder()).getDirectoryHandle('torn', { create: true });
    const marker = await (await folder.getFileHandle('complete', { create: true })).createWritable();
    await marker.write(text);
    await marker.close();
    const { call } = startWorker();
    await expect(call('readComplete', 'torn')).rejects.toMatchObject({ code: 'output-missing' });
    expect((await call('listJobs', [])).outputs).toEqual([]);
  });
});

/** A finished job of one file, of 4 bytes. */
async function finish(call: ReturnType<typeof startWorker>['call']): Promise<string> {
  const id = await call('create');
  await call('write', id, 'a', 1, 4);
  await call('complete', id, [{ path: 'a', bytes: 4, sha256: '00' }]);
  return id;
}

/** What lies in a job's folder on disk, markers included. */
async function bytesOf(id: string): Promise<number> {
  const measure = async (folder: FileSystemDirectoryHandle): Promise<number> => {
    let bytes = 0;
    for await (const handle of folder.values()) {
      bytes +=
        handle.kind === 'directory'
          ? await measure(handle as FileSystemDirectoryHandle)
          : (await (handle as FileSystemFileHandle).getFile()).size;
    }
    return bytes;
  };
  return measure(await (await jobFolder()).getDirectoryHandle(id));
}

describe('listJobs', () => {
  test('says of a finished job what it is and what it takes, a packed zip included', async () => {
    const { call } = startWorker();
    const id = await finish(call);
    await call('write', id, 'mixture.zip', 1, 1000);
    const { outputs, unfinished } = await call('listJobs', []);
    expect(outputs).toEqual([
      {
        job: id,
        name: 'mixture',
        madeMs: expect.any(Number) as number,
        files: [{ path: 'a', bytes: 4, sha256: '00' }],
        bytes: await bytesOf(id),
        use: 'free',
        proof: { checks: [] },
      },
    ]);
    expect(outputs[0]!.bytes).toBeGreaterThan(1004);
    expect(unfinished).toEqual([]);
  });

  test('keeps what a crashed worker left, as unfinished and free', async () => {
    const crashing = startWorker();
    const id = await crashing.call('create');
    await crashing.call('begin', id, 'model.safetensors');
    const { call } = startWorker();
    expect((await call('listJobs', [])).unfinished).toMatchObject([
      { job: id, name: 'mixture', use: 'in-use' },
    ]);
    crashing.stop();
    // a lock is given back soon after its worker's end, not at once
    await expect.poll(async () => (await call('listJobs', [])).unfinished[0]?.use).toBe('free');
    expect((await call('listJobs', [])).outputs).toEqual([]);
    expect((await call('listJobs', [])).unfinished[0]!.bytes).toBe(await bytesOf(id));
  });

  test('counts a job whose marker is torn as unfinished, from its newest file if it does not say when it began', async () => {
    const folder = await (await jobFolder()).getDirectoryHandle('torn', { create: true });
    for (const name of ['begun', 'complete']) {
      const marker = await (await folder.getFileHandle(name, { create: true })).createWritable();
      await marker.write('{"version":2,"na');
      await marker.close();
    }
    const changedMs = (await (await folder.getFileHandle('complete')).getFile()).lastModified;
    const { call } = startWorker();
    expect((await call('listJobs', [])).unfinished).toEqual([
      { job: 'torn', name: '', beganMs: changedMs, bytes: 32, use: 'free' },
    ]);
  });

  test('says which outputs another page offers', async () => {
    const { call } = startWorker();
    const id = await finish(call);
    const useOf = async (offeredHere: readonly string[]) =>
      (await call('listJobs', offeredHere)).outputs[0]!.use;
    const shared = { mode: 'shared' } as const;
    await navigator.locks.request(offerLock(id), shared, async () => {
      expect(await useOf([])).toBe('in-use');
      expect(await useOf([id])).toBe('free');
      await navigator.locks.request(offerLock(id), shared, async () => {
        expect(await useOf([id])).toBe('in-use');
      });
    });
    expect(await useOf([])).toBe('free');
  });
});

describe('removeKeptJob', () => {
  test('deletes a finished job and an unfinished one, and nothing else', async () => {
    const crashing = startWorker();
    const left = await crashing.call('create');
    await crashing.call('begin', left, 'model.safetensors');
    crashing.stop();
    const { call } = startWorker();
    const [gone, stays] = [await finish(call), await finish(call)];
    await call('removeKeptJob', gone, 'mixture');
    await expect.poll(() => call('removeKeptJob', left, 'mixture').then(() => 'gone', String)).toBe('gone');
    expect(await jobNames()).toEqual([stays]);
    expect(await call('read', stays, 'a')).toEqual([0, 0, 0, 0]);
  });

  const inUse = { code: 'kept-in-use', facts: { name: 'mixture' } };

  test('refuses a job that is being written', async () => {
    const writing = startWorker();
    const id = await writing.call('create');
    await writing.call('begin', id, 'model.safetensors');
    const { call } = startWorker();
    await expect(call('removeKeptJob', id, 'mixture')).rejects.toEqual(inUse);
    expect(await jobNames()).toEqual([id]);
  });

  test('refuses an output that a page offers', async () => {
    const { call } = startWorker();
    const id = await finish(call);
    await navigator.locks.request(offerLock(id), { mode: 'shared' }, () =>
      expect(call('removeKeptJob', id, 'mixture')).rejects.toEqual(inUse),
    );
    expect(await jobNames()).toEqual([id]);
  });

  test('is content with a job that is gone already', async () => {
    const { call } = startWorker();
    await call('removeKeptJob', crypto.randomUUID(), 'mixture');
    expect(await jobNames()).toEqual([]);
  });
});

describe('discardPacked', () => {
  const hours = 2 * 3_600_000;

  test('takes away a zip whose page is long gone, and nothing of the output', async () => {
    const { call } = startWorker();
    const id = await finish(call);
    const bytes = await bytesOf(id);
    await call('write', id, 'mixture.zip', 1, 1000);
    await call('discardPacked');
    expect(await bytesOf(id)).toBe(bytes + 1000);
    await call('wait', hours);
    await call('discardPacked');
    expect(await bytesOf(id)).toBe(bytes);
    expect(await call('readComplete', id)).toMatchObject({ name: 'mixture' });
  });

  test('leaves the zip of an output that a page offers, and unfinished jobs', async () => {
    const { call } = startWorker();
    const id = await finish(call);
    await call('write', id, 'mixture.zip', 1, 1000);
    const writing = await call('create');
    await call('write', writing, 'model.safetensors', 1, 1000);
    const before = [await bytesOf(id), await bytesOf(writing)];
    await call('wait', hours);
    await navigator.locks.request(offerLock(id), { mode: 'shared' }, () => call('discardPacked'));
    expect([await bytesOf(id), await bytesOf(writing)]).toEqual(before);
  });
});
