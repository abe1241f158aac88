/** The Web Lock of a job: its maker holds it while the job is written, and it dies with its tab or worker. */
import { layout } from '../storage.ts';

/** Held while the job is written. */
export function jobLock(id: string): string {
  return `${layout}/jobs/${id}`;
}

/** Takes the job's lock; the returned function gives it back. `if-free`: `undefined` where another has it. */
export async function holdLock(id: string, when: 'if-free'): Promise<(() => void) | undefined>;
export async function holdLock(id: string): Promise<() => void>;
export async function holdLock(id: string, when?: 'if-free'): Promise<(() => void) | undefined> {
  return new Promise((resolve, reject) => {
    const held = (lock: Lock | null): Promise<void> | undefined => {
      if (lock !== null) return new Promise<void>((release) => resolve(release));
      resolve(undefined);
      return undefined;
    };
    navigator.locks.request(jobLock(id), { ifAvailable: when === 'if-free' }, held).catch(reject);
  });
}
