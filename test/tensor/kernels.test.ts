/** The WebAssembly kernels against torch's bits, and against the plain loops, which are matched to torch on their own. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addScaled, scale } from '../../src/tensor/add-scaled.ts';
import { toFloat32 } from '../../src/tensor/convert.ts';
import { elementBytes, type FloatDtype } from '../../src/tensor/dtype.ts';
import { firstNonFinite } from '../../src/tensor/finite.ts';
import { openKernels, slackBytes, type MixOutcome } from '../../src/tensor/kernels.ts';
import { narrow, type HalfDtype } from '../../src/tensor/narrow.ts';
import { millionFloats } from './million-floats.ts';

/** Both made by tools/make_fixtures.py. */
const readJson = async <T>(name: string): Promise<T> =>
  JSON.parse(await readFile(new URL(`../fixtures/tensor/${name}`, import.meta.url), 'utf8')) as T;
const widening = await readJson<Record<HalfDtype, string>>('widening.json');
const million = await readJson<Record<HalfDtype | 'inputs', string>>('narrowing-million.json');

const halves: readonly HalfDtype[] = ['F16', 'BF16'];
const bytesOf = (array: ArrayBufferView) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
const hashOf = (array: ArrayBufferView) => createHash('sha256').update(bytesOf(array)).digest('hex');

interface Term {
  readonly dtype: FloatDtype;
  readonly bits: Uint8Array;
  readonly weight: number;
}

async function mix(
  terms: readonly Term[],
  dtype: 'F32' | HalfDtype,
  count: number,
  shift = 0,
): Promise<{ readonly outcome: MixOutcome; readonly bytes: Uint8Array }> {
  const kernels = await openKernels();
  const placed = terms.map(({ dtype, bits, weight }) => {
    const values = kernels.take(bits.byteLength + slackBytes + shift) + shift;
    kernels.view(values, bits.byteLength).set(bits);
    return { values, dtype, weight };
  });
  const outBytes = count * elementBytes(dtype);
  const out = kernels.take(outBytes + slackBytes + shift) + shift;
  const outcome = kernels.mix(placed, out, dtype, count);
  return { outcome, bytes: kernels.view(out, outBytes).slice() };
}

/** The same by the loops that take one value at a time. */
function mixPlainly(terms: readonly Term[], dtype: 'F32' | HalfDtype, count: number) {
  const sum = new Float32Array(count);
  terms.forEach(({ dtype, bits, weight }, t) => {
    const values = new Float32Array(count);
    toFloat32(bits, dtype, values);
    (t === 0 ? scale : addScaled)(sum, values, weight);
  });
  if (firstNonFinite(sum) >= 0) return { outcome: 'not-finite' };
  if (dtype === 'F32') return { outcome: 'mixed', bytes: bytesOf(sum) };
  const out = new Uint16Array(count);
  if (narrow(sum, dtype, out) !== undefined) return { outcome: 'overflows' };
  return { outcome: 'mixed', bytes: bytesOf(out) };
}

function floats(dtype: FloatDtype, values: readonly number[]): Uint8Array {
  if (dtype === 'F64') return bytesOf(Float64Array.from(values));
  if (dtype === 'F32') return bytesOf(Float32Array.from(values));
  const out = new Uint16Array(values.length);
  narrow(Float32Array.from(values), dtype, out);
  return bytesOf(out);
}

describe('widen', () => {
  test.each(halves)('gives the bits that torch gives for all 65,536 values of %s', async (dtype) => {
    const kernels = await openKernels();
    const values = kernels.take(2 * 65536);
    const out = kernels.take(4 * 65536);
    kernels.view(values, 2 * 65536).set(bytesOf(Uint16Array.from({ length: 65536 }, (_, i) => i)));
    kernels.widen(out, values, dtype, 65536);
    expect(hashOf(kernels.view(out, 4 * 65536))).toBe(widening[dtype]);
  });
});

