/** Pickles as lists of opcodes: cut from bytes that are sound, and written. Source: Python, Lib/pickletools.py */
import { concat, type Bytes } from './mutate-bytes.ts';
import type { Random } from './random.ts';

/** An opcode with its argument as bytes. */
export type Op = Bytes;

export const text = (whole: string): Bytes => new TextEncoder().encode(whole);
export const letter = (op: string): number => op.charCodeAt(0);

/** Bytes of the arguments of one size. */
const fixed: Readonly<Record<number, number>> = {
  0x80: 1,
  [letter('J')]: 4,
  [letter('K')]: 1,
  [letter('M')]: 2,
  [letter('G')]: 8,
  [letter('q')]: 1,
  [letter('r')]: 4,
  [letter('h')]: 1,
  [letter('j')]: 4,
};

export function readOps(pickle: Bytes): Op[] {
  const ops: Op[] = [];
  for (let at = 0; at < pickle.length;) {
    const end = at + 1 + argumentBytes(pickle, at);
    ops.push(pickle.slice(at, end));
    at = end;
  }
  return ops;
}

function argumentBytes(pickle: Bytes, at: number): number {
  const code = pickle[at]!;
  if (code === letter('X')) return 4 + new DataView(pickle.buffer, pickle.byteOffset).getUint32(at + 1, true);
  if (code === 0x8a) return 1 + pickle[at + 1]!;
  if (code === letter('c')) return pickle.indexOf(10, pickle.indexOf(10, at) + 1) - at;
  return fixed[code] ?? 0;
}

export const printOps = (ops: readonly Op[]): Bytes => concat(...ops);

/** An opcode alone. */
export const op = (code: string | number): Op =>
  Uint8Array.of(typeof code === 'string' ? letter(code) : code);

export const global = (name: string): Op => {
  const cut = name.lastIndexOf('.');
  return text(`c${name.slice(0, cut)}\n${name.slice(cut + 1)}\n`);
};

export function unicode(string: string): Op {
  const bytes = text(string);
  const head = new Uint8Array(5);
  head[0] = letter('X');
  new DataView(head.buffer).setUint32(1, bytes.length, true);
  return concat(head, bytes);
}

/** An integer in the shortest spelling, or in one that is as good. */
export function integer(value: number, random: Random): Op {
  const spelling = random.oneIn(8) ? random.below(4) : 0;
  if (spelling === 0 && value >= 0 && value < 256) return Uint8Array.of(letter('K'), value);
  if (spelling <= 1 && value >= 0 && value < 65536)
    return Uint8Array.of(letter('M'), value & 255, value >> 8);
  if (spelling <= 2 && value >= -(2 ** 31) && value < 2 ** 31) {
    const bytes = new Uint8Array(5);
    bytes[0] = letter('J');
    new DataView(bytes.buffer).setInt32(1, value, true);
    return bytes;
  }
  const bytes = new Uint8Array(10);
  bytes.set([0x8a, 8]);
  new DataView(bytes.buffer).setBigInt64(2, BigInt(value), true);
  return bytes;
}
