/** Mutants of a `pytorch_model.bin`: torch's own files and drawn ones, damaged as bytes, as a zip, or as a pickle. */
import type { Case } from './cases.ts';
import { listFixtures, readFixture, tensorNames } from './corpus.ts';
import { concat, mutateBytes, type Bytes } from './mutate-bytes.ts';
import { global, integer, op, printOps, readOps, unicode, type Op } from './pickle-ops.ts';
import { mutateOps, storageNames } from './mutate-pickle.ts';
import { mutateZip } from './mutate-zip.ts';
import type { Random } from './random.ts';
import { printZip, readZip, toZip } from './zips.ts';

type Files = (readonly [name: string, data: Bytes])[];

const seeds = listFixtures('fuzz')
  .filter((name) => name.endsWith('.bin'))
  .map((name) => readFixture(`fuzz/${name}`));
const seedFiles = seeds.map(readZip);

/** Bytes of an element, by the storages that models are made of. */
const storages: readonly (readonly [name: string, width: number])[] = [
  ['torch.FloatStorage', 4],
  ['torch.FloatStorage', 4],
  ['torch.HalfStorage', 2],
  ['torch.BFloat16Storage', 2],
  ['torch.DoubleStorage', 8],
  ['torch.LongStorage', 8],
  ['torch.IntStorage', 4],
  ['torch.ByteStorage', 1],
  ['torch.BoolStorage', 1],
];

interface Storage {
  readonly type: string;
  readonly key: string;
  readonly count: number;
  readonly data: Bytes;
}

function drawStorages(random: Random): readonly Storage[] {
  return Array.from({ length: random.between(1, 3) }, (_, i) => {
    const [type, width] = random.pick(storages);
    const count = random.pick([0, 1, 4, 6, 12, 24]);
    // a bool that is neither 0 nor 1 is torch's own to interpret
    const data = random.bytes(count * width).map((byte) => (type.includes('Bool') ? byte & 1 : byte));
    return { type, key: random.oneIn(12) ? `k${i}` : String(i), count, data };
  });
}

interface View {
  shape: number[];
  strides: number[];
  offset: number;
}

/** Row-major, and then perhaps transposed, strided, shifted, repeated, or out of its storage. */
function drawView(count: number, random: Random): View {
  const shape = Array.from({ length: random.below(4) }, () => random.pick([0, 1, 2, 2, 3, 4]));
  while (shape.length > 0 && shape.reduce((product, size) => product * size, 1) > count) shape.pop();
  if (shape.length === 0 && count === 0) shape.push(0);
  const strides = shape.map((_, d) =>
    shape.slice(d + 1).reduce((product, size) => product * Math.max(1, size), 1),
  );
  const view = { shape, strides, offset: 0 };
  const room = count - shape.reduce((product, size) => product * size, 1);
  if (random.oneIn(2)) view.offset = random.below(room + 1);
  if (random.oneIn(3) && shape.length > 1) {
    shape.reverse();
    strides.reverse();
  }
  for (let i = random.oneIn(4) ? random.between(1, 2) : 0; i > 0; i--) twist(view, random);
  return view;
}

function twist(view: View, random: Random): void {
  const { shape, strides } = view;
  const d = random.below(Math.max(1, shape.length));
  const list = random.pick([shape, strides]);
  if (list.length === 0) return;
  list[d] = random.pick([0, 1, 1, 2, 3, 5, 7, -1, 255, 2 ** 31, 2 ** 40, 2 ** 62]);
  if (random.oneIn(4)) view.offset = random.pick([1, 2, -1, 23, 24, 25, 2 ** 40]);
  if (random.oneIn(12)) list.push(1);
}

function tuple(items: readonly Op[], random: Random): Op {
  const small = [op(')'), op(0x85), op(0x86), op(0x87)][items.length];
  if (small !== undefined && !random.oneIn(8)) return concat(...items, small);
  return concat(op('('), ...items, op('t'));
}

const hooks = concat(global('collections.OrderedDict'), op(')'), op('R'));

