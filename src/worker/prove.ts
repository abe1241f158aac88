/** Merging with its proof, across the two workers: what was written counts once both agree, and goes in any other case. */
import { isKnown, KnownError, toProblem } from '../errors.ts';
import type { Device } from '../graph/runtime.ts';
import type { MergeJob, Output } from '../pour.ts';
import type { SmokeCheck } from '../proof.ts';
import type { Watch, WorkerHandle } from './worker-handle.ts';

/** What an output is tried with, beside the job: it decides no byte of it, and the text is written nowhere. */
export interface Trial {
  /** One text of the person's own; ours when it is absent or blank. */
  readonly text?: string;
  readonly device: Device;
}

/** `files` writes and holds the files, `scoring` has the runtime to try them. */
export async function mergeAndProve(
  files: WorkerHandle,
  scoring: WorkerHandle,
  asked: MergeJob,
  watch: Watch | undefined,
  trial: Trial,
): Promise<Output> {
  const written = await files.run(
    (engine, job, report, check) => engine.merge(job, asked, report, check),
    watch,
  );
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

/** A worker that ran out of memory says nothing of the files. Anything else is thrown. */
export function toNotRun(error: unknown): SmokeCheck {
  const { name, message: why } = error as Error;
  const short =
    (isKnown(error, 'runtime-failed') || name === 'RangeError') &&
    /bad_alloc|allocat|out of memory|OOM/i.test(why);
  if (!short) throw error;
  return { kind: 'smoke', state: 'not-run', why: toProblem(new KnownError('runtime-failed', { why })) };
}
