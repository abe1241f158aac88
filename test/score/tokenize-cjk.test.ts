/** Ideographs beyond the basic plane, which the library misses: ids as transformers 4.57 computes them. */
import { describe, expect, test } from 'vitest';
import { TextTokenizer } from '../../src/score/tokenize.ts';
import tokenizerJson from '../fixtures/golden/bert/a/tokenizer.json' with { type: 'json' };
import { sourceOf } from '../model/models.ts';

const [unknown, a, b, smile] = [1, 18, 19, 49];

function read(normalizer: unknown): Promise<TextTokenizer> {
  return TextTokenizer.read(sourceOf({ 'tokenizer.json': { ...tokenizerJson, normalizer } }));
}

describe('TextTokenizer', () => {
  test.each([
    ['a word of its own', 'a\u{20000}\u{2A6A5}b', [a, unknown, unknown, b]],
    ['between words', 'a \u{20BB7} b', [a, unknown, b]],
    ['a compatibility form', 'a\u{2F800}b', [a, unknown, b]],
    ['beside an emoji', '\u{1F600}\u{20000}', [smile, unknown]],
    ['in the gap of the ranges that the Rust library leaves', 'a\u{2B820}b', [unknown]],
  ])('takes an ideograph beyond the basic plane, %s', async (_, text, ids) => {
    const bert = await read(tokenizerJson.normalizer);
    expect(bert.encode(text, 128).ids).toEqual([2, ...ids, 3]);
    const inSequence = await read({ type: 'Sequence', normalizers: [tokenizerJson.normalizer] });
    expect(inSequence.encode(text, 128).ids).toEqual([2, ...ids, 3]);
  });

  test('leaves ideographs in their words where the normalizer does', async () => {
    const tokenizer = await read({ ...tokenizerJson.normalizer, handle_chinese_chars: false });
    expect(tokenizer.encode('a\u{20000}\u{2A6A5}b', 128).ids).toEqual([2, unknown, 3]);
  });
});