describe('narrow', () => {
  test.each(halves)('gives the bits that torch gives for a million float32 in %s', async (dtype) => {
    const inputs = millionFloats();
    expect(hashOf(inputs)).toBe(million.inputs);
    const kernels = await openKernels();
    const values = kernels.take(inputs.byteLength);
    const out = kernels.take(inputs.byteLength / 2);
    kernels.view(values, inputs.byteLength).set(bytesOf(inputs));
    kernels.narrow(out, values, dtype, inputs.length);
    expect(hashOf(kernels.view(out, inputs.byteLength / 2))).toBe(million[dtype]);
  });

  test.each(halves)('keeps infinities and NaNs of %s as the plain loop does', async (dtype) => {
    const bits = [0x7f800000, 0xff800000, 0x7fc00000, 0x7f800001, 0xffffffff, 0x7fa5a5a5, 0xffc12345, 0];
    const inputs = Uint32Array.from(bits);
    const want = new Uint16Array(8);
    narrow(new Float32Array(inputs.buffer), dtype, want);
    const kernels = await openKernels();
    const values = kernels.take(32);
    const out = kernels.take(16);
    kernels.view(values, 32).set(bytesOf(inputs));
    kernels.narrow(out, values, dtype, 8);
    expect([...kernels.view(out, 16)]).toEqual([...bytesOf(want)]);
  });
});

describe('mix', () => {
  const stored = fc.constantFrom<FloatDtype>('F32', 'F16', 'BF16', 'F64');
  const asked = fc.constantFrom<'F32' | HalfDtype>('F32', 'F16', 'BF16');
  const weight = fc.oneof(fc.constantFrom(0, 1, -1, 0.5), fc.float({ noNaN: true, min: -2, max: 2 }));

  test('gives the bytes of the plain loops, whatever is stored, asked and weighed', async () => {
    const cases = fc.integer({ min: 0, max: 70 }).chain((count) =>
      fc.record({
        count: fc.constant(count),
        dtype: asked,
        shift: fc.constantFrom(0, 1, 6),
        terms: fc.array(
          fc
            .record({
              dtype: stored,
              values: fc.array(fc.float({ noNaN: true, noDefaultInfinity: true, min: -9, max: 9 }), {
                minLength: count,
                maxLength: count,
              }),
              weight,
            })
            .map(({ dtype, values, weight }) => ({ dtype, bits: floats(dtype, values), weight })),
          { minLength: 1, maxLength: 4 },
        ),
      }),
    );
    await fc.assert(
      fc.asyncProperty(cases, async ({ count, dtype, terms, shift }) => {
        const got = await mix(terms, dtype, count, shift);
        expect({ ...got, bytes: [...got.bytes] }).toEqual({
          outcome: 'mixed',
          bytes: [...(mixPlainly(terms, dtype, count).bytes ?? [])],
        });
      }),
      { numRuns: 300 },
    );
  });

  test('gives the outcome of the plain loops for any bits: numbers or not, beyond the range or not', async () => {
    const count = 9;
    const bits = (dtype: FloatDtype) =>
      fc.uint8Array({ minLength: count * elementBytes(dtype), maxLength: count * elementBytes(dtype) });
    const term = stored.chain((dtype) => fc.record({ dtype: fc.constant(dtype), bits: bits(dtype), weight }));
    await fc.assert(
      fc.asyncProperty(fc.array(term, { minLength: 1, maxLength: 3 }), asked, async (terms, dtype) => {
        const want = mixPlainly(terms, dtype, count);
        const got = await mix(terms, dtype, count);
        expect(got.outcome).toBe(want.outcome);
        if (want.bytes) expect([...got.bytes]).toEqual([...want.bytes]);
      }),
      { numRuns: 500 },
    );
  });

  test.each([16_383, 16_384, 16_385, 40_000])('goes from block to block: %i elements', async (count) => {
    const values = Array.from({ length: count }, (_, i) => Math.sin(i));
    const terms = [
      { dtype: 'BF16', bits: floats('BF16', values), weight: 0.3 },
      { dtype: 'F32', bits: floats('F32', values.toReversed()), weight: 0.7 },
    ] as const;
    for (const dtype of ['F32', 'F16', 'BF16'] as const) {
      expect(hashOf((await mix(terms, dtype, count)).bytes)).toBe(
        hashOf(mixPlainly(terms, dtype, count).bytes!),
      );
    }
  });

  test.each([0, 7, 8, 16_384, 39_999])('finds the one value that is no number, at %i', async (bad) => {
    const values = Array.from({ length: 40_000 }, (_, i) => (i === bad ? NaN : 1));
    const terms = [{ dtype: 'F32', bits: floats('F32', values), weight: 0.5 }] as const;
    expect((await mix(terms, 'BF16', 40_000)).outcome).toBe('not-finite');
  });

  test('keeps the sign of zero of the first share, and a term of weight 0', async () => {
    const terms = [{ dtype: 'F32', bits: floats('F32', [-0, 1]), weight: 0 }] as const;
    expect([...(await mix(terms, 'F32', 2)).bytes]).toEqual([...floats('F32', [-0, 0])]);
  });
});

