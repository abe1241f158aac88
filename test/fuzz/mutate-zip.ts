/** Damage of a zip that a reader could believe: fields, names, places and ends that say something else. */
import { concat } from './mutate-bytes.ts';
import type { Random } from './random.ts';
import { pack, wide, type Entry, type Fields, type Zip } from './zips.ts';

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
