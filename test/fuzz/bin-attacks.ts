/** Attacks on a `pytorch_model.bin`, by name: bombs of every part of it, cycles, counts, names that would run code. */
import { fileOf } from '../safetensors/files.ts';
import type { Attack } from './attacks.ts';
import { readFixture } from './corpus.ts';
import { concat, join, type Bytes } from './mutate-bytes.ts';
import { global, op, unicode, type Op } from './pickle-ops.ts';
import { printZip, readZip, toZip, type Zip } from './zips.ts';

const path = 'pytorch_model.bin';
const text = (whole: string): Bytes => new TextEncoder().encode(whole);
const zeros = (count: number): Bytes => new Uint8Array(count);

/** A file of torch's own, whose zip is changed before it is written. */
function zip(name: string, want: Attack['want'], change: (zip: Zip) => void): Attack {
  const files = () => {
    const whole = toZip(readZip(readFixture('fuzz/views.bin')));
    change(whole);
    return { [path]: printZip(whole) };
  };
  return { name, want, files };
}

/** A file with this pickle, without its PROTO and STOP, and a storage of 96 zeros. */
function pickle(name: string, want: Attack['want'], ops: () => readonly Op[]): Attack {
  const files = () => {
    const data = concat(Uint8Array.of(0x80, 2), ...ops(), op('.'));
    const records = [
      ['m/data.pkl', data],
      ['m/data/0', zeros(96)],
      ['m/version', text('3\n')],
    ] as const;
    return { [path]: printZip(toZip(records)) };
  };
  return { name, want, files };
}

const many = (count: number, each: Op): Op => {
  const whole = new Uint8Array(count * each.length);
  for (let at = 0; at < whole.length; at += each.length) whole.set(each, at);
  return whole;
};
const byte = (value: number): Op => Uint8Array.of(0x4b, value);
const long = (value: bigint): Op => {
  const bytes = new Uint8Array(10);
  bytes.set([0x8a, 8]);
  new DataView(bytes.buffer).setBigInt64(2, value, true);
  return bytes;
};
const marked = (...items: readonly Op[]): Op => concat(op('('), ...items, op('t'));
const hooks = concat(global('collections.OrderedDict'), op(')'), op('R'));
const storage = (count: Op, key = '0'): Op =>
  concat(
    marked(unicode('storage'), global('torch.FloatStorage'), unicode(key), unicode('cpu'), count),
    op('Q'),
  );
const tensor = (shape: Op, strides: Op, count: Op = byte(24), key?: string): Op =>
  concat(
    global('torch._utils._rebuild_tensor_v2'),
    marked(storage(count, key), byte(0), shape, strides, op(0x89), hooks),
    op('R'),
  );
/** A state dict of one tensor. */
const dict = (value: Op): readonly Op[] => [op('}'), unicode('a'), value, op('s')];
/** A call in the place of a tensor. */
const call = (name: string, argument: string): readonly Op[] =>
  dict(concat(global(name), marked(unicode(argument)), op('R')));

const mega = 1_000_000;

