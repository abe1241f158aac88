import { describe, expect, test } from 'vitest';
import { KnownError } from '../../src/errors.ts';
import { checkCard } from '../../src/export/card-check.ts';

/** The line and the reason, or `taken`. */
function verdict(card: string): string {
  try {
    checkCard(card);
  } catch (error) {
    if (!(error instanceof KnownError) || error.code !== 'card-front-matter-invalid') throw error;
    const { line, why } = error.facts as { line: number; why: string };
    return `${line}: ${why}`;
  }
  return 'taken';
}

const card = (...lines: string[]): string => ['---', ...lines, '---', '', '# A mixture', ''].join('\n');

describe('checkCard', () => {
  test.each([
    ['a licence', card('license: mit')],
    ['a list of bases', card('base_model:', '  - a/b', '  - "c/d"', 'base_model_relation: merge')],
    ['one base', card('base_model: a/b')],
    ['Windows line ends', card('license: mit', 'tags: [a, b]').replaceAll('\n', '\r\n')],
    ['fields of one’s own', card('license: mit', 'mine: { deep: [1, 2] }')],
    ['Norwegian in quotes', card('language: ["no", en]')],
    ['text that looks like an end', card('license: mit', 'note: "a --- b"')],
  ])('takes %s', (_, text) => {
    expect(verdict(text)).toBe('taken');
  });

  test.each([
    ['no front matter', '# A mixture\n', '1: the card does not start with ---'],
    ['no end', '---\nlicense: mit\n', '3: no second --- ends'],
    ['an empty block', card(''), '2: not a list'],
    ['a list', card('- a'), '2: not a list'],
    ['a bracket that stays open', card('tags: [a', 'license: mit'), '3: '],
    ['a key twice', card('license: mit', 'tags: [a]', 'license: gpl'), '4: Map keys must be unique'],
    ['a tab', card('license: mit', 'tags:', '\t- a'), '4: Tabs'],
    ['a number for a licence', card('tags: [a]', 'license: 2.0'), '3: license: text is expected, not 2'],
    ['an empty licence', card('license: ""'), '2: license: text is expected, not ""'],
    [
      'a word for tags',
      card('license: mit', 'tags: merge'),
      '3: tags: a list of texts is expected, not "merge"',
    ],
    ['a number among tags', card('tags:', '  - a', '  - 1'), '2: tags: a list of texts is expected'],
    ['a mapping for a base', card('base_model: { a: b }'), '2: base_model: text or a list of texts'],
    [
      'an unknown relation',
      card('base_model_relation: mix'),
      '2: base_model_relation: one of adapter, merge',
    ],
    [
      'Norwegian without quotes',
      card('language: no'),
      '2: language: text or a list of texts is expected, not false',
    ],
    ['an alias of nothing', card('x: *y'), '2: x: Unresolved alias'],
    ['an object of Python', card('x: !!python/object:os.system y'), '2: Unresolved tag'],
  ])('names the line of %s', (_, text, want) => {
    expect(verdict(text)).toContain(want);
  });

  test('refuses aliases that multiply, and a huge card, in a moment', () => {
    const levels = 'abcdefghi'.split('').map((name, i, all) => {
      const items = Array.from({ length: 9 }, () => (i === 0 ? 'lol' : `*${all[i - 1]}`));
      return `${name}: &${name} [${items.join(', ')}]`;
    });
    expect(verdict(card(...levels))).toContain('Excessive alias count');
    expect(() => checkCard(`---\nlicense: mit\n---\n${'x'.repeat(2 ** 20)}`)).toThrow('file-too-large');
  });
});
