/** What single tokens add to a text, against the Rust library: test/fixtures/next-tokens.json, by tools/make_next_tokens.py. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { TextTokenizer } from '../../src/score/tokenize.ts';
import made from '../fixtures/next-tokens.json' with { type: 'json' };
import { sourceOf } from '../model/models.ts';

const fixtures = join(import.meta.dirname, '../fixtures');

function read(folder: string, changes: object = {}): Promise<TextTokenizer> {
  const file = JSON.parse(readFileSync(join(fixtures, folder, 'tokenizer.json'), 'utf8')) as object;
  return TextTokenizer.read(sourceOf({ 'tokenizer.json': { ...file, ...changes } }));
}

/** The library writes one U+FFFD for bytes that are no character, or several; we write the bytes. */
function likeTheLibrary(text: string | undefined): string | undefined {
  return text?.replace(/(?:<0x[0-9A-F]{2}>|\uFFFD)+/g, '\uFFFD');
}

describe('textOf', () => {
  const cases = made.tokenTexts.map((of) => ({ ...of, kind: of.decoder?.type ?? 'its own decoder' }));

  test.each(cases)('is what the library adds for every token of $folder with $kind', async (of) => {
    const tokenizer = await read(of.folder, of.decoder === null ? {} : { decoder: of.decoder });
    const got = of.texts.map((_, id) => likeTheLibrary(tokenizer.textOf(id)));
    expect(got).toEqual(of.texts.map(likeTheLibrary));
    expect(tokenizer.textOf(of.texts.length)).toBeUndefined();
  });

  test('writes bytes that are no whole character as numbers', async () => {
    const stories = await read('stories260k/base');
    // <unk>, <s>, </s>, then the bytes
    expect([0x0a, 0x41, 0x80, 0xe4].map((byte) => stories.textOf(3 + byte))).toEqual([
      ...['\n', 'A', '<0x80>', '<0xE4>'],
    ]);
    const vocab = { 'ä½': 0, aä: 1, ðŁĺ: 2, 'ï»¿': 3, Ġé: 4, À: 5 };
    const bytes = await read('tokenizers/gpt2', {
      model: { type: 'BPE', vocab, merges: [] },
      added_tokens: [],
    });
    expect([0, 1, 2, 3, 4, 5].map((id) => bytes.textOf(id))).toEqual([
      ...['<0xE4><0xBD>', 'a<0xE4>', '<0xF0><0x9F><0x98>', '\uFEFF', ' <0xE9>', '<0xC0>'],
    ]);
  });

  test.each([
    ['none', null],
    ['one that is not known', { type: 'CTC', pad_token: '<pad>' }],
    ['one that cannot be built', { type: 'Replace', pattern: {}, content: ' ' }],
  ])('is what the vocabulary has where the decoder is %s', async (_, decoder) => {
    const tokenizer = await read('tokenizers/xlmr', { decoder });
    const [id] = tokenizer.encode('on', 1000).ids.slice(1);
    expect(tokenizer.textOf(id!)).toBe('▁on');
  });
});
