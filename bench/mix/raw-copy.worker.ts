/**
 * What the disk allows: reads every input from the browser's private file system, one after the other in pieces, writes as many
 * bytes as the output has through one access handle, flushes and closes. Nothing is computed; what is written is what was read
 * last. Served beside the app, as a worker of an empty page of the same origin.
 */

export interface RawJob {
  /** Paths from the private file system's root. */
  readonly inputs: readonly string[];
  readonly outputBytes: number;
  readonly pieceBytes: number;
  /** Through access handles in mode `read-only`, or through blobs, whose next piece is asked for before the last is written. */
  readonly way: 'handles' | 'blobs';
}

type Reader = (start: number, end: number) => Promise<Uint8Array>;

interface Input {
  readonly bytes: number;
  readonly read: Reader;
  close(): void;
}

async function findFile(path: string, create: boolean): Promise<FileSystemFileHandle> {
  const parts = path.split('/');
  const name = parts.pop() ?? '';
  let folder = await navigator.storage.getDirectory();
  for (const part of parts) folder = await folder.getDirectoryHandle(part);
  return folder.getFileHandle(name, { create });
}

async function openInput(path: string, { way, pieceBytes }: RawJob): Promise<Input> {
  const file = await findFile(path, false);
  if (way === 'blobs') {
    const blob = await file.getFile();
    const read: Reader = async (start, end) => new Uint8Array(await blob.slice(start, end).arrayBuffer());
    return { bytes: blob.size, read, close: () => undefined };
  }
  const open = file as FileSystemFileHandle & {
    createSyncAccessHandle(options: { mode: 'read-only' }): Promise<FileSystemSyncAccessHandle>;
  };
  const handle = await open.createSyncAccessHandle({ mode: 'read-only' });
  const buffer = new Uint8Array(pieceBytes);
  const read: Reader = (start, end) => {
    const piece = buffer.subarray(0, end - start);
    handle.read(piece, { at: start });
    return Promise.resolve(piece);
  };
  return { bytes: handle.getSize(), read, close: () => handle.close() };
}

/** Every input's bytes: the first pieces of all, then the second ones, as a mixture needs them. */
async function* readAll(inputs: readonly Input[], pieceBytes: number): AsyncGenerator<Uint8Array> {
  const longest = Math.max(...inputs.map(({ bytes }) => bytes));
  const ask = (start: number) =>
    inputs
      .filter(({ bytes }) => start < bytes)
      .map(({ bytes, read }) => read(start, Math.min(start + pieceBytes, bytes)));
  let next = ask(0);
  for (let start = 0; start < longest; start += pieceBytes) {
    const pieces = await Promise.all(next);
    next = ask(start + pieceBytes);
    yield* pieces;
  }
}

/** Seconds. */
async function copy(job: RawJob): Promise<number> {
  const started = performance.now();
  const inputs = await Promise.all(job.inputs.map((path) => openInput(path, job)));
  const handle = await (await findFile('raw-copy', true)).createSyncAccessHandle();
  handle.truncate(0);
  let [read, written] = [0, 0];
  const inputBytes = inputs.reduce((sum, { bytes }) => sum + bytes, 0);
  for await (const piece of readAll(inputs, job.pieceBytes)) {
    read += piece.byteLength;
    // as much of the output as there is of the inputs
    const due = Math.round((read / inputBytes) * job.outputBytes) - written;
    written += handle.write(piece.subarray(0, due), { at: written });
  }
  if (written !== job.outputBytes) throw new Error(`${written} of ${job.outputBytes} bytes`);
  handle.flush();
  handle.close();
  const seconds = (performance.now() - started) / 1000;
  for (const input of inputs) input.close();
  await (await navigator.storage.getDirectory()).removeEntry('raw-copy');
  return seconds;
}

addEventListener('message', ({ data }: MessageEvent<RawJob>) => {
  copy(data).then(
    (seconds) => postMessage({ seconds }),
    (error: unknown) => postMessage({ error: String(error) }),
  );
});