describe('checksum and isFinite', () => {
  test('are those of the words, in lanes of four', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 100 }), async (bytes) => {
        const words = new Uint32Array(Math.ceil(bytes.length / 16) * 4);
        bytesOf(words).set(bytes);
        const sums = new Uint32Array(8);
        words.forEach((word, i) => {
          sums[i % 4]! += word;
          sums[4 + (i % 4)]! += sums[i % 4]!;
        });
        const kernels = await openKernels();
        const at = kernels.take(bytes.length + slackBytes);
        kernels.view(at, bytes.length).set(bytes);
        expect(kernels.checksum(at, bytes.length)).toBe(Buffer.from(sums.buffer).toString('hex'));
      }),
    );
  });

  test('mind every bit and the order', async () => {
    const kernels = await openKernels();
    const at = kernels.take(1024);
    const bytes = kernels.view(at, 1024);
    bytes.forEach((_, i) => (bytes[i] = (i * 37) & 255));
    const whole = kernels.checksum(at, 1000);
    const unnoticed: number[] = [];
    for (let bit = 0; bit < 8000; bit++) {
      bytes[bit >> 3]! ^= 1 << (bit & 7);
      if (kernels.checksum(at, 1000) === whole) unnoticed.push(bit);
      bytes[bit >> 3]! ^= 1 << (bit & 7);
    }
    expect(unnoticed).toEqual([]);
    // the same words in another order
    const first = bytes.slice(0, 16);
    bytes.copyWithin(0, 160, 176);
    bytes.set(first, 160);
    expect(kernels.checksum(at, 1000)).not.toBe(whole);
  });

  test.each(['F32', 'F16', 'BF16', 'F64'] as const)(
    'finds NaN and infinity in %s wherever they are',
    async (dtype) => {
      const kernels = await openKernels();
      const count = 37;
      const bytes = count * elementBytes(dtype);
      const at = kernels.take(bytes + slackBytes);
      for (const bad of [NaN, Infinity, -Infinity, 65504]) {
        for (let i = 0; i < count; i++) {
          const values = Array.from({ length: count }, (_, k) => (k === i ? bad : -1.5));
          kernels.view(at, bytes).set(floats(dtype, values));
          expect(kernels.isFinite(at, bytes, dtype)).toBe(bad === 65504);
        }
      }
    },
  );

  test('call integers numbers whatever their bits', async () => {
    const kernels = await openKernels();
    const at = kernels.take(64);
    kernels.view(at, 64).fill(255);
    expect(kernels.isFinite(at, 64, 'I64')).toBe(true);
  });
});
