/** Attacks by name, each with the code that refuses it; `read` where it is none, and is read as Python reads it. */
import type { ErrorCode } from '../../src/errors.ts';
import { fileOf } from '../safetensors/files.ts';
import { binAttacks } from './bin-attacks.ts';
import { concat, type Bytes } from './mutate-bytes.ts';

export interface Attack {
  readonly name: string;
  readonly want: ErrorCode | 'read';
  /** Made when it is needed: some are large. */
  readonly files: () => Readonly<Record<string, Bytes>>;
}

const text = (whole: string): Bytes => new TextEncoder().encode(whole);
const entry = (start: number, end: number): string =>
  `{"dtype":"U8","shape":[${end - start}],"data_offsets":[${start},${end}]}`;

/** A model of one file with this header. */
function header(name: string, want: Attack['want'], print: () => string, dataBytes = 0): Attack {
  return { name, want, files: () => ({ 'model.safetensors': fileOf(print(), new Uint8Array(dataBytes)) }) };
}

/** A file that states `length` as its header's, with `rest` behind. */
function stated(name: string, want: Attack['want'], length: bigint, rest: Bytes): Attack {
  const first8 = new Uint8Array(8);
  new DataView(first8.buffer).setBigUint64(0, length, true);
  return { name, want, files: () => ({ 'model.safetensors': concat(first8, rest) }) };
}

const wide = (count: number, part: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => part(i)).join(',');
const mega = 1_000_000;

const headers: readonly Attack[] = [
  stated('a header of 8 MiB and a byte', 'header-too-large', 2n ** 23n + 1n, new Uint8Array()),
  stated('a header of 2^64 - 1 bytes', 'header-too-large', 2n ** 64n - 1n, text('{}')),
  stated('a header of 2^63 bytes', 'header-too-large', 2n ** 63n, text('{}')),
  stated('a header one byte longer than its file', 'header-truncated', 3n, text('{}')),
  stated('a header that is not there', 'header-truncated', 2n, new Uint8Array()),
  stated('a header of no bytes', 'header-json', 0n, new Uint8Array()),
  header('a bomb of brackets', 'header-json', () => `{"a":${'['.repeat(7 * mega)}`),
  header('a bomb of objects', 'header-json', () => `{"a":${'{"a":'.repeat(mega)}`),
  header('a bomb of spaces', 'read', () => `{}${' '.repeat(7 * mega)}`),
  header('a bomb of empty entries', 'header-json', () => `{${wide(mega / 2, (i) => `"${i}":{}`)}}`),
  header('a bomb of empty objects in one list', 'header-json', () => `{"a":[${wide(2 * mega, () => '{}')}]}`),
  header(
    'a bomb of dimensions',
    'header-json',
    () => `{"a":{"dtype":"U8","shape":[${wide(3 * mega, () => '1')}],"data_offsets":[0,1]}}`,
    1,
  ),
  header(
    'a bomb of digits',
    'tensor-entry-invalid',
    () => `{"a":{"dtype":"U8","shape":[${'1'.repeat(7 * mega)}],"data_offsets":[0,1]}}`,
    1,
  ),
  header(
    'a bomb of a name',
    'dtype-unknown',
    () => `{"${'a'.repeat(7 * mega)}":{"dtype":"X","shape":[],"data_offsets":[0,0]}}`,
  ),
  header('a bomb of escapes', 'read', () => `{"${'\\u0041'.repeat(mega)}":${entry(0, 1)}}`, 1),
  header(
    'a bomb of metadata',
    'header-json',
    () => `{"__metadata__":{${wide(mega / 2, (i) => `"${i}":""`)}}}`,
  ),
  header(
    'a hundred thousand tensors',
    'header-json',
    () => `{${wide(140_000, (i) => `"${i}":${entry(0, 0)}`)}}`,
  ),
  header(
    'more tensors than any model has, but soundly',
    'read',
    () => `{${wide(30_000, (i) => `"encoder.layer.mlp.experts.${i}.down_proj.weight":${entry(0, 0)}`)}}`,
  ),
  header(
    'a count of 2^53',
    'tensor-entry-invalid',
    () => `{"a":{"dtype":"U8","shape":[9007199254740992],"data_offsets":[0,0]}}`,
  ),
  header(
    'a count that overflows 64 bits',
    'shape-overflow',
    () => `{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}`,
  ),
  header(
    'an overflow hidden by a 0',
    'shape-overflow',
    () => `{"a":{"dtype":"F32","shape":[4294967296,4294967296,0],"data_offsets":[0,0]}}`,
  ),
  header(
    'a count of infinity',
    'tensor-entry-invalid',
    () => `{"a":{"dtype":"U8","shape":[1e999],"data_offsets":[0,0]}}`,
  ),
  header(
    'terabytes of nothing',
    'read',
    () => `{"a":{"dtype":"F32","shape":[1099511627776,0],"data_offsets":[0,0]}}`,
  ),
  header('tensors that share bytes', 'offsets-overlap', () => `{"a":${entry(0, 4)},"b":${entry(2, 6)}}`, 6),
  header('bytes that no tensor names', 'offsets-gap', () => `{"a":${entry(0, 2)},"b":${entry(4, 6)}}`, 6),
  header('bytes behind the last tensor', 'data-unclaimed', () => `{"a":${entry(0, 2)}}`, 4),
  header('a tensor beyond the end', 'offsets-beyond-end', () => `{"a":${entry(0, 8)}}`, 4),
  header('a tensor twice', 'tensor-duplicate', () => `{"a":${entry(0, 1)},"a":${entry(0, 1)}}`, 1),
  header('a tensor called __proto__', 'read', () => `{"__proto__":${entry(0, 1)}}`, 1),
  header(
    'a dtype from the prototype',
    'dtype-unknown',
    () => `{"a":{"dtype":"constructor","shape":[],"data_offsets":[0,1]}}`,
    1,
  ),
];

