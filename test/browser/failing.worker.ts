/**
 * The engine's worker that, once it is told to, fails in the middle of a checkpoint: the fourth time that it writes a chunk, or reads
 * one back. `dies` is an error that nobody catches, `hangs` tells nobody, and neither says anything more; `lost` is a handle that the
 * browser took back.
 */
import '../../src/worker/engine.ts';

export type Failing = 'dies' | 'hangs' | 'lost';

/** A journal and small files are shorter. */
const leastBytes = 1024 * 1024;
let failing: Failing | undefined;
let count = 0;
let mute = false;

addEventListener('message', ({ data }: MessageEvent<{ failing?: Failing } | null>) => {
  if (data?.failing === undefined) return;
  failing = data.failing;
  count = 0;
});

function failAt(handle: FileSystemSyncAccessHandle): void {
  if (failing === undefined || handle.getSize() < leastBytes || ++count < 4) return;
  const how = failing;
  failing = undefined;
  if (how === 'lost') {
    handle.close();
    throw new DOMException('The access handle was closed', 'InvalidStateError');
  }
  mute = true;
  new BroadcastChannel('failing').postMessage(how);
  if (how !== 'dies') return;
  setTimeout(() => {
    throw new Error('out of memory');
  });
}

const { read, write } = FileSystemSyncAccessHandle.prototype;
FileSystemSyncAccessHandle.prototype.write = function (buffer, options) {
  failAt(this);
  return write.call(this, buffer, options);
};
FileSystemSyncAccessHandle.prototype.read = function (buffer, options) {
  failAt(this);
  return read.call(this, buffer, options);
};

// an endless loop would stop it as well, but Chromium takes two seconds to end such a worker
for (const port of [MessagePort.prototype, self]) {
  const { postMessage } = port;
  port.postMessage = function (this: unknown, ...inputs: unknown[]) {
    if (!mute) Reflect.apply(postMessage, this ?? self, inputs);
  };
}
