/** Writes stored zips, sound or not: every field can be given another value. Checksums are left at 0: nobody here asks. */

export interface ZipFile {
  readonly path: string;
  readonly data?: Uint8Array | string;
  /** Other values for fields of both headers, then for fields of one. */
  readonly flags?: number;
  readonly method?: number;
  readonly local?: Partial<Fields>;
  readonly central?: Partial<Fields>;
}

interface Fields {
  readonly path: string;
  readonly flags: number;
  readonly method: number;
  readonly storedBytes: number;
  readonly bytes: number;
  readonly disk: number;
  readonly headerStart: number;
  readonly extra: Uint8Array;
}

export interface End {
  readonly disk?: number;
  readonly countHere?: number;
  readonly count?: number;
  readonly bytes?: number;
  readonly start?: number;
  readonly comment?: string;
  /** What stands between the directory and the end record. */
  readonly before?: (start: number, bytes: number, count: number) => Uint8Array;
}

const elsewhere = 0xffffffff;

export function zipOf(files: readonly ZipFile[], end: End = {}): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  const central: Uint8Array[] = [];
  let at = 0;
  const put = (part: Uint8Array): void => {
    parts.push(part);
    at += part.length;
  };
  for (const file of files) {
    const data = toBytes(file.data ?? '');
    const fields: Fields = {
      ...{ path: file.path, flags: file.flags ?? 0x800, method: file.method ?? 0 },
      ...{ storedBytes: data.length, bytes: data.length, disk: 0, headerStart: at, extra: new Uint8Array() },
    };
    central.push(printHeader('central', { ...fields, ...file.central }));
    put(printHeader('local', { ...fields, ...file.local }));
    put(data);
  }
  const start = at;
  central.forEach(put);
  const bytes = at - start;
  put(end.before?.(start, bytes, files.length) ?? new Uint8Array());
  put(printEnd({ start, bytes, count: files.length, countHere: files.length, ...end }));
  return concat(parts);
}

function printHeader(kind: 'local' | 'central', fields: Fields): Uint8Array {
  const name = toBytes(fields.path);
  const head = new Uint8Array(kind === 'local' ? 30 : 46);
  const view = new DataView(head.buffer);
  view.setUint32(0, kind === 'local' ? 0x04034b50 : 0x02014b50, true);
  const at = kind === 'local' ? 6 : 8;
  view.setUint16(at, fields.flags, true);
  view.setUint16(at + 2, fields.method, true);
  view.setUint32(at + 12, fields.storedBytes, true);
  view.setUint32(at + 16, fields.bytes, true);
  view.setUint16(at + 20, name.length, true);
  view.setUint16(at + 22, fields.extra.length, true);
  if (kind === 'central') {
    view.setUint16(34, fields.disk, true);
    view.setUint32(42, fields.headerStart, true);
  }
  return concat([head, name, fields.extra]);
}

function printEnd(end: End & Required<Pick<End, 'start' | 'bytes' | 'count' | 'countHere'>>): Uint8Array {
  const comment = toBytes(end.comment ?? '');
  const head = new Uint8Array(22);
  const view = new DataView(head.buffer);
  view.setUint32(0, 0x06054b50, true);
  view.setUint16(4, end.disk ?? 0, true);
  view.setUint16(8, end.countHere, true);
  view.setUint16(10, end.count, true);
  view.setUint32(12, end.bytes, true);
  view.setUint32(16, end.start, true);
  view.setUint16(20, comment.length, true);
  return concat([head, comment]);
}

/** A zip64 end record and its locator. */
export function printEnd64(start: number, bytes: number, count: number): Uint8Array {
  const out = new Uint8Array(76);
  const view = new DataView(out.buffer);
  view.setUint32(0, 0x06064b50, true);
  view.setBigUint64(4, 44n, true);
  view.setBigUint64(24, BigInt(count), true);
  view.setBigUint64(32, BigInt(count), true);
  view.setBigUint64(40, BigInt(bytes), true);
  view.setBigUint64(48, BigInt(start), true);
  view.setUint32(56, 0x07064b50, true);
  view.setBigUint64(64, BigInt(start + bytes), true);
  view.setUint32(72, 1, true);
  return out;
}

/** The zip64 field of an entry's header, and what its fields say then. */
export function wide(...numbers: readonly number[]): Uint8Array {
  const out = new Uint8Array(4 + 8 * numbers.length);
  const view = new DataView(out.buffer);
  view.setUint16(0, 1, true);
  view.setUint16(2, 8 * numbers.length, true);
  numbers.forEach((number, i) => view.setBigUint64(4 + 8 * i, BigInt(number), true));
  return out;
}
export const inWide = elsewhere;

export function toBytes(data: Uint8Array | string): Uint8Array {
  return typeof data === 'string' ? new TextEncoder().encode(data) : data;
}

export function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
