import { describe, expect, test } from 'vitest';
import { Trie } from '../../src/score/tokenize/trie.ts';

function at(trie: Trie, text: string, start: number): readonly (readonly [end: number, value: number])[] {
  const found: [number, number][] = [];
  trie.findAt(text, start, (end, value) => found.push([end, value]));
  return found;
}

describe('Trie', () => {
  test('finds all texts that begin at a place, the shortest first', () => {
    const trie = new Trie();
    ['a', 'abc', 'b', 'abcd', 'ab\u0000'].forEach((text, value) => trie.add(text, value));
    expect(at(trie, 'xabcx', 1)).toEqual([
      [2, 0],
      [4, 1],
    ]);
    expect(at(trie, 'ab\u0000', 0)).toEqual([
      [1, 0],
      [3, 4],
    ]);
    expect(at(trie, 'xabcx', 0)).toEqual([]);
  });

  test('knows exactly what was put there, the first value of each', () => {
    const trie = new Trie();
    trie.add('ab', 1);
    trie.add('ab', 2);
    expect([trie.get('ab'), trie.get('a'), trie.get('abc'), trie.get('')]).toEqual([
      1,
      undefined,
      undefined,
      undefined,
    ]);
    trie.add('', 3);
    expect([trie.get(''), at(trie, 'ab', 0)]).toEqual([3, [[2, 1]]]);
  });

  test('keeps thousands of texts apart, of every unit and of all lengths', () => {
    const trie = new Trie();
    const texts = Array.from({ length: 20_000 }, (_, i) =>
      String.fromCharCode(...Array.from({ length: 1 + (i % 4) }, (_, k) => (i * 7919 * (k + 1)) % 0x10000)),
    );
    const first = new Map<string, number>();
    texts.forEach((text, i) => {
      trie.add(text, i);
      if (!first.has(text)) first.set(text, i);
    });
    expect(texts.map((text) => trie.get(text))).toEqual(texts.map((text) => first.get(text)));
  });
});
