/**
 * Small tokenizers of every kind against the Rust library: test/fixtures/tokenizers, by tools/make_tokenizers.py.
 * `npm run tokens` compares more kinds on much more text.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { TextTokenizer } from '../../src/score/tokenize.ts';
import chosen from '../fixtures/tokenizers/texts.json' with { type: 'json' };
import { folderSource } from '../model/models.ts';

const folder = join(import.meta.dirname, '../fixtures/tokenizers');
const kinds = readdirSync(folder).filter((name) => !name.endsWith('.json'));
const texts: readonly string[] = chosen.texts;
const pairs = chosen.pairs as [first: number, second: number, limit: number][];

/** [ids] of each text; [ids, types, ids of the first text alone] of each pair. */
function expectedOf(kind: string): readonly (readonly (readonly number[])[])[] {
  const lines = readFileSync(join(folder, kind, 'expected.jsonl'), 'utf8')
    .trimEnd()
    .split('\n');
  return lines.map((line) => JSON.parse(line) as number[][]);
}

describe.each(kinds)('TextTokenizer of kind %s', (kind) => {
  const expected = expectedOf(kind);
  const read = async () => TextTokenizer.read(await folderSource(join(folder, kind), kind));

  test('gives the ids of the Rust library', async () => {
    const tokenizer = await read();
    const got = texts.map((text) => ({ text, ...tokenizer.encode(text, Infinity) }));
    const want = texts.map((text, i) => {
      const ids = expected[i]![0]!;
      return { text, ids, fullCount: ids.length };
    });
    expect(got).toEqual(want);
  });

  test('cuts texts and pairs as the Rust library does', async () => {
    const tokenizer = await read();
    const got = pairs.map(([first, second, limit]) => {
      const { ids, types } = tokenizer.encodePair(texts[first]!, texts[second]!, limit);
      return [ids, types, tokenizer.encode(texts[first]!, limit).ids];
    });
    expect(got).toEqual(expected.slice(texts.length));
  });

  test('counts the tokens of a pair before it is cut', async () => {
    const tokenizer = await read();
    for (const [first, second, limit] of pairs) {
      const whole = tokenizer.encodePair(texts[first]!, texts[second]!, Infinity);
      expect(whole.ids).toHaveLength(whole.fullCount);
      expect(tokenizer.encodePair(texts[first]!, texts[second]!, limit).fullCount).toBe(whole.fullCount);
    }
  });
});
