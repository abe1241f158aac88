/** A merge across workers: `files` writes, another reads back what it wrote, a third hashes the files that went in. */
import { expose, wrap } from 'comlink';
import type { Flush } from '../flush-behind.ts';
import { identifyModel, type FileIdentity } from '../identity.ts';
import type { NamedSource } from '../pipeline.ts';
import type { Hands } from '../pour.ts';
import { openUnfinished } from '../job/folder.ts';
import {
  openReadBack,
  prepareReadBack,
  type ReadBack,
  type ReadFile,
  type WrittenChunk,
} from '../read-back.ts';
import type { Watching } from '../score/score.ts';
import { load } from './load.ts';

/** What tells model `m` of this computer from any other, from the worker that reads it. */
export type Identify = (m: number) => Promise<readonly FileIdentity[]>;

/** What `files` asks of the worker that reads back. */
interface Served {
  open(job: string, chunkBytes: number): Promise<void>;
  take(chunk: WrittenChunk): Promise<void>;
  finish(): Promise<readonly ReadFile[]>;
  close(): Promise<void>;
}

/** Has ready what reads back; for `merge`, what merges as well. Throws `page-part-missing`. */
export async function prepare(work: 'merge' | 'read-back'): Promise<void> {
  if (work === 'merge') await load(() => import('../pour.ts'));
  await prepareReadBack();
}

export function handsOf(
  named: readonly NamedSource[],
  watching: Watching,
  identify: Identify,
  reader: MessagePort,
  flush: Flush,
): Hands {
  return {
    flush,
    async openReader(job, chunkBytes) {
      const remote = wrap<Served>(reader);
      // messages arrive in order: nobody needs to wait for a worker that is only starting
      remote.open(job, chunkBytes).catch(() => undefined);
      return {
        take: (chunk) => remote.take(chunk),
        finish: () => remote.finish(),
        close: () => remote.close(),
      };
    },
    // what a listing states is had here
    identify: (m) => (named[m]!.ref.kind === 'local' ? identify(m) : identifyModel(named[m]!, watching)),
  };
}

/** Serves one read-back through `port`. Resolves when it is closed; rejects with the signal's reason. */
export function serveReadBack(port: MessagePort, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    let reading: Promise<ReadBack> = Promise.reject(new DOMException('closed', 'AbortError'));
    reading.catch(() => undefined);
    const close = async (): Promise<void> => {
      const opened = reading;
      reading = Promise.reject(new DOMException('closed', 'AbortError'));
      reading.catch(() => undefined);
      await opened.then(
        (readBack) => readBack.close(),
        () => undefined,
      );
    };
    const served: Served = {
      async open(job, chunkBytes) {
        reading = openReadBack(job, chunkBytes);
        await reading;
      },
      take: async (chunk) => (await reading).take(chunk),
      finish: async () => (await reading).finish(),
      async close() {
        await close();
        resolve();
      },
    };
    expose(served, port);
    signal.addEventListener('abort', () => void close().then(() => reject(signal.reason as Error)));
  });
}

/** Brings a file that another worker writes to the disk, and holds up this one for as long. Throws `output-missing`, `storage-full`. */
export async function flushFile(job: string, path: string): Promise<void> {
  const file = await (await openUnfinished(job)).openFile(path);
  try {
    file.flush();
  } finally {
    file.close();
  }
}
