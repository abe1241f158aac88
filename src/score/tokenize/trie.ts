/**
 * Texts by their beginnings, for finding all of them that begin at a place. Nodes stand in one table of numbers, found by hash: a
 * Map of them took several times as long to build for a vocabulary of 250,000.
 */

/** Numbers in a slot: the node it hangs on (1 and up; 0 where the slot is free), the UTF-16 unit, its own node, its value or -1. */
const stride = 4;

/** Odd and large, so that neighbours come to lie apart. Source: Knuth, The Art of Computer Programming 3, 6.4. */
const nodeFactor = 0x9e3779b1;
const unitFactor = 0x85ebca6b;

const root = 1;

export class Trie {
  /** (slots, 4), of which at most half are taken; as many slots as a power of two. The first is the root's and hangs on nothing. */
  #table = new Int32Array(64 * stride);
  #nodeCount = 1;

  constructor() {
    this.#table.set([-1, -1, root, -1]);
  }

  /** @param value at least 0; the first one put at a text stays */
  add(text: string, value: number): void {
    let at = 0;
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      const node = this.#table[at + 2]!;
      at = placeOf(this.#table, node, unit);
      if (this.#table[at] === 0) at = this.#hang(node, unit, at);
    }
    if (this.#table[at + 3]! < 0) this.#table[at + 3] = value;
  }

  /** The value of exactly this text. */
  get(text: string): number | undefined {
    const table = this.#table;
    let at = 0;
    for (let i = 0; i < text.length; i++) {
      at = placeOf(table, table[at + 2]!, text.charCodeAt(i));
      if (table[at] === 0) return undefined;
    }
    const value = table[at + 3]!;
    return value < 0 ? undefined : value;
  }

  /** Calls `found` with the end and the value of each text that lies at `start`, the shortest first. */
  findAt(text: string, start: number, found: (end: number, value: number) => void): void {
    const table = this.#table;
    let node = root;
    for (let i = start; i < text.length; i++) {
      const at = placeOf(table, node, text.charCodeAt(i));
      if (table[at] === 0) return;
      node = table[at + 2]!;
      const value = table[at + 3]!;
      if (value >= 0) found(i + 1, value);
    }
  }

  /** A new node, and where it came to stand. */
  #hang(node: number, unit: number, free: number): number {
    let at = free;
    if (2 * stride * this.#nodeCount >= this.#table.length) {
      this.#table = grown(this.#table);
      at = placeOf(this.#table, node, unit);
    }
    const table = this.#table;
    table[at] = node;
    table[at + 1] = unit;
    table[at + 2] = ++this.#nodeCount;
    table[at + 3] = -1;
    return at;
  }
}

/** Where in the table a node's child stands, or would. */
function placeOf(table: Int32Array, node: number, unit: number): number {
  const mixed = Math.imul(node, nodeFactor) ^ Math.imul(unit, unitFactor);
  const last = table.length - stride;
  let at = (stride * (mixed ^ (mixed >>> 15))) & last;
  while (table[at] !== 0 && !(table[at] === node && table[at + 1] === unit)) at = (at + stride) & last;
  return at;
}

function grown(table: Int32Array): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(2 * table.length);
  larger.set(table.subarray(0, stride));
  for (let at = stride; at < table.length; at += stride) {
    if (table[at] === 0) continue;
    const to = placeOf(larger, table[at]!, table[at + 1]!);
    for (let i = 0; i < stride; i++) larger[to + i] = table[at + i]!;
  }
  return larger;
}
