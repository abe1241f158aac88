/** Mixtures that are cut short in real workers on real files, and gone on with: the end is the same, byte for byte. */
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { MergeJob, Output } from '../../src/pour.ts';
import type { Progress } from '../../src/progress.ts';
import type { ModelRef } from '../../src/source/source.ts';
import { openClient, type Client, type Watch } from '../../src/worker/client.ts';
import { clearStorage } from './clear-storage.ts';
import { makeLargeModel, tensorBytes } from './large-model.ts';

const tensorCount = 5;

const workers: ListedWorker[] = [];
/** Messages to workers of this name wait here. */
let held: { readonly name: string; readonly messages: (() => void)[] } | undefined;

class ListedWorker extends Worker {
  readonly name: string;

  constructor(address: string | URL, options: WorkerOptions) {
    super(address, options);
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

/** Calls `act` once, when so much is written. */
function whenWritten(bytes: number, act: () => void): Watch['report'] {
  let acted = false;
  return ({ stage, done }: Progress) => {
    if (acted || stage !== 'merge' || done < bytes) return;
    acted = true;
    act();
  };
}

function workerOf(name: string): ListedWorker {
  const found = workers.findLast((worker) => worker.name === name);
  if (found === undefined) throw new Error(`there is no worker ${name}`);
  return found;
}

/** No message of the engine's: its listener throws, and nobody catches. */
function crash(name: string): void {
  workerOf(name).postMessage({ argumentList: [null] });
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

/** Cuts a mixture short, so that it can be gone on with, and returns its job. */
async function cutShort(): Promise<string> {
  const report = whenWritten(3 * tensorBytes, () => crash('files'));
  await expect(merge({}, { report })).rejects.toMatchObject({ code: 'engine-died' });
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
  test.each(['files', 'proof'])(
    'by the end of the worker %s goes on from its last whole chunk',
    async (name) => {
      const report = whenWritten(2 * tensorBytes, () => crash(name));
      await expect(merge({}, { report })).rejects.toMatchObject({ code: 'engine-died' });
      const output = await merge();
      expect(hashOf(output)).toBe(undisturbed);
      expect(output.continuedBytes).toBeGreaterThan(2 * tensorBytes);
      expect(await jobNames()).toEqual([output.job]);
    },
  );

  test.each(['files', 'proof'])(
    'by the end of the worker %s that nobody is told of can be stopped, and the next one is whole',
    async (name) => {
      const controller = new AbortController();
      const report = whenWritten(2 * tensorBytes, () => {
        workerOf(name).terminate();
        controller.abort();
      });
      const merging = merge({}, { signal: controller.signal, report });
      await expect(merging).rejects.toMatchObject({ name: 'AbortError' });
      expect(hashOf(await merge())).toBe(undisturbed);
    },
  );

  test.each([
    ['whose note is of other bytes', 1, (lines: readonly string[]) => join(lines.with(2, lines[3]!))],
    ['whose note was torn', 1, (lines: readonly string[]) => join(lines.slice(0, 3)).slice(0, -5)],
    ['that comes after one', 0, (lines: readonly string[]) => join(lines.toSpliced(1, 1))],
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
      bytes[2.5 * tensorBytes]! ^= 1;
      return bytes;
    });
    const output = await merge();
    expect(continuedChunks(output)).toBe(3);
    expect(hashOf(output)).toBe(undisturbed);
  });

  test('is not what another weight asks for', async () => {
    const job = await cutShort();
    const output = await merge({ weights: [0.5, 0.5] });
    expect(output.continuedBytes).toBe(0);
    expect(hashOf(output)).not.toBe(undisturbed);
    expect([...(await jobNames())].sort()).toEqual([job, output.job].sort());
  });

  test('is not what the same files ask for once one of them was changed', async () => {
    await cutShort();
    const changed = makeLargeModel('b', 2, tensorCount);
    if (changed.kind !== 'local') throw new Error('not a local model');
    const later = changed.files.map(({ path, file }) => {
      return { path, file: new File([file], path, { lastModified: 1 }) };
    });
    const output = await merge({ models: [models[0]!, { ...changed, files: later }] });
    expect(output.continuedBytes).toBe(0);
  });
});

describe('two tabs', () => {
  test('on the same mixture: the second is told of the first, which ends as if alone', async () => {
    // nobody tells the first one what its models are, when all is written
    held = { name: 'scoring', messages: [] };
    const { messages } = held;
    let first: Promise<Output> | undefined;
    await new Promise<void>((written) => {
      first = merge({}, { report: whenWritten(tensorCount * tensorBytes, written) });
    });
    held = undefined;
    await expect(merge({}, {}, openClient())).rejects.toMatchObject({ code: 'job-in-use' });
    for (const send of messages) send();
    expect(hashOf((await first)!)).toBe(undisturbed);
  });
});
