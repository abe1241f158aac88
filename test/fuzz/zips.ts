/** Zips as they are written: each field can say something else than the data. Format: src/zip/directory.ts. */
import { crc32, deflateRawSync } from 'node:zlib';
import { concat, join, type Bytes } from './mutate-bytes.ts';
import type { Random } from './random.ts';

export interface Entry {
  name: Bytes;
  data: Bytes;
  /** How it is stored: 0 as it is, 8 deflated; what it says may differ. */
  method: number;
  local: Fields;
  central: Fields;
}

/** What a header says instead of the truth. */
interface Fields {
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
function pack(...fields: readonly (readonly [size: 2 | 4 | 8, value: number])[]): Bytes {
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

const wide = 0xffffffff;

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

const sizes = [0, 1, 2, 40, 0xffff, 0x7fffffff, 0xfffffffe, wide];
const odd = (random: Random): Fields => {
  const ways: readonly (() => Fields)[] = [
    () => ({ method: random.pick([1, 8, 9, 12, 14, 99]) }),
    () => ({ flags: random.pick([0x1, 0x8, 0x40, 0x800, 0x2000, 0x2, 0x20]) }),
    () => ({ crc: random.below(2 ** 32) }),
    () => ({ bytes: random.pick(sizes) }),
    () => ({ storedBytes: random.pick(sizes) }),
    () => ({ bytes: 4, storedBytes: 4 }),
    () => ({ start: random.pick(sizes) }),
    () => ({ version: random.pick([10, 20, 45, 63, 0xffff]) }),
    () => ({ disk: 1 }),
    () => ({ signature: 0 }),
    () => ({ comment: random.bytes(5) }),
    () => ({ extra: pack([2, 0x4246], [2, 4], [4, 0]) }),
    () => ({ extra: pack([2, 1], [2, 16], [8, 4], [8, random.below(64)]) }),
    () => ({ extra: random.bytes(random.between(1, 9)) }),
  ];
  return random.pick(ways)();
};

const names = [
  '../x',
  '/x',
  'x/../y',
  'x\\y',
  'X/DATA.PKL',
  '',
  'x/',
  'x//y',
  'code/__torch__.py',
  'constants.pkl',
  'data/0',
  '\0',
];

function rename(entry: Entry, random: Random): void {
  const text = new TextDecoder().decode(entry.name);
  const folder = text.slice(0, text.indexOf('/') + 1);
  const name = random.pick([
    ...names,
    ...names.map((each) => folder + each),
    text.toUpperCase(),
    `other/${text}`,
  ]);
  const bytes = random.oneIn(8) ? random.bytes(6) : new TextEncoder().encode(name);
  const at = random.below(3);
  if (at === 0) entry.name = bytes;
  else if (at === 1) entry.local.name = bytes;
  else entry.central.name = bytes;
}

const ways: readonly (readonly [name: string, mutate: (zip: Zip, random: Random) => void])[] = [
  [
    'an odd header',
    ({ entries }, random) => {
      const entry = random.pick(entries);
      entry.local = { ...entry.local, ...odd(random) };
    },
  ],
  [
    'an odd entry',
    ({ entries }, random) => {
      const entry = random.pick(entries);
      entry.central = { ...entry.central, ...odd(random) };
    },
  ],
  [
    'both odd',
    ({ entries }, random) => {
      const entry = random.pick(entries);
      entry.local = entry.central = odd(random);
    },
  ],
  ['deflated', ({ entries }, random) => (random.pick(entries).method = 8)],
  ['all deflated', ({ entries }) => entries.forEach((entry) => (entry.method = 8))],
  ['renamed', ({ entries }, random) => rename(random.pick(entries), random)],
  [
    'an entry twice',
    ({ entries }, random) => {
      const entry = random.pick(entries);
      entries.push({ ...entry, data: random.oneIn(2) ? entry.data : random.bytes(entry.data.length) });
    },
  ],
  [
    'an entry lost',
    ({ entries }, random) => entries.length > 1 && entries.splice(random.below(entries.length), 1),
  ],
  ['reordered', ({ entries }, random) => random.shuffle(entries)],
  [
    'listed otherwise',
    (zip, random) => {
      zip.listed = zip.entries.map((_, i) => i);
      if (random.oneIn(2)) random.shuffle(zip.listed);
      else zip.listed[random.below(zip.listed.length)] = random.below(zip.entries.length);
    },
  ],
  ['something before', (zip, random) => (zip.prefix = random.bytes(random.between(1, 9)))],
  ['gaps', (zip, random) => (zip.gap = random.bytes(random.between(1, 9)))],
  [
    'a comment',
    (zip, random) => (zip.comment = random.pick([random.bytes(9), new TextEncoder().encode('PK\x05\x06')])),
  ],
  ['zip64', (zip, random) => (zip.form = random.pick(['zip64', 'zip64 fields']))],
  [
    'an odd end',
    ({ end }, random) => {
      const field = random.pick(['count', 'bytes', 'start', 'disk', 'commentBytes'] as const);
      end[field] = random.pick(sizes);
    },
  ],
  [
    'data changed',
    ({ entries }, random) => {
      const entry = random.pick(entries);
      entry.data = random.pick([
        random.bytes(entry.data.length),
        entry.data.slice(1),
        concat(entry.data, random.bytes(1)),
        new Uint8Array(),
      ]);
    },
  ],
  [
    'an odd record',
    ({ entries }, random) => {
      const records = entries.filter(({ name }) =>
        /version|byteorder|align|_id/.test(new TextDecoder().decode(name)),
      );
      if (records.length > 0)
        random.pick(records).data = new TextEncoder().encode(
          random.pick(['', '0', '1', '3\n', '10', '11', 'big', 'little\n', 'x', '99999999999']),
        );
    },
  ],
];

/** Damages a zip once, in place; says how. */
export function mutateZip(zip: Zip, random: Random): string {
  const [name, mutate] = random.pick(ways);
  mutate(zip, random);
  return name;
}