export const binAttacks: readonly Attack[] = [
  zip('a zip bomb: a storage of 16 MB in 16 kB', 'zip-compressed', ({ entries }) => {
    const last = entries.find(({ name }) => new TextDecoder().decode(name).endsWith('data/0'));
    if (last !== undefined) Object.assign(last, { data: zeros(16 * mega), method: 8 });
  }),
  zip('a zip bomb: files that overlap', 'zip-damaged', ({ entries }) => {
    for (let i = 0; i < 1000; i++) {
      entries.push({
        name: text(`views/x${i}`),
        data: zeros(0),
        method: 0,
        local: {},
        central: { start: 0, bytes: 403, storedBytes: 403 },
      });
    }
  }),
  zip('a directory of 5 MB of comments', 'zip-directory-large', ({ entries }) => {
    for (let i = 0; i < 80; i++) {
      const central = { comment: zeros(60_000) };
      entries.push({ name: text(`views/x${i}`), data: zeros(0), method: 0, local: {}, central });
    }
  }),
  zip('a directory that says it has 2^63 entries', 'zip-damaged', (whole) => {
    whole.form = 'zip64';
    whole.end = { count: 2 ** 63 };
  }),
  zip('a path out of the folder', 'zip-path-unsafe', ({ entries }) => {
    entries.push({ name: text('views/../../x'), data: zeros(1), method: 0, local: {}, central: {} });
  }),
  zip('two pickles under one name', 'zip-entry-twice', ({ entries }) => entries.push({ ...entries[0]! })),
  zip('a pickle of 5 MB', 'file-too-large', ({ entries }) => (entries[0]!.data = zeros(5 * mega))),
  pickle('a bomb of marks', 'torch-pickle-damaged', () => [many(4 * mega, op('('))]),
  pickle('a bomb of lists', 'torch-pickle-damaged', () => [many(4 * mega, op(']'))]),
  pickle('a bomb of tuples in tuples', 'torch-pickle-damaged', () => [op(')'), many(4 * mega, op(0x85))]),
  pickle('a bomb of values', 'torch-pickle-damaged', () => [many(4 * mega, op('N'))]),
  pickle('a bomb of texts', 'torch-pickle-damaged', () => [many(mega / 2, unicode('ab'))]),
  pickle('a bomb of names', 'torch-pickle-damaged', () => [many(200_000, global('torch.HalfStorage'))]),
  pickle('a bomb of a memo', 'torch-pickle-damaged', () => [
    op('N'),
    join(Array.from({ length: 300_000 }, (_, i) => Uint8Array.of(0x72, i & 255, (i >> 8) & 255, i >> 16, 0))),
  ]),
  pickle('a billion laughs', 'torch-not-flat', () => [
    op(']'),
    ...Array.from({ length: 60 }, (_, i) =>
      concat(Uint8Array.of(0x71, i), op(']'), op('('), many(10, Uint8Array.of(0x68, i)), op('e')),
    ),
    many(60, op('a')),
  ]),
  pickle('a list that holds itself', 'torch-not-flat', () => [
    op(']'),
    Uint8Array.of(0x71, 0, 0x68, 0),
    op('a'),
  ]),
  pickle('a dict that holds itself', 'torch-not-flat', () => [
    op('}'),
    Uint8Array.of(0x71, 0),
    unicode('a'),
    Uint8Array.of(0x68, 0),
    op('s'),
  ]),
  pickle('a text of 4 GB', 'torch-pickle-damaged', () => [Uint8Array.of(0x58, 255, 255, 255, 255)]),
  pickle('an integer of 255 bytes', 'torch-pickle-damaged', () => [
    Uint8Array.of(0x8a, 255),
    zeros(255).fill(1),
  ]),
  pickle('a storage of 2^52 elements', 'torch-record-odd', () =>
    dict(tensor(marked(byte(24)), marked(byte(1)), long(2n ** 52n))),
  ),
  pickle('a storage out of the folder', 'torch-record-missing', () =>
    dict(tensor(marked(byte(24)), marked(byte(1)), byte(24), '../../data/0')),
  ),
  pickle('a view of 2^50 elements', 'torch-tensor-invalid', () =>
    dict(tensor(marked(long(2n ** 50n)), marked(byte(0)))),
  ),
  pickle('a view of negative size', 'torch-pickle-damaged', () =>
    dict(tensor(marked(long(-1n)), marked(byte(1)))),
  ),
  pickle('a view beyond its storage', 'torch-tensor-invalid', () =>
    dict(tensor(marked(byte(25)), marked(byte(1)))),
  ),
  pickle('a view with steps of 2^62', 'torch-pickle-damaged', () =>
    dict(tensor(marked(byte(2)), marked(long(2n ** 62n)))),
  ),
  pickle('a view of sixty-four dimensions', 'read', () =>
    dict(tensor(concat(op('('), many(64, byte(1)), op('t')), concat(op('('), many(64, byte(0)), op('t')))),
  ),
  ...[
    'os.system',
    'posix.system',
    'builtins.eval',
    '__builtin__.exec',
    'subprocess.Popen',
    'torch.load',
    'pickle.loads',
  ].map((name) => pickle(`a call of ${name}`, 'torch-global', () => call(name, 'echo shaker'))),
  pickle('a call of a storage', 'torch-pickle-damaged', () => call('torch.FloatStorage', '9')),
  pickle('an object by its class', 'torch-opcode', () => [
    global('collections.OrderedDict'),
    op(')'),
    op(0x81),
  ]),
  pickle('a name put together from texts', 'torch-opcode', () => [
    unicode('os'),
    unicode('system'),
    op(0x93),
  ]),
  pickle('an extension by its number', 'torch-opcode', () => [Uint8Array.of(0x82, 1)]),
  {
    name: 'safetensors under the name of a pickle',
    want: 'zip-damaged',
    files: () => ({ [path]: fileOf('{}') }),
  },
];
