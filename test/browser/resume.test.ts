/** Mixtures that are cut short in real workers on real files, and gone on with: the end is the same, byte for byte. */
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { MergeJob, Output } from '../../src/pour.ts';
import type { Progress } from '../../src/progress.ts';
import type { ModelRef } from '../../src/source/source.ts';
import { openClient, type Client, type Watch } from '../../src/worker/client.ts';
import { clearStorage } from './clear-storage.ts';
import type { Failing } from './failing.worker.ts';
import failingUrl from './failing.worker.ts?worker&url';
import { makeLargeModel, tensorBytes } from './large-model.ts';

const tensorCount = 5;

const workers: ListedWorker[] = [];
/** Messages to workers of this name wait here. */
let held: { readonly name: string; readonly messages: (() => void)[] } | undefined;

/** All workers are of the kind that can be told to fail. */
class ListedWorker extends Worker {
  readonly name: string;

  constructor(_: string | URL, options: WorkerOptions) {
    super(failingUrl, options);
    this.name = options.name ?? '';
    workers.push(this);
  }

  override postMessage(message: unknown, transfer?: Transferable[] | StructuredSerializeOptions): void {
    const send = (): void => super.postMessage(message, transfer as StructuredSerializeOptions);
    if (held?.name === this.name) held.messages.push(send);
    else send();
  }
}

vi.stubGlobal('Worker', ListedWorker);
afterAll(() => void vi.unstubAllGlobals());

let models: readonly ModelRef[];
/** One for all tests: starting its workers takes longer than all that they do. */
let client: Client;
/** Of model.safetensors, when nothing happens. */
let undisturbed: string;
beforeAll(async () => {
  models = [makeLargeModel('a', 1, tensorCount), makeLargeModel('b', 2, tensorCount)];
  client = openClient();
  undisturbed = hashOf(await merge());
  await clearStorage();
});
afterEach(clearStorage);
afterAll(() => {
  for (const worker of workers) worker.terminate();
});

function merge(job: Partial<MergeJob> = {}, watch: Watch = {}, by = client): Promise<Output> {
  return by.merge({ models, weights: [0.25, 0.75], dtype: 'BF16', ...job }, watch, { device: 'cpu' });
}

function hashOf({ files }: Output): string {
  return files.find(({ path }) => path === 'model.safetensors')?.sha256 ?? '';
}

/** Mixes, until the worker of this name fails. */
function mergeFailing(name: string, how: Failing, watch: Watch = {}): Promise<Output> {
  workers.findLast((worker) => worker.name === name)?.postMessage({ failing: how });
  return merge({}, watch);
}

async function openJobs(): Promise<FileSystemDirectoryHandle> {
  const root = await navigator.storage.getDirectory();
  return (await root.getDirectoryHandle('shaker-1')).getDirectoryHandle('jobs');
}

async function jobNames(): Promise<readonly string[]> {
  const names: string[] = [];
  for await (const name of (await openJobs()).keys()) names.push(name);
  return names;
}

/** Cuts a mixture short after three chunks, and returns its job. */
async function cutShort(): Promise<string> {
  await expect(mergeFailing('files', 'lost')).rejects.toMatchObject({
    code: 'storage-unavailable',
  });
  const [job, ...others] = await jobNames();
  expect(others).toEqual([]);
  return job!;
}

/** Rewrites a file of a job. */
async function change(
  job: string,
  path: readonly string[],
  by: (bytes: Uint8Array<ArrayBuffer>) => BlobPart,
) {
  let folder = await (await openJobs()).getDirectoryHandle(job);
  for (const name of path.slice(0, -1)) folder = await folder.getDirectoryHandle(name);
  const handle = await folder.getFileHandle(path.at(-1)!);
  // the worker's own handle is given back soon after its end, not at once
  const stream = await vi.waitFor(() => handle.createWritable(), { timeout: 5000 });
  await stream.write(by(new Uint8Array(await (await handle.getFile()).arrayBuffer())));
  await stream.close();
}

