/** What runs in a worker: jobs that can be stopped, and parts that are loaded when they are first needed. */
import { KnownError } from '../errors.ts';

const jobs = new Map<string, AbortController>();

/**
 * A part of the engine that is loaded when it is first needed: what opens the page and reads its cards is all that comes
 * before. Throws `page-part-missing`.
 */
export async function load<Part>(part: () => Promise<Part>): Promise<Part> {
  try {
    return await part();
  } catch (error) {
    throw new KnownError('page-part-missing', { why: (error as Error).message }, { cause: error });
  }
}

/** Runs a job that `cancel` can stop. */
export async function stoppable<T>(job: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  jobs.set(job, controller);
  try {
    return await work(controller.signal);
  } finally {
    jobs.delete(job);
  }
}

/** Stops the job at its next chunk or batch, if it runs. */
export function stopJob(job: string, reason?: Error): void {
  jobs.get(job)?.abort(reason);
}
