/** Bytes out of a Blob, and what can go wrong on the way. */
import { KnownError } from './errors.ts';

/**
 * All of `blob`, in a buffer of its own. Throws `file-unreadable`; `read-short` unless it is `wantBytes` long; and what
 * the source throws.
 */
export async function readBlob(
  blob: Blob,
  file: string,
  wantBytes = blob.size,
): Promise<Uint8Array<ArrayBuffer>> {
  let buffer: ArrayBuffer;
  try {
    buffer = await blob.arrayBuffer();
  } catch (error) {
    // an abort and the source's own failures pass; anything else, even a string, is a file that went away
    if (error instanceof KnownError || (error instanceof Error && error.name === 'AbortError')) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new KnownError('file-unreadable', { file, why }, { cause: error });
  }
  if (buffer.byteLength === wantBytes) return new Uint8Array(buffer);
  throw new KnownError('read-short', { file, wantBytes, gotBytes: buffer.byteLength });
}