function changeJournal(job: string, by: (lines: readonly string[]) => string): Promise<void> {
  return change(job, ['journal'], (bytes) => by(new TextDecoder().decode(bytes).split('\n').slice(0, -1)));
}

function join(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}

/** The header is one, each tensor another. */
function continuedChunks({ continuedBytes }: Output): number {
  return Math.ceil(continuedBytes / tensorBytes);
}

describe('a mixture that was cut short', () => {
  test.each([
    ['files', 'dies', 'engine-died'],
    ['files', 'lost', 'storage-unavailable'],
    ['proof', 'dies', 'engine-died'],
    ['proof', 'lost', 'storage-unavailable'],
  ] as const)('by the worker %s, which %s, goes on from its last whole chunk', async (name, how, code) => {
    await expect(mergeFailing(name, how)).rejects.toMatchObject({ code });
    const output = await merge();
    expect(hashOf(output)).toBe(undisturbed);
    expect(continuedChunks(output)).toBeGreaterThanOrEqual(3);
    expect(await jobNames()).toEqual([output.job]);
  });

  test.each(['files', 'proof'])(
    'by the end of the worker %s, of which nobody is told, can be stopped, and the next one is whole',
    async (name) => {
      const controller = new AbortController();
      const failed = new BroadcastChannel('failing');
      failed.onmessage = () => controller.abort();
      const merging = mergeFailing(name, 'hangs', { signal: controller.signal });
      await expect(merging).rejects.toMatchObject({ name: 'AbortError' });
      failed.close();
      expect(hashOf(await merge())).toBe(undisturbed);
    },
  );

  test.each([
    ['whose note is of other bytes', 1, (lines: readonly string[]) => join(lines.with(2, lines[1]!))],
    ['whose note was torn', 1, (lines: readonly string[]) => join(lines.slice(0, 3)).slice(0, -5)],
    [
      'where the journal is of another version',
      0,
      (lines: readonly string[]) => join(lines).replace('"version":1', '"version":2'),
    ],
  ])('does a chunk again %s', async (_, chunkCount, lie) => {
    const job = await cutShort();
    await changeJournal(job, lie);
    const output = await merge();
    expect(continuedChunks(output)).toBe(chunkCount);
    expect(hashOf(output)).toBe(undisturbed);
  });

  test('does a chunk again that is not what its note says', async () => {
    const job = await cutShort();
    await change(job, ['output', 'model.safetensors'], (bytes) => {
      bytes[1.5 * tensorBytes]! ^= 1;
      return bytes;
    });
    const output = await merge();
    expect(continuedChunks(output)).toBe(2);
    expect(hashOf(output)).toBe(undisturbed);
  });

  test('is not what another weight asks for, nor the same files once one of them was changed', async () => {
    const job = await cutShort();
    const other = await merge({ weights: [0.5, 0.5] });
    const [a, b] = models as readonly [ModelRef, ModelRef];
    if (b.kind !== 'local') throw new Error('not a local model');
    const later = b.files.map(({ path, file }) => {
      return { path, file: new File([file], path, { lastModified: 1 }) };
    });
    const changed = await merge({ models: [a, { ...b, files: later }] });
    expect([other, changed].map(({ continuedBytes }) => continuedBytes)).toEqual([0, 0]);
    expect(hashOf(other)).not.toBe(undisturbed);
    expect([...(await jobNames())].sort()).toEqual([job, other.job, changed.job].sort());
  });
});

describe('two tabs', () => {
  test('on the same mixture: the second is told of the first, which ends as if alone', async () => {
    // nobody tells the first one what its models are, when all is written
    held = { name: 'scoring', messages: [] };
    const { messages } = held;
    let first: Promise<Output> | undefined;
    await new Promise<void>((written) => {
      const report = ({ stage, done }: Progress): void => {
        if (stage === 'merge' && done > tensorCount * tensorBytes) written();
      };
      first = merge({}, { report });
    });
    held = undefined;
    await expect(merge({}, {}, openClient())).rejects.toMatchObject({ code: 'job-in-use' });
    for (const send of messages) send();
    expect(hashOf((await first)!)).toBe(undisturbed);
  });
});
