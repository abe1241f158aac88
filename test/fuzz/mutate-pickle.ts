/** Damage of a pickle that a machine could follow: other arguments, names, places in the memo, opcodes. */
import { concat } from './mutate-bytes.ts';
import { global, integer, letter, op, text, unicode, type Op } from './pickle-ops.ts';
import type { Random } from './random.ts';

const numbers = [
  -1,
  0,
  1,
  2,
  3,
  4,
  6,
  255,
  65535,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 40,
  2 ** 53,
  2 ** 62,
  -(2 ** 31),
];

export const storageNames = [
  ...[
    'Float',
    'Half',
    'BFloat16',
    'Double',
    'Long',
    'Int',
    'Short',
    'Char',
    'Byte',
    'Bool',
    'ComplexFloat',
    'QInt8',
  ],
].map((name) => `torch.${name}Storage`);

const globals = [
  ...storageNames,
  ...[
    'torch.storage.UntypedStorage',
    'torch.storage.TypedStorage',
    'torch.storage._load_from_bytes',
    'torch.Tensor',
  ],
  ...[
    '_rebuild_tensor',
    '_rebuild_tensor_v2',
    '_rebuild_tensor_v3',
    '_rebuild_parameter',
    '_rebuild_qtensor',
  ].map((name) => `torch._utils.${name}`),
  ...['_rebuild_sparse_tensor', '_rebuild_meta_tensor_no_storage', '_rebuild_device_tensor_from_numpy'].map(
    (name) => `torch._utils.${name}`,
  ),
  ...['_rebuild_parameter_with_state', '_rebuild_wrapper_subclass', '_rebuild_nested_tensor'].map(
    (name) => `torch._utils.${name}`,
  ),
  ...[
    'torch._tensor._rebuild_from_type_v2',
    'torch.serialization._get_layout',
    'torch.Size',
    'torch.device',
    'torch.float32',
  ],
  ...[
    'torch.uint16',
    'torch.nn.parameter.Parameter',
    'torch.nn.Linear',
    'collections.OrderedDict',
    'collections.Counter',
  ],
  ...[
    'collections.defaultdict',
    'builtins.set',
    'builtins.bytearray',
    'builtins.dict',
    'builtins.eval',
    'builtins.complex',
  ],
  ...[
    '__builtin__.eval',
    '__builtin__.set',
    'os.system',
    'posix.system',
    'nt.system',
    'subprocess.Popen',
    'pickle.loads',
  ],
  ...[
    '_codecs.encode',
    'numpy.core.multiarray._reconstruct',
    'copyreg._reconstructor',
    'torch.load',
    '__main__.Model',
    '.',
    'x.',
  ],
];

const texts = [
  'storage',
  'cpu',
  'cuda:0',
  'cuda:99',
  'cuda',
  'meta',
  'mps',
  'cpu:0',
  'xx',
  '0',
  '1',
  '2',
  '9',
  '00',
  '-1',
  '../0',
  '0/',
  '',
  'a',
  '\0',
  'é',
  '\u{1f978}',
];

const others: readonly Op[] = [
  // POP, DUP, POP_MARK, NONE, NEWTRUE, NEWFALSE, MARK, TUPLE, EMPTY_*, TUPLE1-3, APPEND(S), SETITEM(S), BUILD, REDUCE, BINPERSID, STOP
  ...[
    '0',
    '2',
    '1',
    'N',
    0x88,
    0x89,
    '(',
    't',
    ')',
    ']',
    '}',
    0x85,
    0x86,
    0x87,
    'a',
    'e',
    's',
    'u',
    'b',
    'R',
    'Q',
    '.',
  ].map(op),
  // NEWOBJ, EMPTY_SET, ADDITEMS, FROZENSET, NEWOBJ_EX, STACK_GLOBAL, MEMOIZE, NEXT_BUFFER, READONLY_BUFFER
  ...[0x81, 0x8f, 0x90, 0x91, 0x92, 0x93, 0x94, 0x97, 0x98].map(op),
  // SHORT_BINBYTES, SHORT_BINUNICODE, SHORT_BINSTRING, BINSTRING, BINBYTES, BINUNICODE8, LONG4, EXT1, FRAME, PROTO
  ...[
    [0x43, 1, 65],
    [0x8c, 1, 65],
    [0x55, 1, 65],
    [0x54, 1, 0, 0, 0, 65],
    [0x42, 1, 0, 0, 0, 65],
  ].map((bytes) => Uint8Array.from(bytes)),
  ...[
    [0x8d, 1, 0, 0, 0, 0, 0, 0, 0, 65],
    [0x8b, 1, 0, 0, 0, 5],
    [0x82, 1],
    [0x95, 0, 0, 0, 0, 0, 0, 0, 0],
    [0x80, 2],
    [0x80, 4],
  ].map((bytes) => Uint8Array.from(bytes)),
  // LONG1 of no bytes, and of ten; INT, FLOAT, STRING, UNICODE, PERSID, GET, PUT, INST as lines of text
  ...[
    [0x8a, 0],
    [0x8a, 10, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0],
  ].map((bytes) => Uint8Array.from(bytes)),
  ...[
    'I1\n',
    'F1.0\n',
    "S'a'\n",
    'Va\n',
    'P0\n',
    'g0\n',
    'p0\n',
    'icollections\nOrderedDict\n',
    'L1L\n',
    'I01\n',
  ].map(text),
  // lengths without bytes
  ...[
    [0x58, 255, 255, 255, 255],
    [0x58, 0, 0, 0, 128],
    [0x8a, 255],
    [0x8b, 255, 255, 255, 127],
    [0x8d, 255, 255, 255, 255, 255, 255, 255, 127],
  ].map((bytes) => Uint8Array.from(bytes)),
];

