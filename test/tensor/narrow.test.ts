import { openAsBlob } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openCheckpoint } from '../../src/safetensors/checkpoint.ts';
import { toFloat32 } from '../../src/tensor/convert.ts';
import { halfLimits, narrow, type HalfDtype } from '../../src/tensor/narrow.ts';

/** float32 values and what torch makes of them, by tools/make_fixtures.py. */
const torch = await openCheckpoint({
  name: 'torch',
  list: () => Promise.resolve([]),
  open: () => openAsBlob(join(import.meta.dirname, '../fixtures/tensor/narrowing.safetensors')),
});

const halves: readonly HalfDtype[] = ['F16', 'BF16'];
const everyHalf = Uint16Array.from({ length: 65536 }, (_, i) => i);

function widen(bits: Uint16Array, dtype: HalfDtype): Float32Array {
  const out = new Float32Array(bits.length);
  toFloat32(new Uint8Array(bits.buffer, bits.byteOffset, bits.byteLength), dtype, out);
  return out;
}

function bitsOf(values: Float32Array, dtype: HalfDtype): Uint16Array {
  const out = new Uint16Array(values.length);
  narrow(values, dtype, out);
  return out;
}

const bitOf = (value: number, dtype: HalfDtype): number => bitsOf(Float32Array.of(value), dtype)[0]!;
const float32Of = (bits: number): number => new Float32Array(Uint32Array.of(bits).buffer)[0]!;

describe('narrow', () => {
  test.each(halves)(
    'gives back all 65,536 values of %s that were widened, signalling NaNs made quiet',
    (dtype) => {
      const got = bitsOf(widen(everyHalf, dtype), dtype);
      const [exponent, quiet] = dtype === 'F16' ? [0x7c00, 0x200] : [0x7f80, 0x40];
      const want = everyHalf.map((bits) => ((bits & 0x7fff) > exponent ? bits | quiet : bits));
      expect(got).toEqual(want);
    },
  );

  test.each(halves)('rounds 19,512 float32 to the bits that torch gives in %s', async (dtype) => {
    const values = torch.tensors.get('F32')!;
    const stored = torch.tensors.get(dtype)!;
    const inputs = await torch.read(values, 0, values.elementCount);
    const want = new Uint16Array((await torch.readElements(stored, 0, stored.elementCount)).buffer);
    const got = bitsOf(inputs, dtype);
    expect(inputs).toHaveLength(19_512);
    // torch's own loops differ in a NaN's payload; that it is one, and quiet, is all that can be asked
    const [exponent, quiet] = dtype === 'F16' ? [0x7c00, 0x200] : [0x7f80, 0x40];
    const differing = inputs.findIndex((value, i) =>
      Number.isNaN(value) ? (got[i]! & (exponent | quiet)) !== (exponent | quiet) : got[i] !== want[i],
    );
    expect(differing).toBe(-1);
  });

  test.each([
    // 10 bits of fraction: the last place of 1 is 2^-10
    ['a tie down to the even', 1 + 2 ** -11, 0x3c00],
    ['a tie up to the even', 1 + 3 * 2 ** -11, 0x3c02],
    ['just above a tie', 1 + 2 ** -11 + 2 ** -23, 0x3c01],
    ['just below a tie', 1 + 3 * 2 ** -11 - 2 ** -23, 0x3c01],
    ['a carry into the exponent', 2 - 2 ** -11, 0x4000],
    ['the smallest normal', 2 ** -14, 0x0400],
    ['what rounds up to the smallest normal', 2 ** -14 - 2 ** -25, 0x0400],
    ['the largest subnormal', 2 ** -14 - 2 ** -24, 0x03ff],
    ['the smallest subnormal', 2 ** -24, 0x0001],
    ['a tie of subnormals up to the even', 3 * 2 ** -25, 0x0002],
    ['a tie between 0 and the smallest subnormal', 2 ** -25, 0x0000],
    ['just above that tie', 2 ** -25 + 2 ** -48, 0x0001],
    ['just below that tie', 2 ** -25 - 2 ** -49, 0x0000],
    ['a float32 subnormal', 2 ** -149, 0x0000],
    ['-0', -0, 0x8000],
    ['a negative that rounds to 0', -(2 ** -26), 0x8000],
    ['the largest', 65504, 0x7bff],
    ['the largest that rounds to it', 65519.996, 0x7bff],
    ['the smallest that does not', 65520, 0x7c00],
    ['infinity', Infinity, 0x7c00],
    ['-infinity', -Infinity, 0xfc00],
  ])('rounds %s in float16', (_, value, want) => {
    expect(bitOf(value, 'F16')).toBe(want);
  });

  test.each([
    // 7 bits of fraction: the last place of 1 is 2^-7
    ['a tie down to the even', 1 + 2 ** -8, 0x3f80],
    ['a tie up to the even', 1 + 3 * 2 ** -8, 0x3f82],
    ['just above a tie', 1 + 2 ** -8 + 2 ** -23, 0x3f81],
    ['a carry into the exponent', 2 - 2 ** -8, 0x4000],
    ['a tie between 0 and the smallest subnormal', 2 ** -134, 0x0000],
    ['just above that tie', 2 ** -134 + 2 ** -149, 0x0001],
    ['the largest subnormal up to the smallest normal', 2 ** -126 - 2 ** -149, 0x0080],
    ['-0', -0, 0x8000],
    ['the largest', halfLimits.BF16, 0x7f7f],
    ['the largest float32', float32Of(0x7f7fffff), 0x7f80],
    ['-infinity', -Infinity, 0xff80],
  ])('rounds %s in bfloat16', (_, value, want) => {
    expect(bitOf(value, 'BF16')).toBe(want);
  });

  test.each([
    ['F16', 65520],
    ['F16', -1e6],
    ['BF16', float32Of(0x7f7fffff)],
    ['BF16', -float32Of(0x7f7f8000)],
  ] as const)('tells the first finite value that %s does not hold: %s', (dtype, value) => {
    const values = Float32Array.of(1, Infinity, NaN, value, 2 * value);
    expect(narrow(values, dtype, new Uint16Array(5))).toBe(value);
  });

  test.each(halves)('tells of none in %s where infinities and NaNs came as such', (dtype) => {
    const values = Float32Array.of(halfLimits[dtype], -halfLimits[dtype], Infinity, -Infinity, NaN, 0);
    expect(narrow(values, dtype, new Uint16Array(6))).toBeUndefined();
  });

  test('reads from and writes into the middle of larger buffers', () => {
    const out = new Uint16Array(4).fill(7);
    narrow(Float32Array.of(9, 1, -2, 9).subarray(1, 3), 'F16', out.subarray(1, 3));
    expect([...out]).toEqual([7, 0x3c00, 0xc000, 7]);
  });

  test('refuses places that are not as many', () => {
    expect(() => narrow(new Float32Array(2), 'F16', new Uint16Array(1))).toThrow('2 values for 1 places');
  });
});
