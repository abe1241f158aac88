/** The jobs of one worker: each can be stopped, and its progress says what the worker's requests wait for. */
import type { Watching } from '../pipeline.ts';
import type { Progress, Report } from '../progress.ts';
import { Waits } from '../source/waits.ts';

const jobs = new Map<string, AbortController>();

/** Of all requests of this worker: they are not told apart by the job that they are for. */
export const waits = new Waits();

/** Runs a job that `stopJob` can stop. */
export async function stoppable<T>(
  job: string,
  report: Report,
  work: (watching: Watching) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  jobs.set(job, controller);
  const reporting = reportWaits(report);
  try {
    return await work({ signal: controller.signal, report: reporting.report });
  } finally {
    reporting.end();
    jobs.delete(job);
  }
}

/** Stops it, if it runs, at its next chunk or batch, or while it waits. */
export function stopJob(job: string, reason?: Error): void {
  jobs.get(job)?.abort(reason);
}

/** `report`, which is also called when a wait begins or ends; what comes in between says that the work goes on. */
function reportWaits(report: Report): { readonly report: Report; readonly end: () => void } {
  // a job may have to wait before it has done anything
  let last: Progress = { stage: 'fetch', subject: 'Hub', done: 0, total: 0, unit: 'bytes' };
  const end = waits.hear((waiting) => report(waiting === undefined ? last : { ...last, waiting }));
  return {
    end,
    report(progress) {
      // said once, it holds to the end of the job
      const { straight = progress.straight } = last;
      last = straight === undefined ? progress : { ...progress, straight };
      report(last);
    },
  };
}
