/**
 * Which finished jobs somebody still has on a page. A page holds a Web Lock for each output that it offers; the lock
 * dies with the page, and a finished job that nobody offers can be had again and takes only room.
 */
import { isKnown } from '../errors.ts';
import { layout } from '../storage.ts';
import { discardUnfinished, listComplete, openJob } from './folder.ts';

export function offerLock(job: string): string {
  return `${layout}/offered/${job}`;
}

/** Between a job's end and its page's lock there is a moment; nothing younger than this is taken away. */
const graceMs = 60_000;

/** Removes what crashed and closed tabs left: unfinished jobs, and finished ones that no page offers. */
export async function discardAbandoned(): Promise<void> {
  await discardUnfinished();
  for (const id of await listComplete()) {
    await navigator.locks.request(offerLock(id), { ifAvailable: true }, async (lock) => {
      if (lock === null) return;
      try {
        const job = await openJob(id);
        const finished = await job.readComplete();
        if (finished && Date.now() - finished.madeMs > graceMs) await job.remove();
      } catch (error) {
        // another tab was faster
        if (!isKnown(error, 'output-missing')) throw error;
      }
    });
  }
}
