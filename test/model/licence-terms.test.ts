import { describe, expect, test } from 'vitest';
import { nameLicence, termsOf } from '../../src/model/licence-terms.ts';

describe('termsOf', () => {
  test.each([
    ['apache-2.0', 'allowed', 'allowed'],
    ['MIT', 'allowed', 'allowed'],
    ['gpl-3.0', 'allowed', 'allowed'],
    ['cc-by-4.0', 'allowed', 'allowed'],
    ['cc-by-sa-4.0', 'allowed', 'allowed'],
    ['cc-by-nc-4.0', 'allowed', 'forbidden'],
    ['cc-by-nc-sa-3.0', 'allowed', 'forbidden'],
    ['cc-by-nd-4.0', 'forbidden', 'allowed'],
    ['cc-by-nc-nd-4.0', 'forbidden', 'forbidden'],
    ['CC-BY-NC-ND-3.0-IGO', 'forbidden', 'forbidden'],
    ['deepfloyd-if-license', 'allowed', 'forbidden'],
    ['llama3.1', 'allowed', 'unknown'],
    ['gemma', 'allowed', 'unknown'],
    // a family without its terms
    ['cc', 'unknown', 'unknown'],
    ['cc-by-nx-4.0', 'unknown', 'unknown'],
    ['own-terms', 'unknown', 'unknown'],
    ['constructor', 'unknown', 'unknown'],
    ['other', 'unknown', 'unknown'],
    [undefined, 'unknown', 'unknown'],
  ])('of %s: derivatives %s, commercial use %s', (licence, derivatives, commercial) => {
    expect(termsOf(licence)).toEqual({ derivatives, commercial });
  });
});

describe('nameLicence', () => {
  test.each([
    [' Apache-2.0 ', 'apache-2.0'],
    ['other', undefined],
    ['Unknown', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('reads %j', (licence, name) => {
    expect(nameLicence(licence)).toBe(name);
  });
});
