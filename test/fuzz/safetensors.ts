/** Sound safetensors files of a few tensors, and mutants of them at every level: tensors, JSON, text, bytes. */
import { tensorNames, usualDtypes, widths } from './corpus.ts';
import { mutateTree, printTree, toTree, type Field } from './json-tree.ts';
import { concat, mutateBytes, type Bytes } from './mutate-bytes.ts';
import type { Random } from './random.ts';

interface Entry {
  name: string;
  dtype: string;
  shape: number[];
  start: number;
  end: number;
}

/** A file before it is written. */
export interface Draft {
  entries: Entry[];
  metadata: Record<string, string> | undefined;
  data: Bytes;
}

const oddNames = [
  '',
  ' ',
  '0',
  '__proto__',
  'constructor',
  'é',
  '\u{1f978}',
  'a\u0000b',
  '"',
  '\\',
  'a/b',
  '\uffff',
];

export function drawDraft(random: Random, names: readonly string[] = drawNames(random)): Draft {
  let at = 0;
  const entries = names.map((name): Entry => {
    const dtype = random.oneIn(12) ? random.pick(Object.keys(widths)) : random.pick(usualDtypes);
    const shape = Array.from({ length: random.below(4) }, () => random.pick([0, 1, 1, 2, 2, 3, 4]));
    const start = at;
    at += shape.reduce((product, size) => product * size, widths[dtype]!);
    return { name, dtype, shape, start, end: at };
  });
  const metadata = random.pick([undefined, undefined, { format: 'pt' }, {}, { format: 'pt', 'é"': '\n' }]);
  return { entries, metadata, data: random.bytes(at) };
}

export function drawNames(random: Random): readonly string[] {
  const names = new Set<string>();
  const count = random.pick([0, 1, 1, 2, 2, 3, 4, 6]);
  while (names.size < count) names.add(random.oneIn(10) ? random.pick(oddNames) : random.pick(tensorNames));
  return [...names];
}

/** Changes of meaning: some make another sound file, some break the rules between entries. */
const draftWays: readonly (readonly [name: string, mutate: (draft: Draft, random: Random) => void])[] = [
  ['shift a tensor', (draft, random) => atEntry(draft, random, (entry) => shift(entry, random, 'both'))],
  ['stretch a tensor', (draft, random) => atEntry(draft, random, (entry) => shift(entry, random, 'end'))],
  ['swap places', swapPlaces],
  ['place over another', placeOver],
  [
    'another dtype',
    (draft, random) =>
      atEntry(draft, random, (entry) => {
        entry.dtype = random.pick([...Object.keys(widths), 'F4', 'F6_E2M3', 'f32', 'FLOAT', 'F32 ', '']);
      }),
  ],
  [
    'a dtype as wide',
    (draft, random) =>
      atEntry(draft, random, (entry) => {
        const width = widths[entry.dtype] ?? 4;
        entry.dtype = random.pick(Object.keys(widths).filter((dtype) => widths[dtype] === width));
      }),
  ],
  ['another shape as large', (draft, random) => atEntry(draft, random, (entry) => reshape(entry, random))],
  [
    'another size',
    (draft, random) =>
      atEntry(draft, random, (entry) => {
        const size = random.pick([0, 1, 2, 3, 255, 2 ** 31, 2 ** 32, 2 ** 53, 2 ** 62]);
        entry.shape.splice(random.below(entry.shape.length + 1), random.below(2), size);
      }),
  ],
  [
    'rename a tensor',
    (draft, random) =>
      atEntry(draft, random, (entry) => {
        entry.name = random.pick([...oddNames, ...tensorNames, '__metadata__']);
      }),
  ],
  ['lose a tensor', (draft, random) => draft.entries.splice(random.below(draft.entries.length + 1), 1)],
  ['reorder the table', (draft, random) => random.shuffle(draft.entries)],
  ['more data', (draft, random) => (draft.data = concat(draft.data, random.bytes(random.between(1, 8))))],
  [
    'less data',
    (draft, random) =>
      (draft.data = draft.data.slice(0, Math.max(0, draft.data.length - random.between(1, 8)))),
  ],
];

export function mutateDraft(draft: Draft, random: Random): string {
  const [name, mutate] = random.pick(draftWays);
  mutate(draft, random);
  return name;
}

