/** The one way in which a job goes. */
import { isAbsent, toStorageError } from '../storage.ts';
import { nextMarkerPath } from './replace.ts';

/** Removes the folder of a job, if it is there, whoever may need it. */
export async function removeJob(jobs: FileSystemDirectoryHandle, id: string): Promise<void> {
  try {
    // the marker goes first: a removal that is cut short leaves a leftover, never a job with holes
    const folder = await jobs.getDirectoryHandle(id);
    await folder.removeEntry(nextMarkerPath).catch(ignoreAbsent);
    await folder.removeEntry('complete').catch(ignoreAbsent);
    await jobs.removeEntry(id, { recursive: true });
  } catch (error) {
    if (!isAbsent(error)) throw toStorageError(error, id);
  }
}

/** Throws what it is given, unless it says that nothing is there. */
export function ignoreAbsent(error: unknown): void {
  if (!isAbsent(error)) throw error;
}
