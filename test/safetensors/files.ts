/** Safetensors files and sources made of plain data, and what is said when they are refused. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { KnownError } from '../../src/errors.ts';
import type { Source } from '../../src/source/source.ts';

/** A file with this header text, whatever it says, and these bytes of data. */
export function fileOf(header: string, data: Uint8Array = new Uint8Array()): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder().encode(header);
  const file = new Uint8Array(8 + text.length + data.length);
  new DataView(file.buffer).setBigUint64(0, BigInt(text.length), true);
  file.set(text, 8);
  file.set(data, 8 + text.length);
  return file;
}

/** A model called `tiny` whose files are these. Text stands for its UTF-8 bytes. */
export function sourceOf(files: Readonly<Record<string, Uint8Array<ArrayBuffer> | string | Blob>>): Source {
  const blobs = new Map(Object.entries(files).map(([path, file]) => [path, new Blob([file])]));
  return {
    name: 'tiny',
    list: () =>
      Promise.resolve(
        [...blobs].map(([path, { size }]) => ({ path, bytes: size, identity: `${path} ${size}` })),
      ),
    open: (path) => Promise.resolve(blobs.get(path)),
  };
}

/** The files right inside a folder. */
export async function folderSource(folder: string): Promise<Source> {
  const entries = await readdir(folder, { withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map(async ({ name }): Promise<[string, Blob]> => {
      return [name, new Blob([await readFile(join(folder, name))])];
    });
  return { ...sourceOf(Object.fromEntries(await Promise.all(files))), name: folder };
}

/** What a write leaves behind: the bytes so far, and how it ended. */
export function memorySink() {
  const written: number[] = [];
  const state = {
    ended: 'not yet' as 'not yet' | 'closed' | 'aborted',
    bytes: () => Uint8Array.from(written),
  };
  const sink = new WritableStream<Uint8Array>({
    write(chunk) {
      written.push(...chunk);
    },
    close() {
      state.ended = 'closed';
    },
    abort() {
      state.ended = 'aborted';
    },
  });
  return { sink, state };
}

/** Code and facts of the known error that a promise rejects with. */
export async function refusal(act: Promise<unknown>): Promise<readonly [string, unknown]> {
  const error = await act.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof KnownError)) throw new Error('not a known error', { cause: error });
  return [error.code, error.facts];
}

/** Code and facts of the known error that `act` throws, without `file`; `undefined` when it throws none. */
export function thrownBy(act: () => unknown): readonly [string, Record<string, unknown>] | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    if (!(error instanceof KnownError)) throw error;
    return [error.code, Object.fromEntries(Object.entries(error.facts).filter(([fact]) => fact !== 'file'))];
  }
}
