/** The browser's half of ranges.bench.ts: one download in a fresh worker, as the app does it. */
import type { HubCalls } from '../../test/browser/hub.worker.ts';
import { callsOf } from '../../test/browser/worker-call.ts';
import type { Lanes } from '../../src/source/read-ahead.ts';

const fetching = {
  /** Seconds from the call to a file that is written and whose hash was checked. */
  async run(hubUrl: string, id: string, commit: string, lanes: Lanes): Promise<number> {
    const worker = new Worker(new URL('../../test/browser/hub.worker.ts', import.meta.url), {
      type: 'module',
    });
    try {
      const call = callsOf<HubCalls>(worker);
      await call('open', id, commit, { hubUrl }, lanes);
      const begunMs = performance.now();
      await call('fetch', 'model.safetensors');
      return (performance.now() - begunMs) / 1000;
    } finally {
      worker.terminate();
      await clear();
    }
  },
};

/** The next download begins with nothing; a worker that was ended lets go of its files a moment later. */
async function clear(): Promise<void> {
  const root = await navigator.storage.getDirectory();
  for (let left = 50; left > 0; left--) {
    try {
      await root.removeEntry('shaker-1', { recursive: true });
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

export type Fetching = typeof fetching;

Object.assign(globalThis, { fetching });
