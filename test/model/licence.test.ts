import { describe, expect, test } from 'vitest';
import { parseLicence, readLicence } from '../../src/model/licence.ts';
import { sourceOf } from './models.ts';

describe('readLicence', () => {
  test('reads the front matter of the card', async () => {
    const card = '\ufeff---\r\ntags:\r\n- a\r\nlicense: apache-2.0 # as the base\r\n---\r\n# Card\r\n';
    expect(await readLicence(sourceOf({ 'README.md': card }))).toBe('apache-2.0');
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
    [block('license: other', 'license_name: own-terms'), 'own-terms'],
    [block('license: other'), 'other'],
  ])('reads %j', (card, licence) => {
    expect(parseLicence(card)).toBe(licence);
  });

  test.each([
    ['no front matter', 'license: mit\n'],
    ['front matter without an end', '---\nlicense: mit\n'],
    ['a licence after the front matter', `${block('tags: []')}license: mit\n`],
    ['a nested licence', block('datasets:', '  license: mit')],
    ['two licences', block('license:', '- mit', '- apache-2.0')],
    ['an empty licence', block('license:')],
    ['block text', block('license: |', '  mit')],
  ])('guesses nothing from %s', (_, card) => {
    expect(parseLicence(card)).toBeUndefined();
  });
});
