/**
 * Which finished jobs somebody has on a page. A page holds a Web Lock, shared, for each output that it offers; the
 * lock dies with the page. Whoever deletes an output asks for the same lock alone.
 */
import { layout, walkFiles } from '../storage.ts';
import { readMarker } from './marker.ts';
import { listFolders, openFolder } from './storage.ts';

export function offerLock(job: string): string {
  return `${layout}/offered/${job}`;
}

/** A download may still be reading a zip whose page is closed; nothing younger than this is taken away. */
const graceMs = 3_600_000;

/** A zip that lies beside an output's files, of which none is one. */
export function isPacked(path: string): boolean {
  return /^[^/]+\.zip$/.test(path);
}

/** Removes what was packed for download from outputs that no page offers: it takes the same room again, and is packed anew in seconds. */
export async function discardPacked(): Promise<void> {
  for (const folder of await listFolders()) {
    await navigator.locks.request(offerLock(folder.name), { ifAvailable: true }, async (lock) => {
      const finished = lock === null ? undefined : await readMarker(folder);
      if (finished === undefined) return;
      const listed = new Set(finished.files.map(({ path }) => path));
      const output = await openFolder(folder, 'output');
      for await (const { path, file } of walkFiles(output)) {
        if (isPacked(path) && !listed.has(path) && isOld(file)) await output.removeEntry(path);
      }
    });
  }
}

function isOld({ lastModified }: File): boolean {
  return Date.now() - lastModified > graceMs;
}