const isInteger = (each: Op): boolean => ['J', 'K', 'M'].some((code) => each[0] === letter(code));
const isMemo = (each: Op): boolean => ['q', 'h'].some((code) => each[0] === letter(code));

function respell(each: Op, random: Random): Op {
  const code = each[0]!;
  if (code === letter('c')) return global(random.pick(globals));
  if (code === letter('X'))
    return random.oneIn(2)
      ? unicode(random.pick(texts))
      : concat(op('X'), Uint8Array.of(1, 0, 0, 0, random.below(256)));
  if (isInteger(each)) {
    const value = new DataView(each.buffer)[
      code === letter('K') ? 'getUint8' : code === letter('M') ? 'getUint16' : 'getInt32'
    ](1, true);
    return integer(random.oneIn(2) ? value + random.pick([-2, -1, 1, 2]) : random.pick(numbers), random);
  }
  if (isMemo(each))
    return Uint8Array.of(
      code,
      random.oneIn(2) ? random.below(32) : Math.max(0, each[1]! + random.pick([-1, 1])),
    );
  if (code === 0x80) return Uint8Array.of(code, random.below(7));
  if (code === 0x88 || code === 0x89)
    return random.pick([op(0x88), op(0x89), op('N'), Uint8Array.of(letter('K'), 1), unicode('x')]);
  return random.pick(others);
}

const ways: readonly (readonly [name: string, mutate: (ops: Op[], random: Random) => void])[] = [
  ['an argument', respellAny],
  ['an argument', respellAny],
  ['an argument', respellAny],
  ['an integer', (ops, random) => respellOf(ops, random, isInteger)],
  ['a global', (ops, random) => respellOf(ops, random, (each) => each[0] === letter('c'))],
  ['a text', (ops, random) => respellOf(ops, random, (each) => each[0] === letter('X'))],
  ['a memo', (ops, random) => respellOf(ops, random, isMemo)],
  ['a lost opcode', (ops, random) => ops.splice(random.below(ops.length), 1)],
  [
    'an opcode twice',
    (ops, random) => {
      const at = random.below(ops.length);
      ops.splice(at, 0, ops[at]!);
    },
  ],
  ['another opcode', (ops, random) => ops.splice(random.below(ops.length), 1, random.pick(others))],
  ['one more opcode', (ops, random) => ops.splice(random.below(ops.length + 1), 0, random.pick(others))],
  [
    'a range moved',
    (ops, random) => {
      const range = ops.splice(random.below(ops.length), random.between(1, 6));
      ops.splice(random.below(ops.length + 1), 0, ...range);
    },
  ],
  [
    'a range twice',
    (ops, random) => {
      const at = random.below(ops.length);
      ops.splice(
        random.oneIn(2) ? at : random.below(ops.length),
        0,
        ...ops.slice(at, at + random.between(1, 24)),
      );
    },
  ],
  [
    'a value renamed',
    (ops, random) => ops.splice(random.below(ops.length), 0, Uint8Array.of(letter('q'), random.below(32))),
  ],
  ['something behind', (ops, random) => ops.push(random.pick(others))],
];

function respellAny(ops: Op[], random: Random): void {
  const at = random.below(ops.length);
  if (ops.length > 0) ops[at] = respell(ops[at]!, random);
}

function respellOf(ops: Op[], random: Random, is: (each: Op) => boolean): void {
  const found = ops.flatMap((each, i) => (is(each) ? [i] : []));
  if (found.length > 0) {
    const at = random.pick(found);
    ops[at] = respell(ops[at]!, random);
  }
}

/** Damages a pickle once, in place; says how. */
export function mutateOps(ops: Op[], random: Random): string {
  const [name, mutate] = random.pick(ways);
  if (ops.length > 0) mutate(ops, random);
  return name;
}
