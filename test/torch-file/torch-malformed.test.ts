/** Every way in which a PyTorch file is known to be more, less or other than a list of tensors, with what is said of it. */
import { describe, expect, test } from 'vitest';
import { openTorchFile } from '../../src/torch-file/torch-file.ts';
import { refusal } from '../model/models.ts';
import { toBytes, type ZipFile } from '../support/zip.ts';
import { dict, fileOf, global, int, open, orderedDict, pickle, tensor, text, tuple } from './pickles.ts';

const w = (value: string) => dict([['w', value]]);
const file = 'x.bin';

describe('openTorchFile', () => {
  test('reads a whole file', async () => {
    expect(await open(w(tensor({ shape: [2, 3], strides: [3, 1] })))).toMatchObject([
      { name: 'w', dtype: 'F32', shape: [2, 3], elementCount: 6, bytes: 24, storage: '0', offset: 0 },
    ]);
  });

  test('reads a state dict with attributes', async () => {
    const entries = `(${text('w')}${tensor()}u`;
    const metadata = `}${text('_metadata')}${orderedDict}s`;
    expect(await open(pickle(`${orderedDict}${entries}${metadata}b`))).toHaveLength(1);
  });

  test.each<[string, string, string, string]>([
    ['a shell command', global('posix', 'system') + text('id') + '\x85R', 'torch-global', 'posix.system'],
    ['a command by way of builtins', global('builtins', 'eval'), 'torch-global', 'builtins.eval'],
    ['a name of another module', global('torch', 'load'), 'torch-global', 'torch.load'],
    [
      'a class from numpy',
      global('numpy.core.multiarray', '_reconstruct'),
      'torch-global',
      'numpy.core.multiarray._reconstruct',
    ],
    [
      'a name with a dot in it',
      global('torch', '_utils._rebuild_tensor_v2.__globals__'),
      'torch-global',
      'torch._utils._rebuild_tensor_v2.__globals__',
    ],
    [
      'a sparse tensor',
      global('torch._utils', '_rebuild_sparse_tensor'),
      'torch-global',
      'torch._utils._rebuild_sparse_tensor',
    ],
    [
      'a quantised tensor',
      global('torch._utils', '_rebuild_qtensor'),
      'torch-global',
      'torch._utils._rebuild_qtensor',
    ],
    ['a storage of 8-bit floats', global('torch', 'float8_e4m3fn'), 'torch-global', 'torch.float8_e4m3fn'],
    [
      'a storage of complex numbers',
      global('torch', 'ComplexFloatStorage'),
      'torch-global',
      'torch.ComplexFloatStorage',
    ],
  ])('refuses %s by name', async (_, code, wanted, name) => {
    expect(await refusal(open(pickle(code)))).toEqual([wanted, { file, name }]);
  });

  test.each<[string, string, string]>([
    ['a name taken from the stack', '\x93', '0x93'],
    ['an object', '\x81', '0x81'],
    ['an instance', 'i', '0x69'],
    ['an extension', '\x82\x01', '0x82'],
    ['a persistent id in a line', 'P0\n', '0x50'],
    ['a frame of protocol 4', '\x95' + '\0'.repeat(8), '0x95'],
    ['a short text of protocol 4', '\x8c\x01a', '0x8c'],
    ['a memo of protocol 4', '}\x94', '0x94'],
    ['bytes', 'C\x01a', '0x43'],
    ['a text of Python 2', 'U\x01a', '0x55'],
    ['a set', '\x8f', '0x8f'],
    ['a long of four bytes of length', '\x8b\xff\xff\xff\x7f', '0x8b'],
    ['a repeated top', '}2', '0x32'],
  ])('refuses %s by its opcode', async (_, code, opcode) => {
    const [name, facts] = await refusal(open(pickle(code)));
    expect([name, facts]).toMatchObject(['torch-opcode', { file, opcode }]);
  });

  test.each<[string, string, string]>([
    ['nothing', '', 'it ends in the middle'],
    ['another beginning', '}.', 'it does not start as a pickle'],
    ['protocol 4', '\x80\x04}.', 'it is of protocol 4'],
    ['a cut', w(tensor()).slice(0, -2), 'it ends in the middle'],
    ['something behind it', `${w(tensor())}N`, 'something follows its end'],
    ['values left over', pickle('}}'), 'it ends with values left over'],
    ['an open mark', pickle('(}'), 'it ends with values left over'],
    ['an empty stack', pickle(''), 'it takes a value where there is none'],
    ['an underflow', pickle('}\x86'), 'it groups values that are not there'],
    ['a reach below a mark', pickle('}((s'), 'it takes a value where there is none'],
    ['a group without a mark', pickle('t'), 'it closes a group that was not opened'],
    ['a key without a value', pickle('}(Nu'), 'it sets a key without a value'],
    ['a key that is a tuple', pickle('})Ns'), 'a key is a tuple'],
    [
      'a tensor twice',
      dict([
        ['w', tensor()],
        ['w', tensor()],
      ]),
      'it sets w twice',
    ],
    ['an entry of a number', pickle('K\x01NNs'), 'it sets an entry of a number'],
    ['an item of a dict', pickle('}Na'), 'it appends to a dict'],
    ['a value never remembered', pickle('h\x07'), 'it recalls value 7, which it does not have'],
    ['a memo of nothing', pickle('q\x00'), 'it uses a value where there is none'],
    ['marks without end', pickle('('.repeat(10_000)), 'it nests too deep'],
    ['tuples without end', pickle(')' + '\x85'.repeat(210_000)), 'it makes more values than any checkpoint'],
    ['dicts without end', pickle('}K\x00Ns'.repeat(210_000)), 'it makes more values than any checkpoint'],
    ['numbers without end', pickle('N'.repeat(1_010_000)), 'it has more values than any checkpoint'],
    [
      'memos without end',
      pickle(`N${Array.from({ length: 201_000 }, (_, i) => `r${int(i).slice(1)}`).join('')}`),
      'it remembers more values than any checkpoint',
    ],
    ['a text of 4 GB', pickle('X\xff\xff\xff\xff'), 'it ends in the middle'],
    ['a text that is not UTF-8', pickle('X\x01\0\0\0\xff'), 'it has a text that is not UTF-8'],
    ['a name without an end', pickle('c' + 'a'.repeat(5000)), 'it has a name without an end'],
    ['a number of 255 bytes', pickle('\x8a\xff' + '\0'.repeat(255)), 'it has a number of 255 bytes'],
    ['a number beyond 2^53', pickle('\x8a\x08\0\0\0\0\0\0\0\x7f'), 'it has the number 9151314442816847872'],
    ['a call of a text', pickle(`${text('f')})R`), 'it calls a string'],
    ['a call of a class', pickle(`${global('torch', 'FloatStorage')})R`), 'it calls torch.FloatStorage'],
    [
      'a call without a tuple',
      pickle(`${global('collections', 'OrderedDict')}NR`),
      'the arguments of collections.OrderedDict are a None',
    ],
    [
      'a dict made of arguments',
      pickle(`${global('collections', 'OrderedDict')}N\x85R`),
      'it gives collections.OrderedDict arguments',
    ],
    ['a state of a plain dict', pickle('}}b'), 'it gives a dict a state that is a dict'],
    ['a state that is a list', pickle(`${orderedDict}]b`), 'it gives a OrderedDict a state that is a list'],
    ['another persistent id', pickle(`${tuple(text('module'))}Q`), 'a persistent id is no storage'],
    ['a persistent id that is a text', pickle(`${text('storage')}Q`), 'a persistent id are a string'],
    ['a storage of a dict', w(tensor({ type: '}' })), 'a storage is a dict'],
    [
      'a storage of a function',
      w(tensor({ type: global('torch._utils', '_rebuild_tensor_v2') })),
      'a storage is a global',
    ],
    ['a storage at an unknown place', w(tensor({ place: 'moon' })), 'a storage lies at an unknown place'],
    ['a negative storage', w(tensor({ count: -1 })), 'the size of a storage is -1'],
    [
      'a storage described in two ways',
      dict([
        ['a', tensor()],
        ['b', tensor({ count: 5 })],
      ]),
      'it describes storage 0 in two ways',
    ],
    ['negative strides', w(tensor({ strides: [-1] })), 'a stride is -1'],
    ['a negative offset', w(tensor({ offset: -1 })), 'an offset is -1'],
    ['a negative size', w(tensor({ shape: [-6] })), 'a dimension is -6'],
    ['a size that is true', w(tensor({ shape: tuple('\x88') })), 'a dimension is a boolean'],
    ['a shape that is a list', w(tensor({ shape: ']K\x06a' })), 'a shape are a list'],
    [
      'fewer strides than dimensions',
      w(tensor({ shape: [2, 3], strides: [1] })),
      'a tensor has 2 dimensions and 1 strides',
    ],
    ['hooks', w(tensor({ hooks: `${orderedDict}K\x00Ns` })), 'the hooks of a tensor are not an empty dict'],
    [
      'a conjugated tensor',
      w(tensor({ more: `}${text('conj')}\x88s` })),
      'the metadata of a tensor are not an empty dict',
    ],
    [
      'a gradient of integers',
      w(tensor({ type: global('torch', 'IntStorage'), gradient: '\x88' })),
      'whether a tensor of I32 needs a gradient is true',
    ],
    [
      'a tensor of a tensor',
      w(
        `${global('torch._utils', '_rebuild_tensor_v2')}${tuple(tensor(), int(0), ')', ')', '\x89', orderedDict)}R`,
      ),
      'a tensor is a view of a tensor',
    ],
    [
      'a parameter of a dict',
      w(`${global('torch._utils', '_rebuild_parameter')}${tuple('}', '\x89', orderedDict)}R`),
      'a parameter is made of a dict',
    ],
    [
      'bytes as floats',
      w(tensor({ type: global('torch.storage', 'UntypedStorage') })),
      'a tensor does not fit the kind of its storage',
    ],
  ])('refuses %s', async (_, code, why) => {
    expect(await refusal(open(code))).toEqual([
      'torch-pickle-damaged',
      { file, at: expect.any(Number) as number, why },
    ]);
  });

  test.each<[string, string, string]>([
    ['a tensor beyond its storage', w(tensor({ shape: [7] })), 'it ends at element 7 of a storage of 6'],
    [
      'strides beyond its storage',
      w(tensor({ shape: [2, 2], strides: [5, 1] })),
      'it ends at element 7 of a storage of 6',
    ],
    [
      'strides that overflow',
      w(tensor({ shape: [2], strides: [2 ** 52] })),
      `it ends at element ${2 ** 52 + 1} of a storage of 6`,
    ],
    [
      'an offset beyond its storage',
      w(tensor({ shape: [0], offset: 7 })),
      'it starts at element 7 of a storage of 6',
    ],
    [
      'a bomb of one element',
      w(tensor({ shape: [2 ** 40], strides: [0] })),
      `it repeats a storage of 6 to ${2 ** 40} elements`,
    ],
  ])('refuses %s', async (_, code, why) => {
    expect(await refusal(open(code))).toEqual(['torch-tensor-invalid', { file, tensor: 'w', why }]);
  });

  test.each<[string, readonly number[]]>([
    ['a size that overflows', [2 ** 31, 2 ** 31]],
    ['an overflow that a 0 hides', [2 ** 31, 2 ** 31, 0]],
  ])('refuses %s', async (_, shape) => {
    const strides = shape.map(() => 0);
    const facts = { file, tensor: 'w', shape: `(${shape.join(', ')})` };
    expect(await refusal(open(w(tensor({ shape, strides }))))).toEqual(['shape-overflow', facts]);
  });

  test.each<[string, string, string, string]>([
    ['a nested state dict', dict([['state_dict', `}${text('w')}${tensor()}s`]]), 'state_dict', 'dict'],
    [
      'a number among tensors',
      dict([
        ['w', tensor()],
        ['epoch', int(3)],
      ]),
      'epoch',
      'number',
    ],
    ['None among tensors', dict([['w', 'N']]), 'w', 'None'],
    ['a key that is a number', pickle(`}${int(3)}${tensor()}s`), '3', 'tensor'],
    ['a list of tensors', pickle(`]${tensor()}a`), '', 'list'],
    ['a tensor alone', pickle(tensor()), '', 'tensor'],
    ['a dict that holds itself', pickle(`}q\0${text('me')}h\0s`), 'me', 'dict'],
    [
      'a tensor in the attributes',
      pickle(`${orderedDict}}${text('_metadata')}${tensor()}sb`),
      '_metadata',
      'tensor',
    ],
  ])('refuses %s', async (_, code, entry, kind) => {
    expect(await refusal(open(code))).toEqual(['torch-not-flat', { file, entry, kind }]);
  });

  const odd = (record: string, text: string): [string, Record<string, unknown>] => [
    'torch-record-odd',
    { file, record, text },
  ];
  const lost = (record: string): [string, Record<string, unknown>] => [
    'torch-record-missing',
    { file, record },
  ];

  test.each<[string, readonly ZipFile[], [string, Record<string, unknown>]]>([
    ['TorchScript', [{ path: 'a/constants.pkl' }], ['torch-script', { file }]],
    ['code', [{ path: 'a/code/__torch__.py' }], ['torch-script', { file }]],
    ['a big-endian file', [{ path: 'a/byteorder', data: 'big' }], ['torch-big-endian', { file }]],
    ['another byte order', [{ path: 'a/byteorder', data: 'middle' }], odd('byteorder', 'middle')],
    ['a version to come', [{ path: 'a/version', data: '11\n' }], odd('version', '11\n')],
    [
      'an alignment that is no number',
      [{ path: 'a/.storage_alignment', data: 'little' }],
      odd('.storage_alignment', 'little'),
    ],
    [
      'an identity that is no text',
      [{ path: 'a/.data/serialization_id', data: Uint8Array.of(0x31, 0xff) }],
      odd('.data/serialization_id', 'not UTF-8'),
    ],
    ['a file beside its folder', [{ path: 'b/data/0' }], odd('b/data/0', 'outside of a/')],
    [
      'a version that is a book',
      [{ path: 'a/version', data: new Uint8Array(65) }],
      ['file-too-large', { file: 'x.bin/version', bytes: 65, limitBytes: 64 }],
    ],
    [
      'a storage that is cut short',
      [{ path: 'a/data/0', data: new Uint8Array(20) }],
      odd('data/0', '20 bytes, 24 in its description'),
    ],
    [
      'a storage that is too long',
      [{ path: 'a/data/0', data: new Uint8Array(28) }],
      odd('data/0', '28 bytes, 24 in its description'),
    ],
    [
      'a storage that is compressed',
      [{ path: 'a/data/0', method: 8 }],
      ['zip-compressed', { file, entry: 'a/data/0', method: 8 }],
    ],
    [
      'a pickle that is encrypted',
      [{ path: 'a/data.pkl', flags: 1 }],
      ['zip-encrypted', { file, entry: 'a/data.pkl' }],
    ],
    [
      'a pickle above 4 MiB',
      [{ path: 'a/data.pkl', data: new Uint8Array(2 ** 22 + 1) }],
      ['file-too-large', { file: 'x.bin/data.pkl', bytes: 2 ** 22 + 1, limitBytes: 2 ** 22 }],
    ],
  ])('refuses %s', async (_, others, want) => {
    expect(await refusal(openTorchFile(fileOf(w(tensor()), others), file))).toEqual(want);
  });

  test.each<[string, string, [string, Record<string, unknown>]]>([
    ['a storage that is not there', w(tensor({ storage: '7' })), lost('data/7')],
    ['a storage outside of its folder', w(tensor({ storage: '../data/0' })), lost('data/../data/0')],
    [
      'a storage of more than there is',
      w(tensor({ count: 2 ** 50 })),
      odd('data/0', `24 bytes, ${2 ** 52} in its description`),
    ],
  ])('refuses %s', async (_, code, want) => {
    expect(await refusal(open(code))).toEqual(want);
  });

  const tar = new Uint8Array(1024);
  tar.set(toBytes('ustar'), 257);
  const magic = Uint8Array.of(
    0x80,
    2,
    0x8a,
    10,
    0x6c,
    0xfc,
    0x9c,
    0x46,
    0xf9,
    0x20,
    0x6a,
    0xa8,
    0x50,
    0x19,
    0x2e,
  );

  test.each<[string, Uint8Array<ArrayBuffer>, [string, Record<string, unknown>]]>([
    ['the tar form', tar, ['torch-tar', { file }]],
    ['the form before zips', magic, ['torch-legacy', { file }]],
    ['nothing', new Uint8Array(), ['zip-damaged', { file, why: 'it does not start as one' }]],
  ])('refuses %s', async (_, bytes, want) => {
    expect(await refusal(openTorchFile(new Blob([bytes]), file))).toEqual(want);
  });

  test('refuses a zip of other things', async () => {
    const zip = await fileOf('').arrayBuffer();
    const other = new TextDecoder('latin1').decode(zip).replaceAll('version', 'content');
    const bytes = Uint8Array.from(other, (letter) => letter.charCodeAt(0));
    expect(await refusal(openTorchFile(new Blob([bytes]), file))).toEqual(lost('.data/version'));
  });
});
