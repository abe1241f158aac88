import { afterEach, describe, expect, test } from 'vitest';
import { createJob } from '../../src/job/folder.ts';
import { offerLock } from '../../src/job/offered.ts';
import type { JobCalls } from './job.worker.ts';
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
  await (
    await navigator.storage.getDirectory()
  )
    .removeEntry('shaker-1', { recursive: true })
    .catch(() => undefined);
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

  test('says that a page cannot write', async () => {
    const job = await createJob();
    await expect(job.writable('a')).rejects.toMatchObject({ code: 'storage-unavailable' });
    await job.remove();
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
    expect(await other.call('listComplete')).toEqual([id]);
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
    expect(await call('listComplete')).toEqual([]);
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
    expect(await call('listComplete')).toEqual([]);
  });
});

describe('discardUnfinished', () => {
  test('removes what a crashed worker left', async () => {
    const crashing = startWorker();
    const id = await crashing.call('create');
    await crashing.call('begin', id, 'model.safetensors');
    crashing.stop();
    const { call } = startWorker();
    // a lock is given back soon after its worker's end, not at once
    await expect.poll(() => call('discardUnfinished')).toBe(1);
    expect(await jobNames()).toEqual([]);
  });

  test('keeps jobs that are being written and jobs that are complete', async () => {
    const writing = startWorker();
    const open = await writing.call('create');
    const done = await writing.call('create');
    await writing.call('complete', done, []);
    const { call } = startWorker();
    expect(await call('discardUnfinished')).toBe(0);
    expect((await jobNames()).sort()).toEqual([open, done].sort());
  });
});

describe('discardAbandoned', () => {
  const file = { path: 'a', bytes: 4, sha256: '00' };
  const hour = 3_600_000;

  async function finish(call: ReturnType<typeof startWorker>['call']): Promise<string> {
    const id = await call('create');
    await call('write', id, 'a', 1, 4);
    await call('complete', id, [file]);
    return id;
  }

  test('removes a finished job that no page offers any more', async () => {
    const { call } = startWorker();
    await finish(call);
    await call('wait', hour);
    await call('discardAbandoned');
    expect(await jobNames()).toEqual([]);
  });

  test('keeps a finished job that a page offers', async () => {
    const { call } = startWorker();
    const id = await finish(call);
    await call('wait', hour);
    await navigator.locks.request(offerLock(id), () => call('discardAbandoned'));
    expect(await jobNames()).toEqual([id]);
  });

  test('keeps a job that finished this moment: its page has yet to offer it', async () => {
    const { call } = startWorker();
    const id = await finish(call);
    await call('discardAbandoned');
    expect(await jobNames()).toEqual([id]);
  });
});
