/**
 * A zip's directory: which files it holds and where their bytes lie, for files that are stored as they are. Reads the
 * directory and the files' own headers by ranges, never their data; trusts neither.
 *
 *   files     header (30 bytes, name, extra field), data, perhaps a descriptor
 *   directory for each file 46 bytes, name, extra field, comment
 *   end       [zip64 record (56 bytes), zip64 locator (20 bytes)], end record (22 bytes, comment)
 *
 * Source: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, 4.3 and 4.5.3
 */
import { readBlob } from '../blob.ts';
import { KnownError } from '../errors.ts';
import { checkPath, readCentral, type CentralEntry } from './central.ts';
import { readEnd } from './end-record.ts';
import { readDataStarts } from './local-header.ts';

export interface ZipEntry {
  /** `/`-separated, without `.`, `..` or empty parts. */
  readonly path: string;
  /** Byte position of its data in the zip. */
  readonly start: number;
  readonly bytes: number;
}

/**
 * A directory of 4 MiB lists 33,000 files with names of 80 letters; each takes a few hundred bytes of memory here.
 * Source of the figure: 46 bytes and the name an entry.
 */
const directoryLimitBytes = 4 * 1024 * 1024;

/**
 * The files of a zip, in the directory's order; entries of folders are left out. Throws `zip-damaged`, `zip-split`,
 * `zip-directory-large`, `zip-encrypted`, `zip-compressed`, `zip-path-unsafe`, `zip-entry-twice`, and as `readBlob`.
 */
export async function readDirectory(zip: Blob, file: string): Promise<readonly ZipEntry[]> {
  const { start, end, count } = await readEnd(zip, file);
  const bytes = end - start;
  if (bytes > directoryLimitBytes) {
    throw new KnownError('zip-directory-large', { file, bytes, limitBytes: directoryLimitBytes });
  }
  const central = readCentral(await readBlob(zip.slice(start, end), file, bytes), count, file);
  for (const { path } of central) checkPath(path, file);
  checkDistinct(central, file);
  const starts = await readDataStarts(zip, central, start, file);
  return central
    .map(({ path, bytes }, i) => ({ path, start: starts[i]!, bytes }))
    .filter(({ path, bytes }) => !(path.endsWith('/') && bytes === 0));
}

function checkDistinct(entries: readonly CentralEntry[], file: string): void {
  const seen = new Set<string>();
  for (const { path } of entries) {
    if (seen.has(path)) throw new KnownError('zip-entry-twice', { file, entry: path });
    seen.add(path);
  }
}
