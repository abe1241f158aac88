/** Damage that knows nothing of what the bytes mean. */
import type { Random } from './random.ts';

export type Bytes = Uint8Array<ArrayBuffer>;

export function concat(...parts: readonly Uint8Array[]): Bytes {
  return join(parts);
}

/** Of any number of parts, where there would be too many arguments. */
export function join(parts: readonly Uint8Array[]): Bytes {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Bytes that mean something to some reader: signs, ends, quotes, brackets, opcodes. */
const telling = [0x00, 0x01, 0x20, 0x22, 0x2c, 0x2e, 0x30, 0x5b, 0x5c, 0x5d, 0x7b, 0x7d, 0x7f, 0x80, 0xff];

const ways: readonly (readonly [name: string, mutate: (bytes: Bytes, random: Random) => Bytes])[] = [
  ['flip a bit', (bytes, random) => edit(bytes, random, (byte) => byte ^ (1 << random.below(8)))],
  ['set a byte', (bytes, random) => edit(bytes, random, () => random.pick(telling))],
  ['step a byte', (bytes, random) => edit(bytes, random, (byte) => byte + random.pick([-1, 1]))],
  ['insert bytes', (bytes, random) => splice(bytes, random, 0, random.bytes(random.between(1, 4)))],
  ['delete bytes', (bytes, random) => splice(bytes, random, random.between(1, 8), new Uint8Array())],
  ['copy a range', (bytes, random) => splice(bytes, random, 0, rangeOf(bytes, random))],
  ['move over', (bytes, random) => overwrite(bytes, random)],
  ['cut the end', (bytes, random) => bytes.slice(0, random.below(bytes.length + 1))],
  ['cut the last bytes', (bytes, random) => bytes.slice(0, Math.max(0, bytes.length - random.between(1, 9)))],
  ['append bytes', (bytes, random) => concat(bytes, random.bytes(random.between(1, 9)))],
];

/** Damages a copy once; says how. */
export function mutateBytes(bytes: Bytes, random: Random): readonly [bytes: Bytes, how: string] {
  const [name, mutate] = random.pick(ways);
  return [mutate(bytes, random), name];
}

function edit(bytes: Bytes, random: Random, change: (byte: number) => number): Bytes {
  const copy = bytes.slice();
  const at = random.below(copy.length);
  if (copy.length > 0) copy[at] = change(copy[at]!);
  return copy;
}

function splice(bytes: Bytes, random: Random, dropCount: number, insert: Uint8Array): Bytes {
  const at = random.below(bytes.length + 1);
  return concat(bytes.subarray(0, at), insert, bytes.subarray(Math.min(bytes.length, at + dropCount)));
}

function rangeOf(bytes: Bytes, random: Random): Bytes {
  const start = random.below(bytes.length + 1);
  return bytes.slice(start, start + random.between(1, 24));
}

function overwrite(bytes: Bytes, random: Random): Bytes {
  const copy = bytes.slice();
  const range = rangeOf(bytes, random);
  copy.set(range, random.below(copy.length - range.length + 1));
  return copy;
}
