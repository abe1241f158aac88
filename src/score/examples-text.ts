/** From the bytes of a file that somebody calls examples to its text, or to the sentence that says what it is instead. */
import { readBlob } from '../blob.ts';
import { KnownError } from '../errors.ts';

/** Some 300,000 words, a hundred times what few-shot scoring asks for; read within a second on a slow computer. */
export const examplesBytesLimit = 2_000_000;

/** What else people put under such names, by its first bytes. */
const kinds: readonly (readonly [kind: string, first: string])[] = [
  ['ZIP', 'PK\u0003\u0004'],
  ['PDF', '%PDF-'],
  ['PNG', '\u0089PNG'],
  ['JPEG', '\u00ff\u00d8\u00ff'],
  ['GIF', 'GIF8'],
  ['Parquet', 'PAR1'],
  ['gzip', '\u001f\u008b'],
  ['XLS', '\u00d0\u00cf\u0011\u00e0'],
];

/**
 * Reads UTF-8, with or without a byte order mark, and UTF-16 with one. `name` is the file's, for the refusals. Throws
 * `examples-too-large`, `file-unreadable`, `examples-file-kind`, `examples-not-text`.
 */
export async function readExamplesText(file: Blob, name: string): Promise<string> {
  if (file.size > examplesBytesLimit) {
    throw new KnownError('examples-too-large', {
      file: name,
      bytes: file.size,
      limitBytes: examplesBytesLimit,
    });
  }
  const bytes = await readBlob(file, name);
  const start = String.fromCharCode(...bytes.subarray(0, 8));
  const kind = kinds.find(([, first]) => start.startsWith(first))?.[0];
  if (kind !== undefined) throw new KnownError('examples-file-kind', { file: name, kind });
  try {
    // a byte order mark says which, and is taken off
    const text = new TextDecoder(encodingOf(bytes), { fatal: true }).decode(bytes);
    if (!text.includes('\0')) return text;
  } catch {
    // not of that encoding
  }
  throw new KnownError('examples-not-text', { file: name });
}

function encodingOf([first, second]: Uint8Array): string {
  if (first === 0xff && second === 0xfe) return 'utf-16le';
  if (first === 0xfe && second === 0xff) return 'utf-16be';
  return 'utf-8';
}
