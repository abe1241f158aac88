/** The job that was cut short and is asked for again. */
import { continueJob, type JobFolder } from './folder.ts';
import { readJournal, type JournalText } from './journal.ts';
import { jobLock } from './lock.ts';
import { readMarker } from './marker.ts';
import { listFolders } from './storage.ts';

/** The unfinished job of this key, locked; `in-use` where another worker has it; `undefined` when there is none. */
export async function findUnfinished(
  key: string,
): Promise<{ readonly folder: JobFolder; readonly earlier: JournalText } | 'in-use' | undefined> {
  for (const handle of await listFolders()) {
    const journal = await readJournal(handle);
    if (journal?.head.key !== key || (await readMarker(handle)) !== undefined) continue;
    const folder = await continueJob(handle.name);
    if (folder !== undefined) return { folder, earlier: journal };
    // finished or deleted since its journal was read
    const { held = [] } = await navigator.locks.query();
    if (held.some(({ name }) => name === jobLock(handle.name))) return 'in-use';
  }
  return undefined;
}
