import { describe, expect, test } from 'vitest';
import { KnownError } from '../../src/errors.ts';
import { toNotRun } from '../../src/worker/prove.ts';

describe('toNotRun', () => {
  test.each([
    ['the runtime', new KnownError('runtime-failed', { why: 'std::bad_alloc' })],
    ['the runtime, in other words', new KnownError('runtime-failed', { why: 'failed to allocate a buffer' })],
    ['the browser', new RangeError('Array buffer allocation failed')],
  ])('takes memory that %s has not for a model that does not fit', (_, error) => {
    expect(toNotRun(error)).toMatchObject({ state: 'not-run', why: { code: 'runtime-failed' } });
  });

  test('says how much memory was missing where that is known', () => {
    const facts = { model: 'a', needBytes: 3, limitBytes: 2, missingBytes: 1 };
    const error = new KnownError('memory-missing', facts);
    expect(toNotRun(error)).toMatchObject({ state: 'not-run', why: { code: 'memory-missing', facts } });
  });

  test.each([
    new KnownError('runtime-failed', { why: 'invalid expand shape' }),
    new KnownError('output-differs', { difference: 1, limit: 1e-5 }),
    new RangeError('Invalid count value'),
    new DOMException('stopped', 'AbortError'),
  ])('lets any other failure stand: %s', (error) => {
    expect(() => toNotRun(error)).toThrow(error);
  });
});
