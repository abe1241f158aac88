import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { toFloat32 } from '../../src/tensor/convert.ts';
import type { FloatDtype } from '../../src/tensor/dtype.ts';

interface Widening {
  readonly F16: string;
  readonly BF16: string;
  /** Bits of a double, bits of the float32 that torch makes of it. */
  readonly F64: readonly (readonly [string, string])[];
}

/** Made by tools/make_fixtures.py. */
const torch = JSON.parse(
  await readFile(new URL('../fixtures/tensor/widening.json', import.meta.url), 'utf8'),
) as Widening;

function convert(bytes: Uint8Array, dtype: FloatDtype, count: number): Float32Array {
  const out = new Float32Array(count);
  toFloat32(bytes, dtype, out);
  return out;
}

const bytesOf = (array: ArrayBufferView) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
const hashOf = (array: ArrayBufferView) => createHash('sha256').update(bytesOf(array)).digest('hex');
const everyHalf = Uint16Array.from({ length: 65536 }, (_, i) => i);

describe('toFloat32', () => {
  test.each(['F16', 'BF16'] as const)(
    'widens all 65,536 values of %s to the bits that torch gives, NaNs too',
    (dtype) => {
      expect(hashOf(convert(bytesOf(everyHalf), dtype, 65536))).toBe(torch[dtype]);
    },
  );

  test.each(torch.F64)('rounds the double %s to the float32 %s, as torch does', (double, single) => {
    const bits = BigUint64Array.of(BigInt(`0x${double}`));
    const out = convert(bytesOf(bits), 'F64', 1);
    expect(new Uint32Array(out.buffer)[0]!.toString(16).padStart(8, '0')).toBe(single);
  });

  test('copies float32 bit by bit, signalling NaNs too', () => {
    const bits = Uint32Array.of(0x3f800000, 0x80000000, 0x7f800001, 0xffc12345, 0x00000001);
    const out = convert(bytesOf(bits), 'F32', 5);
    expect(new Uint32Array(out.buffer)).toEqual(bits);
  });

  test.each([
    ['F16', [0x00, 0x3c, 0x00, 0xc0]],
    ['BF16', [0x80, 0x3f, 0x00, 0xc0]],
    ['F32', [0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0]],
    ['F64', [0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0, 0, 0, 0, 0, 0, 0, 0xc0]],
  ] as const)('reads %s that starts at an odd address', (dtype, data) => {
    const shifted = Uint8Array.of(0xff, ...data).subarray(1);
    expect([...convert(shifted, dtype, 2)]).toEqual([1, -2]);
  });

  test('writes into the middle of a larger buffer and nowhere else', () => {
    const whole = new Float32Array(4).fill(7);
    toFloat32(Uint8Array.of(0x00, 0x3c, 0x00, 0xc0), 'F16', whole.subarray(1, 3));
    expect([...whole]).toEqual([7, 1, -2, 7]);
  });

  test('takes no elements at all', () => {
    expect(convert(new Uint8Array(), 'F16', 0)).toHaveLength(0);
  });

  test('refuses bytes that are not as many elements', () => {
    expect(() => convert(new Uint8Array(3), 'F16', 1)).toThrow('3 bytes are not 1 elements of F16');
  });
});
