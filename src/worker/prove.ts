/** Merging with its proof, across the two workers: what was written counts once both agree, and goes in any other case. */
import { proxy, transfer } from 'comlink';
import { isKnown, KnownError, toProblem } from '../errors.ts';
import type { Task } from '../graph/graph.ts';
import type { Device } from '../graph/runtime.ts';
import type { FileIdentity } from '../identity.ts';
import type { MergeJob, Output, Written } from '../pour.ts';
import type { Report } from '../progress.ts';
import type { SmokeCheck } from '../proof.ts';
import type { ModelRef } from '../source/source.ts';
import type { Watch, WorkerHandle } from './worker-handle.ts';

/** What an output is tried with, beside the job: it decides no byte of it, and the text is written nowhere. */
export interface Trial {
  /** One text of the person's own; ours when it is absent or blank. */
  readonly text?: string;
  readonly device: Device;
  /** What the models are run as, where somebody says so: the same as for scoring. */
  readonly task?: Task;
}

export interface Workers {
  /** Writes the files, and holds them. */
  readonly files: WorkerHandle;
  /** Has the runtime to try them; before that, hashes the files of this computer that go in. */
  readonly scoring: WorkerHandle;
  /** Reads back what is written. */
  readonly proof: WorkerHandle;
  /** Waits for the disk, which holds up a thread. */
  readonly disk: WorkerHandle;
}

export async function mergeAndProve(
  workers: Workers,
  asked: MergeJob,
  watch: Watch | undefined,
  trial: Trial,
): Promise<Output> {
  const { files, scoring } = workers;
  const written = await writeAndReadBack(workers, asked, watch);
  try {
    const { models, weights, dtype = 'F32' } = asked;
    const smokeJob = { models, weights, dtype, written, ...trial };
    const smoke = await scoring
      .run<SmokeCheck>(async (engine, job, report) => engine.smoke(job, smokeJob, report), watch)
      .catch(toNotRun);
    watch?.check?.(smoke);
    watch?.signal?.throwIfAborted();
    return await files.run((engine) => engine.complete(written.job, smoke));
  } catch (error) {
    // the failure is the one to tell; what cannot be removed now has no marker, and is kept as left unfinished
    await files.run((engine) => engine.discardUnproved(written)).catch(() => undefined);
    throw error;
  }
}

/** All at the same time: one worker writes, one reads back through a port between them, one hashes what a person picked. */
async function writeAndReadBack(
  { files, scoring, proof, disk }: Workers,
  asked: MergeJob,
  watch: Watch = {},
): Promise<Written> {
  const ended = new AbortController();
  const stop = (): void => ended.abort(watch.signal?.reason);
  watch.signal?.addEventListener('abort', stop);
  const { signal } = ended;
  const { port1, port2 } = new MessageChannel();
  const reading = proof.run((engine, job) => engine.readBack(job, transfer(port1, [port1])), { signal });
  // a writer would wait for ever for a reader that is gone
  reading.catch((error: unknown) => ended.abort(error));
  const identifying = new Identifying(scoring, asked.models, { ...watch, signal });
  const identify = proxy((m: number) => identifying.ask(m));
  const flush = proxy((id: string, path: string) => disk.run((engine) => engine.flushFile(id, path)));
  kept.add(identify).add(flush);
  try {
    watch.signal?.throwIfAborted();
    return await files.run<Written>(
      (engine, job, report, check) =>
        engine.merge(job, asked, report, check, identify, transfer(port2, [port2]), flush),
      { ...watch, signal },
    );
  } finally {
    kept.delete(identify);
    kept.delete(flush);
    watch.signal?.removeEventListener('abort', stop);
    // whoever is still at it has nobody left to tell
    ended.abort();
  }
}

/** Comlink drops a call whose proxy is collected while it waits. */
const kept = new Set<unknown>();

/** Hashes the local models' files while the mixture is written; says how far it is once somebody waits for it. */
class Identifying {
  readonly #identities: ReadonlyMap<number, Promise<readonly FileIdentity[]>>;
  #awaited = false;

  constructor(worker: WorkerHandle, models: readonly ModelRef[], watch: Watch) {
    const report: Report = (progress) => {
      if (this.#awaited) watch.report?.(progress);
    };
    const local = [...models.entries()].filter(([, { kind }]) => kind === 'local');
    let before: Promise<unknown> = Promise.resolve();
    this.#identities = new Map(
      local.map(([m, model]) => {
        const identity = before.then(() =>
          worker.run<readonly FileIdentity[]>(
            async (engine, job, tell) => engine.identify(job, model, tell),
            { ...watch, report },
          ),
        );
        // told when it is asked for
        before = identity.catch(() => undefined);
        return [m, identity];
      }),
    );
  }

  async ask(m: number): Promise<readonly FileIdentity[]> {
    this.#awaited = true;
    return (await this.#identities.get(m)) ?? [];
  }
}

/** A worker that ran out of memory says nothing of the files. Anything else is thrown. */
export function toNotRun(error: unknown): SmokeCheck {
  if (isKnown(error, 'memory-missing')) return { kind: 'smoke', state: 'not-run', why: toProblem(error) };
  const { name, message: why } = error as Error;
  const short =
    (isKnown(error, 'runtime-failed') || name === 'RangeError') &&
    /bad_alloc|allocat|out of memory|OOM/i.test(why);
  if (!short) throw error;
  return { kind: 'smoke', state: 'not-run', why: toProblem(new KnownError('runtime-failed', { why })) };
}
