/** The entries of a zip's directory. Pure: bytes in, table out. Format and source: directory.ts. */
import { KnownError } from '../errors.ts';
import { damaged, elsewhere32, readUint64, viewOf } from './end-record.ts';

const signature = 0x02014b50;
const fixedBytes = 46;
const zip64Field = 1;

export interface CentralEntry {
  readonly path: string;
  /** As written, to be compared with the file's own header. */
  readonly name: Uint8Array;
  readonly flags: number;
  readonly bytes: number;
  /** Byte position of the file's own header. */
  readonly headerStart: number;
}

/** Bits of the flags. Source: APPNOTE 4.4.4. */
export const sizesFollow = 0x8;
const encryptedBits = 0x1 | 0x40 | 0x2000;
const patchBit = 0x20;

/** `method` of files that are stored as they are, and of AES-encrypted ones, whose real method is elsewhere. */
const stored = 0;
const aes = 99;

/** All entries, in order. Throws `zip-damaged`, `zip-split`, `zip-encrypted`, `zip-compressed`. */
export function readCentral(bytes: Uint8Array, count: number, file: string): readonly CentralEntry[] {
  const view = viewOf(bytes);
  const entries: CentralEntry[] = [];
  let at = 0;
  while (at < bytes.length) {
    if (at + fixedBytes > bytes.length || view.getUint32(at, true) !== signature) {
      throw damaged(file, `its directory has no entry at byte ${at}`);
    }
    const nameEnd = at + fixedBytes + view.getUint16(at + 28, true);
    const extraEnd = nameEnd + view.getUint16(at + 30, true);
    const end = extraEnd + view.getUint16(at + 32, true);
    if (end > bytes.length) throw damaged(file, `the entry at byte ${at} of its directory is cut short`);
    entries.push(readEntry(view, bytes.subarray(at, nameEnd), at, nameEnd, extraEnd, file));
    at = end;
  }
  if (entries.length === count) return entries;
  throw damaged(file, `its directory has ${entries.length} entries, its end says ${count}`);
}

/** @param head the entry up to the end of its name, which starts at `at` of the view */
function readEntry(
  view: DataView,
  head: Uint8Array,
  at: number,
  extraStart: number,
  extraEnd: number,
  file: string,
): CentralEntry {
  const name = head.subarray(fixedBytes);
  const path = decodePath(name, file);
  const flags = view.getUint16(at + 8, true);
  const method = view.getUint16(at + 10, true);
  if ((flags & encryptedBits) !== 0 || method === aes) {
    throw new KnownError('zip-encrypted', { file, entry: path });
  }
  if ((flags & patchBit) !== 0) throw damaged(file, `${path} is a patch of another file`);
  if (method !== stored) throw new KnownError('zip-compressed', { file, entry: path, method });
  const fields = [
    view.getUint32(at + 24, true),
    view.getUint32(at + 20, true),
    view.getUint32(at + 42, true),
  ];
  const [bytes, storedBytes, headerStart] = widen(fields, view, extraStart, extraEnd, `${file}: ${path}`);
  if (bytes !== storedBytes) {
    throw damaged(file, `${path} holds ${bytes} bytes and is stored in ${storedBytes}`);
  }
  if (view.getUint16(at + 34, true) !== 0) throw new KnownError('zip-split', { file });
  return { path, name, flags, bytes: bytes!, headerStart: headerStart! };
}

/** Numbers that their fields have no room for, from the zip64 extra field: there in this order, each only where it is needed. */
function widen(
  fields: readonly number[],
  view: DataView,
  extraStart: number,
  extraEnd: number,
  file: string,
): readonly number[] {
  if (!fields.includes(elsewhere32)) return fields;
  let at = extraStart;
  while (at + 4 <= extraEnd && view.getUint16(at, true) !== zip64Field)
    at += 4 + view.getUint16(at + 2, true);
  const end = at + 4 <= extraEnd ? at + 4 + view.getUint16(at + 2, true) : 0;
  at += 4;
  return fields.map((field) => {
    if (field !== elsewhere32) return field;
    if (at + 8 > Math.min(end, extraEnd)) throw damaged(file, 'its zip64 field is cut short');
    at += 8;
    return readUint64(view, at - 8);
  });
}

function decodePath(name: Uint8Array, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(name);
  } catch (error) {
    const entry = new TextDecoder().decode(name);
    throw new KnownError('zip-path-unsafe', { file, entry }, { cause: error });
  }
}

/** Throws `zip-path-unsafe` for a path that could leave the folder it is unpacked to, or that systems read differently. */
export function checkPath(path: string, file: string): void {
  const parts = path.replace(/\/$/, '').split('/');
  const odd = parts.some((part) => part === '' || part === '.' || part === '..');
  if (odd || /[\\\p{Cc}]|^[a-z]:/iu.test(path))
    throw new KnownError('zip-path-unsafe', { file, entry: path });
}
