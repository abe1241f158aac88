import { afterEach, expect, test } from 'vitest';
import { overwriteGetLocale } from '../../src/ui/messages/runtime.js';
import { spell } from '../../src/ui/spell.ts';

afterEach(() => overwriteGetLocale(() => 'en'));

const plain = (shown: string) => ({ shown, spoken: undefined });

test('shows what nobody sees in a text, and names it', () => {
  expect(spell(' the')).toEqual([{ shown: '␣', spoken: 'space' }, plain('the')]);
  expect(spell('.\n\n\t')).toEqual([
    plain('.'),
    { shown: '↵', spoken: 'line end' },
    { shown: '↵', spoken: 'line end' },
    { shown: '⇥', spoken: 'tab' },
  ]);
  expect(spell('</s>')).toEqual([plain('</s>')]);
  expect(spell('')).toEqual([]);
});

test('says of other such characters which they are', () => {
  const codes = ['\u00A0', '\u200B', '\u0000', '\uFEFF'].flatMap(spell).map(({ shown }) => shown);
  expect(codes).toEqual(['U+00A0', 'U+200B', 'U+0000', 'U+FEFF']);
  // marks belong to the letter before them
  expect(spell('é한👍🏽')).toEqual([plain('é한👍🏽')]);
});

test('speaks the language of the page', () => {
  overwriteGetLocale(() => 'zh');
  expect(spell(' ')[0]?.spoken).toBe('空格');
});
