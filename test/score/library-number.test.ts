import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { asLibraryReads } from '../../src/score/tokenize/library-number.ts';

/** The same with whole numbers of any size. */
function withBigIntegers(value: number): number {
  const [digits = '', power = '0'] = String(Math.abs(value)).split('e');
  const [whole = '', fraction = ''] = digits.split('.');
  const exponent = Number(power) - fraction.length;
  const scale = Number(`1e${Math.abs(exponent)}`);
  const number = Number(BigInt(whole + fraction));
  return Math.sign(value) * (exponent < 0 ? number / scale : number * scale);
}

describe('asLibraryReads', () => {
  test('is the digits as one whole number, over a power of ten', () => {
    const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
    const score = fc.float({ min: -20, max: 0, noNaN: true });
    fc.assert(
      fc.property(fc.oneof(score, finite), (value) => {
        expect(asLibraryReads(value)).toBe(withBigIntegers(value));
      }),
      { numRuns: 2000 },
    );
  });

  test.each([0, -0, 1, -10, 1e21, 123456789012345680000, 5e-324, 1.5e-7, 0.1, 12345678.9, 9.9999999e7])(
    'reads %s',
    (value) => expect(asLibraryReads(value)).toBe(withBigIntegers(value)),
  );

  test('is off by the last bit where the library is', () => {
    expect(asLibraryReads(-10.895576477050781)).toBe(-10.89557647705078);
  });
});
