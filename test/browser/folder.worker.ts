/**
 * A dedicated worker for folder.test.ts, as the engine's is: writes files into a folder that the page hands over. The
 * one stand-in is in that folder's handles: what a person or a disk does in the middle.
 */
import { KnownError } from '../../src/errors.ts';
import { writeFiles, type FolderEntry } from '../../src/export/folder.ts';
import type { Progress } from '../../src/progress.ts';
import { createSha256 } from '../../src/tensor/sha256.ts';

/** What happens once so many bytes of the files were written. */
export interface Fault {
  readonly afterBytes: number;
  readonly what: 'denied' | 'gone' | 'stopped' | 'stalled' | 'flipped';
}

let stop = new AbortController();

function inject({ afterBytes, what }: Fault): void {
  let written = 0;
  const write = FileSystemWritableFileStream.prototype.write;
  FileSystemWritableFileStream.prototype.write = async function (data) {
    const bytes = data as Uint8Array<ArrayBuffer>;
    written += bytes.byteLength;
    if (written <= afterBytes) return write.call(this, bytes);
    switch (what) {
      case 'denied':
        throw new DOMException('The request is not allowed', 'NotAllowedError');
      case 'gone':
        throw new DOMException('A requested file or directory could not be found', 'NotFoundError');
      case 'stopped':
        stop.abort();
        return write.call(this, bytes);
      case 'stalled':
        postMessage({ stalled: true });
        return new Promise<void>(() => undefined);
      case 'flipped':
        bytes[0] = bytes[0]! ^ 1;
        return write.call(this, bytes);
    }
  };
}

const calls = {
  async save(
    entries: readonly FolderEntry[],
    folder: FileSystemDirectoryHandle,
    fault?: Fault,
  ): Promise<readonly Progress[]> {
    stop = new AbortController();
    if (fault) inject(fault);
    const reports: Progress[] = [];
    const report = (progress: Progress): void => void reports.push(progress);
    await writeFiles(entries, folder, createSha256, { signal: stop.signal, report });
    return reports;
  },
};

export type FolderCalls = typeof calls;

onmessage = async ({ data }: MessageEvent<{ name: keyof FolderCalls; inputs: never[] }>) => {
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
