import { describe, expect, test } from 'vitest';
import { compareLicences } from '../../src/model/compare-licence.ts';

/** Notes on models called a, b, c…, with these licences. */
function notesOn(...licences: readonly (string | undefined)[]) {
  const models = licences.map((licence, m) => ({ name: 'abcd'[m] ?? '', licence }));
  return compareLicences(models).map(({ severity, code, facts }) => [severity, code, facts]);
}

describe('compareLicences', () => {
  test('has nothing to say of one free licence, however it is spelt', () => {
    expect(notesOn('apache-2.0', 'Apache-2.0')).toEqual([]);
  });

  test('names who forbids derivatives and commercial use, and does not refuse', () => {
    expect(notesOn('cc-by-nc-nd-4.0', 'cc-by-nc-nd-4.0')).toEqual([
      ['note', 'licence-forbids', { licence: 'cc-by-nc-nd-4.0', models: 'a, b' }],
      ['note', 'licence-noncommercial', { licence: 'cc-by-nc-nd-4.0', models: 'a, b' }],
    ]);
  });

  test('names each licence with its models where they differ', () => {
    expect(notesOn('mit', 'apache-2.0', 'mit')).toEqual([
      ['note', 'licences-differ', { licences: 'mit (a, c); apache-2.0 (b)' }],
    ]);
  });

  test('names those of which nothing is known, and does not count them as different', () => {
    expect(notesOn('mit', undefined, 'other')).toEqual([['note', 'licence-unknown', { models: 'b, c' }]]);
  });

  test('knows no terms of a licence that it does not know', () => {
    expect(notesOn('own-terms', 'own-terms')).toEqual([['note', 'licence-unknown', { models: 'a, b' }]]);
  });

  test('says the strongest first', () => {
    expect(notesOn('cc-by-nc-4.0', undefined, 'cc-by-nd-4.0').map(([, code]) => code)).toEqual([
      'licence-forbids',
      'licence-noncommercial',
      'licences-differ',
      'licence-unknown',
    ]);
  });
});
