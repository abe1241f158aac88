/** Zips as they are written: each field can say something else than the data. Format: src/zip/directory.ts. */
import { crc32, deflateRawSync } from 'node:zlib';
import { concat, join, type Bytes } from './mutate-bytes.ts';

export interface Entry {
  name: Bytes;
  data: Bytes;
  /** How it is stored: 0 as it is, 8 deflated; what it says may differ. */
  method: number;
  local: Fields;
  central: Fields;
}

/** What a header says instead of the truth. */
export interface Fields {
  name?: Bytes;
  method?: number;
  flags?: number;
  version?: number;
  crc?: number;
  storedBytes?: number;
  bytes?: number;
  start?: number;
  disk?: number;
  extra?: Bytes;
  signature?: number;
  comment?: Bytes;
}

export interface Zip {
  entries: Entry[];
  prefix: Bytes;
  /** Between the files. */
  gap: Bytes;
  comment: Bytes;
  form: 'zip' | 'zip64' | 'zip64 fields';
  end: { count?: number; bytes?: number; start?: number; disk?: number; commentBytes?: number };
  /** Indexes into `entries` that the directory lists, in its order. */
  listed: number[] | undefined;
}

export function toZip(files: readonly (readonly [name: string, data: Bytes])[]): Zip {
  const entries = files.map(([name, data]): Entry => {
    return { name: new TextEncoder().encode(name), data, method: 0, local: {}, central: {} };
  });
  const none = new Uint8Array();
  return { entries, prefix: none, gap: none, comment: none, form: 'zip', end: {}, listed: undefined };
}

/** The files of a sound zip, as stored. */
export function readZip(bytes: Bytes): readonly (readonly [name: string, data: Bytes])[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const end = bytes.length - 22;
  const files: [string, Bytes][] = [];
  let at = view.getUint32(end + 16, true);
  for (let i = view.getUint16(end + 10, true); i > 0; i--) {
    const [nameBytes, extraBytes] = [view.getUint16(at + 28, true), view.getUint16(at + 30, true)];
    const start = view.getUint32(at + 42, true);
    const data = start + 30 + view.getUint16(start + 26, true) + view.getUint16(start + 28, true);
    const name = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + nameBytes));
    files.push([name, bytes.slice(data, data + view.getUint32(at + 24, true))]);
    at += 46 + nameBytes + extraBytes + view.getUint16(at + 32, true);
  }
  return files;
}

/** Numbers of 2, 4 or 8 bytes each, little-endian. */
export function pack(...fields: readonly (readonly [size: 2 | 4 | 8, value: number])[]): Bytes {
  const bytes = new Uint8Array(fields.reduce((sum, [size]) => sum + size, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const [size, value] of fields) {
    if (size === 8) view.setBigUint64(at, BigInt.asUintN(64, BigInt(value)), true);
    else if (size === 4) view.setUint32(at, value % 2 ** 32, true);
    else view.setUint16(at, value % 2 ** 16, true);
    at += size;
  }
  return bytes;
}

export const wide = 0xffffffff;

export function printZip(zip: Zip): Bytes {
  const parts: Uint8Array[] = [zip.prefix];
  let at = zip.prefix.length;
  const starts: number[] = [];
  for (const entry of zip.entries) {
    starts.push(at);
    const local = printLocal(entry);
    parts.push(local, zip.gap);
    at += local.length + zip.gap.length;
  }
  // an entry that is listed may have been lost since
  const listed = (zip.listed ?? zip.entries.map((_, i) => i)).filter((i) => i < zip.entries.length);
  const directory = join(listed.map((i) => printCentral(zip, zip.entries[i]!, starts[i]!)));
  parts.push(directory, printEnd(zip, at, directory.length, listed.length));
  return join(parts);
}

function packed({ data, method }: Entry): Uint8Array {
  return method === 8 ? deflateRawSync(data) : data;
}

function printLocal(entry: Entry): Bytes {
  const { name, data, method, local } = entry;
  const stored = packed(entry);
  const [said, extra] = [local.name ?? name, local.extra ?? new Uint8Array()];
  return concat(
    pack(
      [4, local.signature ?? 0x04034b50],
      [2, local.version ?? 0],
      [2, local.flags ?? 0],
      [2, local.method ?? method],
    ),
    pack(
      [4, 0],
      [4, local.crc ?? crc32(data)],
      [4, local.storedBytes ?? stored.length],
      [4, local.bytes ?? data.length],
    ),
    pack([2, said.length], [2, extra.length]),
    ...[said, extra, stored],
  );
}

function printCentral(zip: Zip, entry: Entry, at: number): Bytes {
  const { name, data, method, central } = entry;
  const [storedBytes, bytes] = [central.storedBytes ?? packed(entry).length, central.bytes ?? data.length];
  const [said, comment, start] = [
    central.name ?? name,
    central.comment ?? new Uint8Array(),
    central.start ?? at,
  ];
  const elsewhere = zip.form === 'zip64 fields';
  const field = elsewhere
    ? pack([2, 1], [2, 24], [8, bytes], [8, storedBytes], [8, start])
    : new Uint8Array();
  const extra = concat(field, central.extra ?? new Uint8Array());
  return concat(
    pack([4, central.signature ?? 0x02014b50], [2, 0], [2, central.version ?? 0], [2, central.flags ?? 0]),
    pack([2, central.method ?? method], [4, 0], [4, central.crc ?? crc32(data)]),
    pack([4, elsewhere ? wide : storedBytes], [4, elsewhere ? wide : bytes]),
    pack([2, said.length], [2, extra.length], [2, comment.length], [2, central.disk ?? 0], [2, 0], [4, 0]),
    pack([4, elsewhere ? wide : start]),
    ...[said, extra, comment],
  );
}

function printEnd(
  { end, comment, form }: Zip,
  at: number,
  directoryBytes: number,
  listedCount: number,
): Bytes {
  const [count, bytes, start] = [end.count ?? listedCount, end.bytes ?? directoryBytes, end.start ?? at];
  const disk = end.disk ?? 0;
  const in64 =
    form === 'zip'
      ? new Uint8Array()
      : concat(
          pack(
            [4, 0x06064b50],
            [8, 44],
            [2, 45],
            [2, 45],
            [4, disk],
            [4, disk],
            [8, count],
            [8, count],
            [8, bytes],
            [8, start],
          ),
          pack([4, 0x07064b50], [4, 0], [8, at + directoryBytes], [4, 1]),
        );
  const narrow = form === 'zip64 fields' ? [0xffff, wide, wide] : [count, bytes, start];
  return concat(
    in64,
    pack(
      [4, 0x06054b50],
      [2, disk],
      [2, disk],
      [2, narrow[0]!],
      [2, narrow[0]!],
      [4, narrow[1]!],
      [4, narrow[2]!],
    ),
    pack([2, end.commentBytes ?? comment.length]),
    comment,
  );
}
