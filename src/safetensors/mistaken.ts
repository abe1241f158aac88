/**
 * What a file is that is not what its name says, told by its first bytes: what browsers, git and Python leave under
 * the names of checkpoints and settings. Asked only after a file has failed to be what it should.
 *
 *   Source: https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md (pointers, under 1024 bytes);
 *   https://en.wikipedia.org/wiki/List_of_file_signatures; Python's `pickle`, opcode PROTO
 */
import { KnownError, type ErrorCode } from '../errors.ts';

/** A pointer's limit; more than any signature and any opening of a web page needs. */
export const signatureBytes = 1024;

/** What `nameMistaken` may say. */
export const mistakenCodes = [
  'file-empty',
  'file-lfs-pointer',
  'file-web-page',
  'file-zip',
  'file-pickle',
  'file-of-other-kind',
] as const satisfies readonly ErrorCode[];

const signatures: readonly (readonly [kind: string, start: string])[] = [
  ['PNG', '\x89PNG'],
  ['JPEG', '\xff\xd8\xff'],
  ['GIF', 'GIF8'],
  ['PDF', '%PDF-'],
  ['GGUF', 'GGUF'],
  ['HDF5', '\x89HDF\r\n'],
  ['gzip', '\x1f\x8b'],
  ['7z', '7z\xbc\xaf'],
  ['RAR', 'Rar!'],
  ['tar', 'ustar'],
  ['NumPy', '\x93NUMPY'],
];

/**
 * What `file` plainly is, as an error that says so: `file-empty`, `file-lfs-pointer`, `file-web-page`, `file-zip`,
 * `file-pickle`, `file-of-other-kind`; `undefined` when its first bytes tell nothing.
 *
 * @param first the file's first bytes, up to `signatureBytes`
 */
export function nameMistaken(first: Uint8Array, file: string, bytes: number): KnownError | undefined {
  if (bytes === 0) return new KnownError('file-empty', { file });
  // each byte as the character of its number
  const text = String.fromCharCode(...first.subarray(0, signatureBytes));
  const realBytes = /^version https:\/\/git-lfs\.github\.com\/spec\/[^]*^size (\d+)$/m.exec(text)?.[1];
  if (realBytes !== undefined)
    return new KnownError('file-lfs-pointer', { file, bytes, realBytes: Number(realBytes) });
  // after a byte order mark and empty lines; a fragment or an XML page counts too
  if (/^(?:\xef\xbb\xbf)?\s*<(?:!doctype\s|html[\s>]|head[\s>]|body[\s>]|!--|\?xml)/i.test(text)) {
    return new KnownError('file-web-page', { file });
  }
  if (text.startsWith('PK\x03\x04') || text.startsWith('PK\x05\x06'))
    return new KnownError('file-zip', { file });
  // PROTO, a version, and what torch.save or pickle.dump may open with: a number, a dictionary, a name, a frame
  // eslint-disable-next-line no-control-regex -- bytes, as characters
  if (/^\x80[\x02-\x05][\x8a\x8c\x95c}(\]XU]/.test(text)) return new KnownError('file-pickle', { file });
  const kind = signatures.find(([kind, start]) => text.startsWith(start, kind === 'tar' ? 257 : 0))?.[0];
  return kind === undefined ? undefined : new KnownError('file-of-other-kind', { file, kind });
}
