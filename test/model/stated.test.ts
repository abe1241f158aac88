import { describe, expect, test } from 'vitest';
import { readStated } from '../../src/model/stated.ts';
import { sourceOf } from './models.ts';

function stated(...lines: string[]) {
  return readStated(sourceOf({ 'README.md': ['---', ...lines, '---', ''].join('\n') }));
}

describe('readStated', () => {
  test('reads licence, its link and the languages', async () => {
    const own = ['license: other', 'license_name: own', 'license_link: https://a.example/terms'];
    expect(await stated(...own, 'language:', '- en', '- "zh"')).toEqual({
      licence: 'own',
      licenceLink: 'https://a.example/terms',
      languages: ['en', 'zh'],
    });
  });

  test.each([
    ['one word', ['language: en'], ['en']],
    ['a list on its line', ['language: [en, zh]'], ['en', 'zh']],
    ['none', ['license: mit'], []],
    ['structures', ['language: [{ a: b }]'], []],
    ['block text', ['language: |', '  en'], []],
  ])('reads %s', async (_, lines, languages) => {
    expect((await stated(...lines)).languages).toEqual(languages);
  });

  test('takes no path in the repository for an address', async () => {
    expect((await stated('license_link: LICENSE')).licenceLink).toBeUndefined();
    expect((await stated('license_link: javascript:alert(1)')).licenceLink).toBeUndefined();
  });

  test('knows nothing of a model without a card', async () => {
    expect(await readStated(sourceOf({}))).toEqual({
      licence: undefined,
      licenceLink: undefined,
      languages: [],
    });
  });
});
