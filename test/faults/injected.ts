/** Faults that are put into the page and its workers. What is here runs there: it refers to nothing outside of each function. */
import type { BrowserContext, Page, Worker } from 'playwright';
import { chunkBytes, findWorker } from './kitchen.ts';

/**
 * What happens to a worker's file handles, of files as large as a checkpoint, at the `nth` call and, but for `pause` and `tear`,
 * from then on:
 *
 *   lost      throws InvalidStateError, as a handle does that the browser took back
 *   nothing   takes no byte; `negative`: 4294967288 bytes, as Chromium says on a full disk
 *   half      takes half of the bytes
 *   pause     tells the page, and waits before it goes on; `tear`: the same with half of the bytes written
 */
export interface HandleFault {
  readonly worker: 'files' | 'proof';
  readonly method: 'read' | 'write';
  readonly nth: number;
  readonly what: 'lost' | 'nothing' | 'negative' | 'half' | 'pause' | 'tear';
  /** How long it pauses. */
  readonly pauseMs?: number;
}

/** What the page does when a worker pauses: ends one, with an event as a crash has, or without; or calls the driver. */
export type OnPause = { readonly end: 'files' | 'proof' | 'disk'; readonly how: 'loud' | 'silent' } | 'call';

declare global {
  var shakerFaults: { armed: boolean } | undefined;
  var shakerOnPause: OnPause | undefined;
  /** Not in TypeScript's library. */
  var showDirectoryPicker: (() => Promise<FileSystemDirectoryHandle>) | undefined;
  /** Defined by the driver. */
  function shakerPaused(): Promise<void>;
}

/**
 * Before any page: records workers, and listens to those that pause. The picker gives a folder of the private file system.
 * No function here has a name: the compiler would mark it by one of its own, which the page does not have.
 */
export async function prepare(context: BrowserContext): Promise<void> {
  await context.addInitScript(() => {
    const started: Worker[] = [];
    const Plain = globalThis.Worker;
    globalThis.Worker = new Proxy(Plain, {
      construct(target, inputs: [string, WorkerOptions]) {
        const worker = new target(...inputs);
        started.push(Object.assign(worker, { shakerName: inputs[1].name }) as never);
        return worker;
      },
    });
    new BroadcastChannel('shaker-faults').onmessage = () => {
      const act = globalThis.shakerOnPause;
      if (act === 'call') void globalThis.shakerPaused();
      if (act === undefined || act === 'call') return;
      const found = started.findLast(
        (worker) => (worker as never as { shakerName: string }).shakerName === act.end,
      );
      const worker = found as unknown as InstanceType<typeof Plain>;
      worker.terminate();
      if (act.how === 'loud') worker.dispatchEvent(new ErrorEvent('error', { message: 'killed' }));
    };
    globalThis.showDirectoryPicker = async () =>
      (await navigator.storage.getDirectory()).getDirectoryHandle('picked', { create: true });
  });
}

/** In a worker that is there, or comes soon: both are started before a mixture is asked for. */
export async function spoilHandles(page: Page, fault: HandleFault): Promise<void> {
  await (await findWorker(page, fault.worker)).evaluate(spoilIn, { ...fault, chunkBytes });
}

function spoilIn({
  method,
  nth,
  what,
  pauseMs = 300,
  chunkBytes,
}: HandleFault & { chunkBytes: number }): void {
  const prototype = FileSystemSyncAccessHandle.prototype;
  const { write } = prototype;
  const plain = prototype[method];
  const fault = { armed: true };
  globalThis.shakerFaults = fault;
  let count = 0;
  const channel = new BroadcastChannel('shaker-faults');
  prototype[method] = function (buffer, options) {
    if (!fault.armed || this.getSize() < 16 * chunkBytes || ++count < nth)
      return plain.call(this, buffer, options);
    const bytes = ArrayBuffer.isView(buffer)
      ? new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength)
      : new Uint8Array(buffer);
    const half = bytes.subarray(0, Math.ceil(bytes.byteLength / 2));
    switch (what) {
      case 'lost':
        throw new DOMException('The access handle was closed', 'InvalidStateError');
      case 'nothing':
        return 0;
      case 'negative':
        return 4294967288;
      case 'half':
        return plain.call(this, half, options);
      case 'tear':
      case 'pause': {
        fault.armed = false;
        if (what === 'tear') write.call(this, half, options);
        channel.postMessage('paused');
        const until = performance.now() + pauseMs;
        while (performance.now() < until);
        return plain.call(this, buffer, options);
      }
    }
  };
}

/** Whatever was put in does nothing any more. */
export async function disarm(page: Page): Promise<void> {
  for (const worker of page.workers()) {
    await worker
      .evaluate(() => {
        if (globalThis.shakerFaults) globalThis.shakerFaults.armed = false;
      })
      .catch(() => undefined);
  }
}

/** Clocks that jump by days, back and forth, in the page and in every worker, these and those to come. */
export async function patchClock(page: Page): Promise<void> {
  const patch = (): void => {
    const { now } = Date;
    let count = 0;
    Date.now = () => now() + (count++ % 2 === 0 ? 3 : -3) * 86_400_000;
  };
  await page.evaluate(patch);
  for (const worker of page.workers()) await worker.evaluate(patch);
  page.on('worker', (worker) => void worker.evaluate(patch).catch(() => undefined));
}

/** From here on, writing past `afterBytes` in a picked folder is refused, for as long as faults are armed. */
export async function denyFolder(worker: Worker, afterBytes: number): Promise<void> {
  await worker.evaluate((afterBytes) => {
    const fault = { armed: true };
    globalThis.shakerFaults = fault;
    let written = 0;
    const { write } = FileSystemWritableFileStream.prototype;
    FileSystemWritableFileStream.prototype.write = function (data) {
      written += (data as Uint8Array).byteLength;
      if (!fault.armed || written <= afterBytes) return write.call(this, data);
      return Promise.reject(new DOMException('The request is not allowed', 'NotAllowedError'));
    };
  }, afterBytes);
}
