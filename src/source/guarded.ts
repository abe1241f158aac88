/**
 * A file of this computer or of the browser's own storage, read so that a change under it is a known error:
 * a `File` is a promise about the bytes that were there when it was picked, and breaks when they are not.
 */
import { KnownError } from '../errors.ts';
import { RangeBlob } from './range-blob.ts';

/** 16 MiB: what streaming a whole file holds at once. */
const pieceBytes = 16 * 1024 * 1024;

/** `file` as a Blob whose reads throw `source-changed` when the file changed, moved or went since it was opened. */
export function guardFile(file: Blob, facts: { readonly model: string; readonly file: string }): RangeBlob {
  const changed = (cause?: unknown): KnownError => new KnownError('source-changed', { ...facts }, { cause });
  async function* read(start: number, end: number): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    for (let at = start; at < end; at += pieceBytes) {
      const until = Math.min(end, at + pieceBytes);
      const bytes = await readSlice(file, at, until, changed);
      yield bytes;
    }
  }
  return new RangeBlob(read, 0, file.size, file.type);
}

async function readSlice(
  file: Blob,
  start: number,
  end: number,
  changed: (cause?: unknown) => KnownError,
): Promise<Uint8Array<ArrayBuffer>> {
  let buffer: ArrayBuffer;
  try {
    buffer = await file.slice(start, end).arrayBuffer();
  } catch (error) {
    const gone = error instanceof DOMException && ['NotReadableError', 'NotFoundError'].includes(error.name);
    throw gone ? changed(error) : error;
  }
  // not every browser compares dates: a file that was cut reads short
  if (buffer.byteLength !== end - start) throw changed();
  return new Uint8Array(buffer);
}
