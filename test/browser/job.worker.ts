/** A dedicated worker for job.test.ts: synchronous access handles exist nowhere else. One call at a time, by name. */
import { KnownError } from '../../src/errors.ts';
import { createJob, openJob, type JobFolder } from '../../src/job/folder.ts';
import type { Finished, WrittenFile } from '../../src/job/marker.ts';
import { listJobs, removeKeptJob } from '../../src/job/kept.ts';
import { discardPacked } from '../../src/job/offered.ts';

const jobs = new Map<string, JobFolder>();
const writers = new Map<string, WritableStreamDefaultWriter<Uint8Array>>();

async function find(id: string): Promise<JobFolder> {
  return jobs.get(id) ?? openJob(id);
}

const calls = {
  async create(): Promise<string> {
    const job = await createJob('mixture');
    jobs.set(job.id, job);
    return job.id;
  },
  /** Writes `chunkCount` chunks of `chunkBytes`, each filled with its number, and closes. */
  async write(id: string, path: string, chunkCount: number, chunkBytes: number): Promise<void> {
    const writer = (await (await find(id)).writable(path)).getWriter();
    for (let i = 0; i < chunkCount; i++) await writer.write(new Uint8Array(chunkBytes).fill(i));
    await writer.close();
  },
  /** Leaves the stream open. */
  async begin(id: string, path: string): Promise<void> {
    const writer = (await (await find(id)).writable(path)).getWriter();
    await writer.write(new Uint8Array(8));
    writers.set(path, writer);
  },
  async abort(path: string): Promise<void> {
    await writers.get(path)!.abort(new DOMException('stopped', 'AbortError'));
  },
  async read(id: string, path: string): Promise<number[]> {
    return Array.from(new Uint8Array(await (await (await find(id)).file(path)).arrayBuffer()));
  },
  async complete(id: string, files: readonly WrittenFile[]): Promise<void> {
    await (await find(id)).complete({ name: 'mixture', files, proof: { checks: [] } });
  },
  async readComplete(id: string): Promise<Finished | undefined> {
    return (await openJob(id)).readComplete();
  },
  /** From here on the disk is full, and says so in one of the two ways that browsers have. */
  fillDisk(answer: 'throws' | 'takes nothing'): Promise<void> {
    FileSystemSyncAccessHandle.prototype.write = () => {
      if (answer === 'takes nothing') return 0;
      throw new DOMException('No space available for this operation', 'QuotaExceededError');
    };
    return Promise.resolve();
  },
  async remove(id: string): Promise<void> {
    await (await find(id)).remove();
  },
  listJobs,
  removeKeptJob,
  discardPacked,
  /** The worker's clock goes `ms` ahead. */
  wait(ms: number): Promise<void> {
    const now = Date.now;
    Date.now = () => now() + ms;
    return Promise.resolve();
  },
};

export type JobCalls = typeof calls;

onmessage = async ({ data }: MessageEvent<{ name: keyof JobCalls; inputs: never[] }>) => {
  try {
    const call = calls[data.name] as (...inputs: never[]) => Promise<unknown>;
    postMessage({ value: await call(...data.inputs) });
  } catch (error) {
    postMessage({
      error: error instanceof KnownError ? { code: error.code, facts: error.facts } : String(error),
    });
  }
};
