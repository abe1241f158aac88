/** The end of a zip: where its directory lies. Format and source: directory.ts. */
import { readBlob } from '../blob.ts';
import { KnownError } from '../errors.ts';

const endSignature = 0x06054b50;
const endBytes = 22;
const end64Signature = 0x06064b50;
const end64Bytes = 56;
const locatorSignature = 0x07064b50;
const locatorBytes = 20;

/** A comment's length has two bytes. */
const commentLimitBytes = 0xffff;

/** In a field of 2 or 4 bytes: the number is in the zip64 record. */
const elsewhere16 = 0xffff;
export const elsewhere32 = 0xffffffff;

export interface DirectoryPlace {
  /** Byte range of the directory in the zip. */
  readonly start: number;
  readonly end: number;
  /** Entries that it says it has. */
  readonly count: number;
}

/** Throws `zip-damaged` where there is no end, or one that does not fit the file; `zip-split` for one part of several. */
export async function readEnd(zip: Blob, file: string): Promise<DirectoryPlace> {
  const tailStart = Math.max(0, zip.size - endBytes - commentLimitBytes - locatorBytes);
  const tail = viewOf(await readBlob(zip.slice(tailStart, zip.size), file, zip.size - tailStart));
  const at = findEnd(tail, file);
  const hasLocator = at >= locatorBytes && tail.getUint32(at - locatorBytes, true) === locatorSignature;
  if (hasLocator) return readEnd64(zip, tail, at, tailStart, file);
  const place = {
    disks: tail.getUint16(at + 4, true) + tail.getUint16(at + 6, true),
    count: tail.getUint16(at + 10, true),
    bytes: tail.getUint32(at + 12, true),
    start: tail.getUint32(at + 16, true),
  };
  if (place.count === elsewhere16 || place.bytes === elsewhere32 || place.start === elsewhere32) {
    throw damaged(file, 'its end refers to a zip64 record that is not there');
  }
  return checkPlace(place, tail.getUint16(at + 8, true), tailStart + at, file);
}

/** The last signature, as other readers take it; its comment has to end where the file does. */
function findEnd(tail: DataView, file: string): number {
  for (let at = tail.byteLength - endBytes; at >= 0; at--) {
    if (tail.getUint32(at, true) !== endSignature) continue;
    if (at + endBytes + tail.getUint16(at + 20, true) === tail.byteLength) return at;
    throw damaged(file, 'something follows its end');
  }
  throw damaged(file, 'it has no end: it was cut short, or is no zip');
}

/** @param at of the end record in the tail, which starts at `tailStart` of the zip */
async function readEnd64(
  zip: Blob,
  tail: DataView,
  at: number,
  tailStart: number,
  file: string,
): Promise<DirectoryPlace> {
  const locatorAt = at - locatorBytes;
  const recordAt = readUint64(tail, locatorAt + 8);
  if (tail.getUint32(locatorAt + 4, true) !== 0 || tail.getUint32(locatorAt + 16, true) > 1) {
    throw new KnownError('zip-split', { file });
  }
  // without the extensible part, which nobody writes, the record ends where the locator starts
  if (recordAt + end64Bytes !== tailStart + locatorAt) throw damaged(file, 'its zip64 record is misplaced');
  const record = viewOf(await readBlob(zip.slice(recordAt, recordAt + end64Bytes), file, end64Bytes));
  if (record.getUint32(0, true) !== end64Signature || readUint64(record, 4) !== end64Bytes - 12) {
    throw damaged(file, 'its zip64 record is none');
  }
  const place = {
    disks: record.getUint32(16, true) + record.getUint32(20, true),
    count: readUint64(record, 32),
    bytes: readUint64(record, 40),
    start: readUint64(record, 48),
  };
  const narrow: readonly (readonly [number, number, number])[] = [
    [tail.getUint16(at + 10, true), elsewhere16, place.count],
    [tail.getUint32(at + 12, true), elsewhere32, place.bytes],
    [tail.getUint32(at + 16, true), elsewhere32, place.start],
  ];
  if (narrow.some(([field, elsewhere, wide]) => field !== elsewhere && field !== wide)) {
    throw damaged(file, 'its two end records disagree');
  }
  return checkPlace(place, readUint64(record, 24), recordAt, file);
}

/**
 * @param countHere entries in this part of a split zip
 * @param endAt where the directory has to end
 */
function checkPlace(
  place: {
    readonly disks: number;
    readonly count: number;
    readonly bytes: number;
    readonly start: number;
  },
  countHere: number,
  endAt: number,
  file: string,
): DirectoryPlace {
  const { disks, count, bytes, start } = place;
  if (disks !== 0 || countHere !== count) throw new KnownError('zip-split', { file });
  if (start + bytes !== endAt) throw damaged(file, 'its directory is not where its end says');
  return { start, end: start + bytes, count };
}

export function damaged(file: string, why: string): KnownError {
  return new KnownError('zip-damaged', { file, why });
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Rounded above 2^53, where no file reaches: every use compares it with a position in the file. */
export function readUint64(view: DataView, at: number): number {
  return view.getUint32(at + 4, true) * 2 ** 32 + view.getUint32(at, true);
}
