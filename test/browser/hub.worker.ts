/** A dedicated worker for hub.test.ts, as a tab's would be. One call at a time, by name; `stop` may come at any time. */
import { KnownError } from '../../src/errors.ts';
import { openInputs } from '../../src/inputs.ts';
import type { Progress, Straight } from '../../src/progress.ts';
import { openCheckpoint, type Checkpoint } from '../../src/safetensors/checkpoint.ts';
import { openCached, type CachedSource } from '../../src/source/cached.ts';
import { openHub } from '../../src/source/hub.ts';
import type { HubAccess } from '../../src/source/hub-fetch.ts';
import type { Lanes } from '../../src/source/read-ahead.ts';
import { createSha256 } from '../../src/tensor/sha256.ts';

let source: CachedSource;
let stop: AbortController | undefined;

const calls = {
  async open(id: string, commit: string, access: HubAccess, lanes?: Lanes): Promise<void> {
    source = openCached(openHub({ id, commit }, access), createSha256, lanes);
  },
  /** What was reported: `[bytesDone, bytesTotal]`. */
  async fetch(path: string): Promise<readonly (readonly [number, number])[]> {
    stop = new AbortController();
    const reports: [number, number][] = [];
    const report = (done: number, total: number): void => void reports.push([done, total]);
    await source.fetchFile(path, { signal: stop.signal, report });
    return reports;
  },
  async read(path: string, start: number, end: number): Promise<Uint8Array | undefined> {
    const blob = await source.open(path);
    return blob && new Uint8Array(await blob.slice(start, end).arrayBuffer());
  },
  /** The way that the values came, why, and SHA-256 of all of them, read tensor by tensor, in three parts each. */
  async inputs(freeBytes: number | undefined, outputBytes: number) {
    // Chromium adds 10 GiB to what is used, whatever there is; others say what there is, or nothing
    const estimate = (): Promise<StorageEstimate> => Promise.resolve({ usage: 0, quota: freeBytes ?? 0 });
    Object.defineProperty(navigator.storage, 'estimate', {
      value: freeBytes === undefined ? undefined : estimate,
    });
    const whys: (Straight | undefined)[] = [];
    const watching = {
      signal: new AbortController().signal,
      report: ({ straight }: Progress) => void (straight && whys.push(straight)),
    };
    const ref = { kind: 'hub', id: '', revision: '', commit: '' } as const;
    const open = (): Promise<Checkpoint> => openCheckpoint(source);
    const { opened, way } = await openInputs([{ ref, source }], open, watching, () => outputBytes);
    const sha256 = await createSha256();
    for (const tensor of opened.tensors.values()) {
      const third = Math.floor(tensor.bytes / 3);
      sha256.update(await opened.readBytes(tensor, 0, third));
      sha256.update(await opened.readBytes(tensor, third, 2 * third));
      sha256.update(await opened.readBytes(tensor, 2 * third, tensor.bytes));
    }
    return { way, whys, sha256: sha256.digestHex() };
  },
  async cachedBytes(path: string): Promise<number> {
    return source.cachedBytes(path);
  },
};

export type HubCalls = typeof calls;

onmessage = async ({ data }: MessageEvent<{ name: keyof HubCalls | 'stop'; inputs: never[] }>) => {
  if (data.name === 'stop') return stop?.abort();
  try {
    const call = calls[data.name] as (...inputs: never[]) => Promise<unknown>;
    postMessage({ value: await call(...data.inputs) });
  } catch (error) {
    postMessage({
      error:
        error instanceof KnownError
          ? { code: error.code, facts: error.facts }
          : { name: (error as Error).name, text: String(error) },
    });
  }
};
