/** Texts by their beginnings, for finding all of them that begin at a place. Holds one table, not an object a node. */

/** Where UTF-16 units end and nodes begin in a key. */
const unitCount = 0x10000;

export class Trie {
  /** node · 65536 + unit to node; the root is 0. */
  readonly #children = new Map<number, number>();
  /** (node,) what was put there, or -1. */
  readonly #values: number[] = [-1];

  /** @param value at least 0; the first one put at a text stays */
  add(text: string, value: number): void {
    let node = 0;
    for (let i = 0; i < text.length; i++) {
      const key = node * unitCount + text.charCodeAt(i);
      let child = this.#children.get(key);
      if (child === undefined) {
        child = this.#values.push(-1) - 1;
        this.#children.set(key, child);
      }
      node = child;
    }
    if (this.#values[node]! < 0) this.#values[node] = value;
  }

  /** Calls `found` with the end and the value of each text that lies at `start`, the shortest first. */
  findAt(text: string, start: number, found: (end: number, value: number) => void): void {
    let node = 0;
    for (let i = start; i < text.length; i++) {
      const child = this.#children.get(node * unitCount + text.charCodeAt(i));
      if (child === undefined) return;
      node = child;
      const value = this.#values[node]!;
      if (value >= 0) found(i + 1, value);
    }
  }
}