function atEntry(draft: Draft, random: Random, change: (entry: Entry) => void): void {
  if (draft.entries.length > 0) change(random.pick(draft.entries));
}

function shift(entry: Entry, random: Random, which: 'both' | 'end'): void {
  const by = random.pick([-8, -4, -1, 1, 2, 4, 8, 2 ** 32, 2 ** 53]);
  if (which === 'both') entry.start += by;
  entry.end += by;
}

function swapPlaces({ entries }: Draft, random: Random): void {
  if (entries.length === 0) return;
  const [one, other] = [random.pick(entries), random.pick(entries)];
  [one.start, one.end, other.start, other.end] = [other.start, other.end, one.start, one.end];
}

function placeOver({ entries }: Draft, random: Random): void {
  if (entries.length === 0) return;
  const [one, other] = [random.pick(entries), random.pick(entries)];
  [one.start, one.end, one.shape, one.dtype] = [other.start, other.end, [...other.shape], other.dtype];
}

function reshape(entry: Entry, random: Random): void {
  const count = entry.shape.reduce((product, size) => product * size, 1);
  entry.shape = random.pick([
    [count],
    [1, count],
    [count, 1],
    [...entry.shape, 1],
    [1, 1, ...entry.shape].reverse(),
  ]);
}

/** The text of the table, mutated `treeCount` times as JSON. */
function printDraft(draft: Draft, random: Random, treeCount: number): readonly [text: string, how: string[]] {
  const fields = draft.entries.map(({ name, dtype, shape, start, end }): Field => [
    JSON.stringify(name),
    toTree({ dtype, shape, data_offsets: [start, end] }),
  ]);
  if (draft.metadata !== undefined) {
    const at = random.oneIn(4) ? random.below(fields.length + 1) : 0;
    fields.splice(at, 0, ['"__metadata__"', toTree(draft.metadata)]);
  }
  const tree = { kind: 'map' as const, fields };
  const how = Array.from({ length: treeCount }, () => mutateTree(tree, random));
  return [printTree(tree, random), how];
}

/** What may stand behind the table within the header. */
const paddings = ['', '', ' ', '       ', '\n', '\t', '\0', '  \0', '}', ' {}', '\u00a0', '//'];

/** The draft as a file; `length` is what is added to the stated length of the header. */
function toFile(text: string, data: Uint8Array, length = 0n): Bytes {
  const header = new TextEncoder().encode(text);
  const first8 = new Uint8Array(8);
  new DataView(first8.buffer).setBigUint64(0, BigInt.asUintN(64, BigInt(header.length) + length), true);
  return concat(first8, header, data);
}

/** As the reference writer writes it: spaces up to a multiple of 8. */
export function toSoundFile(draft: Draft, random: Random): Bytes {
  const [text] = printDraft(draft, random, 0);
  const bytes = new TextEncoder().encode(text).length;
  return toFile(text + ' '.repeat((8 - (bytes % 8)) % 8), draft.data);
}

const lengths = [1n, -1n, 8n, -8n, 256n, 1n << 24n, 1n << 32n, 1n << 53n, 1n << 63n, -(1n << 63n)];

/** A file that grew from `draft`, damaged at one or two levels, or at none. */
export function toMutant(draft: Draft, random: Random): readonly [file: Bytes, how: string[]] {
  const how: string[] = [];
  const level = random.below(16);
  // one sound file in 16; the draft's changes alone often make another sound file
  const [draftCount, treeCount, byteCount] =
    level < 1
      ? [0, 0, 0]
      : level < 6
        ? [random.between(1, 3), 0, 0]
        : level < 11
          ? [0, random.between(1, 2), 0]
          : level < 13
            ? [1, 1, 0]
            : [0, 0, random.between(1, 2)];
  for (let i = 0; i < draftCount; i++) how.push(mutateDraft(draft, random));
  const [text, treeHow] = printDraft(draft, random, treeCount);
  how.push(...treeHow);
  const padding = random.oneIn(6) ? random.pick(paddings) : '';
  const length = random.oneIn(24) ? random.pick(lengths) : 0n;
  if (padding !== '') how.push('pad');
  if (length !== 0n) how.push('lie about the length');
  let file = toFile(text + padding, draft.data, length);
  for (let i = 0; i < byteCount; i++) {
    const [mutant, name] = mutateBytes(file, random);
    file = mutant;
    how.push(name);
  }
  return [file, how];
}
