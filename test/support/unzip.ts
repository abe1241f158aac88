/**
 * An independent reader of stored zips, to check ours by: walks the central directory, compares it with the
 * local headers, verifies every CRC-32. Reads zip64. Throws on anything else.
 *
 * Source: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, 4.3 and 4.5.3
 */

const endRecord = 0x06054b50;
const endRecord64 = 0x06064b50;
const endLocator64 = 0x07064b50;
const centralHeader = 0x02014b50;
const localHeader = 0x04034b50;
/** In a 4-byte field: the number is in the zip64 record or extra field. */
const elsewhere = 0xffffffff;

/** Every file's bytes by its path, in the directory's order. */
export function readZip(bytes: Uint8Array): Map<string, Uint8Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { count, start } = readEnd(view);
  const files = new Map<string, Uint8Array>();
  let at = start;
  for (let i = 0; i < count; i++) {
    const { path, crc, size, offset, next } = readEntry(view, bytes, at);
    if (files.has(path)) throw new Error(`${path} is in the zip twice`);
    const data = readData(view, bytes, path, offset, size);
    if (crc32(data) !== crc) throw new Error(`${path} does not match its CRC-32`);
    files.set(path, data);
    at = next;
  }
  return files;
}

/** Number of entries and where the directory starts. */
function readEnd(view: DataView): { count: number; start: number } {
  // no comment: the record is the last 22 bytes
  const end = view.byteLength - 22;
  if (end < 0 || view.getUint32(end, true) !== endRecord)
    throw new Error('no end record: not a zip, or cut short');
  const count = view.getUint16(end + 10, true);
  const start = view.getUint32(end + 16, true);
  if (start !== elsewhere && count !== 0xffff) return { count, start };
  if (view.getUint32(end - 20, true) !== endLocator64) throw new Error('no zip64 locator');
  const record = Number(view.getBigUint64(end - 12, true));
  if (view.getUint32(record, true) !== endRecord64) throw new Error('no zip64 end record');
  return {
    count: Number(view.getBigUint64(record + 32, true)),
    start: Number(view.getBigUint64(record + 48, true)),
  };
}

function readEntry(view: DataView, bytes: Uint8Array, at: number) {
  if (view.getUint32(at, true) !== centralHeader) throw new Error(`no directory entry at byte ${at}`);
  if (view.getUint16(at + 10, true) !== 0) throw new Error('a compressed file');
  const nameLength = view.getUint16(at + 28, true);
  const extraLength = view.getUint16(at + 30, true);
  const commentLength = view.getUint16(at + 32, true);
  const path = new TextDecoder('utf-8', { fatal: true }).decode(
    bytes.subarray(at + 46, at + 46 + nameLength),
  );
  const extra = at + 46 + nameLength;
  // stored in this order, each only where its field says so
  let wide = wideFields(view, extra, extra + extraLength);
  const orWide = (field: number): number => {
    if (field !== elsewhere) return field;
    const value = Number(view.getBigUint64(wide, true));
    wide += 8;
    return value;
  };
  const size = orWide(view.getUint32(at + 24, true));
  const stored = orWide(view.getUint32(at + 20, true));
  const offset = orWide(view.getUint32(at + 42, true));
  if (size !== stored) throw new Error(`${path} is stored in ${stored} bytes, but holds ${size}`);
  return {
    path,
    crc: view.getUint32(at + 16, true),
    size,
    offset,
    next: extra + extraLength + commentLength,
  };
}

/** Where the zip64 extra field's numbers start, or the end when there is none. */
function wideFields(view: DataView, start: number, end: number): number {
  let at = start;
  while (at < end && view.getUint16(at, true) !== 1) at += 4 + view.getUint16(at + 2, true);
  return at + 4;
}

function readData(view: DataView, bytes: Uint8Array, path: string, offset: number, size: number): Uint8Array {
  if (view.getUint32(offset, true) !== localHeader) throw new Error(`no file at byte ${offset}`);
  const nameLength = view.getUint16(offset + 26, true);
  const name = new TextDecoder().decode(bytes.subarray(offset + 30, offset + 30 + nameLength));
  if (name !== path) throw new Error(`the directory says ${path}, the file says ${name}`);
  const start = offset + 30 + nameLength + view.getUint16(offset + 28, true);
  if (start + size > bytes.byteLength) throw new Error(`${path} runs past the end`);
  return bytes.subarray(start, start + size);
}

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) crc = (crc >>> 8) ^ crcTable[(crc ^ bytes[i]!) & 0xff]!;
  return (crc ^ 0xffffffff) >>> 0;
}

const crcTable = Uint32Array.from({ length: 256 }, (_, n) => {
  let crc = n;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc >>> 0;
});