function persistent({ type, key, count }: Storage, random: Random): Op {
  const [said, place] = random.oneIn(32)
    ? [count + random.pick([-1, 1]), 'cpu']
    : [count, random.oneIn(8) ? 'cuda:0' : 'cpu'];
  const name = random.oneIn(48) ? random.pick(storageNames) : type;
  return concat(
    tuple([unicode('storage'), global(name), unicode(key), unicode(place), integer(said, random)], random),
    op('Q'),
  );
}

function rebuild(storage: Storage, random: Random): Op {
  const { shape, strides, offset } = drawView(storage.count, random);
  const sizes = (list: readonly number[]): Op =>
    tuple(
      list.map((size) => integer(size, random)),
      random,
    );
  const args = [
    persistent(storage, random),
    integer(offset, random),
    sizes(shape),
    sizes(strides),
    op(random.oneIn(12) ? 0x88 : 0x89),
    hooks,
  ];
  if (random.oneIn(12)) args.push(random.pick([op('N'), op('}'), hooks]));
  const tensor = concat(global('torch._utils._rebuild_tensor_v2'), tuple(args, random), op('R'));
  if (!random.oneIn(6)) return tensor;
  const parameter = tuple([tensor, op(random.oneIn(3) ? 0x88 : 0x89), hooks], random);
  return concat(global('torch._utils._rebuild_parameter'), parameter, op('R'));
}

const asides = [
  op('N'),
  op(0x88),
  unicode('x'),
  integer0(),
  op(']'),
  op('}'),
  op(')'),
  concat(op('G'), new Uint8Array(8)),
];

function integer0(): Op {
  return Uint8Array.of(0x4b, 0);
}

/** A state dict as another writer could have put it. */
function drawFiles(random: Random): Files {
  const held = drawStorages(random);
  const names = Array.from({ length: random.pick([0, 1, 1, 2, 2, 3]) }, () => random.pick(tensorNames));
  const entries = names.map((name): Op[] => {
    const value = random.oneIn(24) ? random.pick(asides) : rebuild(random.pick(held), random);
    return [unicode(name), value];
  });
  const many = random.oneIn(2)
    ? [op('('), ...entries.flat(), op('u')]
    : entries.flatMap((entry) => [...entry, op('s')]);
  const start = random.oneIn(2) ? hooks : op('}');
  const build = random.oneIn(6)
    ? concat(op('}'), unicode('_metadata'), hooks, op('s'), op('b'))
    : new Uint8Array();
  const pickle = printOps([Uint8Array.of(0x80, 2), start, ...many, build, op('.')]);
  const text = (whole: string): Bytes => new TextEncoder().encode(whole);
  return [
    ['m/data.pkl', pickle],
    ['m/byteorder', text('little')],
    ...held.map(({ key, data }) => [`m/data/${key}`, data] as const),
    ['m/version', text('3\n')],
  ];
}

export function drawBinCase(random: Random): Case {
  const how: string[] = [];
  const level = random.below(16);
  if (level < 2) {
    let file = random.pick(seeds);
    for (let i = random.between(0, 2); i > 0; i--) {
      const [mutant, name] = mutateBytes(file, random);
      file = mutant;
      how.push(name);
    }
    return { files: { 'pytorch_model.bin': file }, how };
  }
  const files = level < 6 ? drawFiles(random) : [...random.pick(seedFiles)];
  // drawn ones are odd enough as they are, half of the time
  if (level < 11 && (level >= 6 || random.oneIn(2))) how.push(...mutatePickle(files, random));
  const zip = toZip(files);
  if (level >= 11) for (let i = random.between(1, 2); i > 0; i--) how.push(mutateZip(zip, random));
  return { files: { 'pytorch_model.bin': printZip(zip) }, how };
}

function mutatePickle(files: Files, random: Random): string[] {
  const at = files.findIndex(([name]) => name.endsWith('/data.pkl'));
  const [name, pickle] = files[at]!;
  const how: string[] = [];
  const ops = readOps(pickle);
  for (let i = random.pick([1, 1, 2]); i > 0; i--) how.push(mutateOps(ops, random));
  let bytes = printOps(ops);
  if (random.oneIn(8)) {
    const [mutant, byteHow] = mutateBytes(bytes, random);
    bytes = mutant;
    how.push(`${byteHow} of the pickle`);
  }
  files[at] = [name, bytes];
  return how;
}
