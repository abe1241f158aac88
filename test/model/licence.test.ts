import { describe, expect, test } from 'vitest';
import { parseLicence, readLicence } from '../../src/model/licence.ts';
import { sourceOf } from './models.ts';

describe('readLicence', () => {
  test('reads the front matter of the card', async () => {
    const card = '\ufeff---\r\ntags:\r\n- a\r\nlicense: apache-2.0 # as the base\r\n---\r\n# Card\r\n';
    expect(await readLicence(sourceOf({ 'README.md': card }))).toBe('apache-2.0');
  });

  test('takes what is said elsewhere only where the card states nothing', async () => {
    const card = sourceOf({ 'README.md': '---\nlicense: mit\n---\n' });
    expect(await readLicence(card, 'gpl-3.0')).toBe('mit');
    expect(await readLicence(sourceOf({ 'README.md': '# Card' }), 'gpl-3.0')).toBe('gpl-3.0');
    expect(await readLicence(sourceOf({}), 'gpl-3.0')).toBe('gpl-3.0');
  });

  test('gives nothing for a model without a card', async () => {
    expect(await readLicence(sourceOf({}))).toBeUndefined();
  });
});

describe('parseLicence', () => {
  const block = (...lines: string[]) => ['---', ...lines, '---', ''].join('\n');

  test.each([
    [block('license: mit'), 'mit'],
    [block("license: 'cc-by-4.0'"), 'cc-by-4.0'],
    [block('license:', '- mit'), 'mit'],
    [block('license: [mit]'), 'mit'],
    [block('"license": "mit"'), 'mit'],
    [block("license:   'it''s mine'   # note"), "it's mine"],
    [block('license:', '  mit', 'tags:', '- a'), 'mit'],
    [block('tags: [', 'license: mit'), 'mit'],
    [block('license: mit', 'model-index: {', ']'), 'mit'],
    [block('license: other', 'license_name: own-terms'), 'own-terms'],
    [block('license: other'), 'other'],
  ])('reads %j', async (card, licence) => {
    expect(await parseLicence(card)).toBe(licence);
  });

  test.each([
    ['no front matter', 'license: mit\n'],
    ['front matter without an end', '---\nlicense: mit\n'],
    ['a licence after the front matter', `${block('tags: []')}license: mit\n`],
    ['a nested licence', block('datasets:', '  license: mit')],
    ['two licences', block('license:', '- mit', '- apache-2.0')],
    ['an empty licence', block('license:')],
    ['a structure', block('license: {name: mit}')],
    ['a number', block('license: 2')],
    ['a text that breaks off', block("license: 'mit")],
    ['an alias of nothing', block('license: *mit')],
    ['a licence that is stated twice in one entry', block('license: mit', '- apache-2.0')],
    ['block text', block('license: |', '  mit')],
  ])('guesses nothing from %s', async (_, card) => {
    expect(await parseLicence(card)).toBeUndefined();
  });
});