const indexPath = 'model.safetensors.index.json';
const one = (name: string, data = Uint8Array.of(1, 2)): Bytes =>
  fileOf(`{"${name}":${entry(0, data.length)}}`, data);

/** A model with this index. */
function index(
  name: string,
  want: Attack['want'],
  print: () => string,
  shards: Readonly<Record<string, Bytes>> = {},
): Attack {
  return { name, want, files: () => ({ [indexPath]: text(print()), ...shards }) };
}

const map = (pairs: Readonly<Record<string, string>>) => () => JSON.stringify({ weight_map: pairs });

const indexes: readonly Attack[] = [
  ...['../secret', '..', '/etc/passwd', 'a/../../b', 'a\\..\\b', 'C:\\b', './b', 'b\0', ''].map((shard) =>
    index(`an index that leads to ${JSON.stringify(shard)}`, 'index-path-unsafe', map({ a: shard }), {
      b: one('a'),
    }),
  ),
  index('an index bomb of brackets', 'index-invalid', () => `{"weight_map":${'['.repeat(7 * mega)}`),
  index('an index bomb of nested metadata', 'index-invalid', () => `{"metadata":${'{"a":'.repeat(mega)}`),
  index(
    'an index bomb of values',
    'index-invalid',
    () => `{"metadata":[${wide(2 * mega, () => '{}')}],"weight_map":{}}`,
  ),
  index(
    'an index bomb of tensors',
    'index-invalid',
    () => `{"weight_map":{${wide(mega / 2, (i) => `"${i}":"b"`)}}}`,
    { b: one('a') },
  ),
  index(
    'an index of ninety thousand shards',
    'index-shard-missing',
    () => `{"weight_map":{${wide(90_000, (i) => `"${i}":"s${i}"`)}}}`,
  ),
  index(
    'an index of more tensors than its shards hold',
    'index-tensor-missing',
    () => `{"weight_map":{${wide(90_000, (i) => `"encoder.layer.mlp.experts.${i}.down_proj.weight":"b"`)}}}`,
    { b: one('a') },
  ),
  index('a damaged name in the metadata', 'index-invalid', () => '', {
    [indexPath]: concat(text('{"weight_map":{"a":"b"},"x":"'), Uint8Array.of(0xff), text('"}')),
    b: one('a'),
  }),
  index('a byte order mark before the index', 'index-invalid', () => '\ufeff{"weight_map":{"a":"b"}}', {
    b: one('a'),
  }),
  index('a tensor in two shards', 'tensor-in-two-shards', map({ a: 'b', d: 'c' }), {
    b: one('a'),
    c: fileOf(`{"a":${entry(0, 1)},"d":${entry(1, 2)}}`, Uint8Array.of(1, 2)),
  }),
  index('a tensor listed in two shards', 'index-invalid', () => '{"weight_map":{"a":"b","a":"c"}}', {
    b: one('a'),
    c: one('a'),
  }),
  index('a map given twice', 'index-invalid', () => '{"weight_map":{"a":"b"},"weight_map":{"a":"c"}}', {
    b: one('a'),
    c: one('a'),
  }),
  index('a tensor that its shard lacks', 'index-tensor-missing', map({ a: 'b', d: 'b' }), { b: one('a') }),
  index('tensors whose shards are swapped', 'index-tensor-missing', map({ a: 'c', d: 'b' }), {
    b: one('a'),
    c: one('d'),
  }),
  index('shards that disagree on a shape', 'tensor-in-two-shards', map({ a: 'b', d: 'c' }), {
    b: one('a'),
    c: fileOf(`{"a":${entry(0, 2)},"d":${entry(2, 3)}}`, new Uint8Array(3)),
  }),
  index('an index that is its own shard', 'header-too-large', map({ a: indexPath })),
  index(
    'a shard called __proto__',
    'read',
    map({ a: '__proto__' }),
    Object.fromEntries([['__proto__', one('a')]]),
  ),
  index('a tensor called __proto__', 'read', () => '{"weight_map":{"__proto__":"b"}}', {
    b: one('__proto__'),
  }),
  index('a tensor that only its shard knows', 'read', map({ a: 'b' }), {
    b: fileOf(`{"a":${entry(0, 1)},"d":${entry(1, 2)}}`, Uint8Array.of(1, 2)),
  }),
];

/** By number; new ones at the end. */
export const attacks: readonly Attack[] = [...headers, ...indexes, ...binAttacks];
