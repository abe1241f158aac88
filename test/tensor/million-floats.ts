/**
 * A million finite float32 values that meet every case of rounding to half precision: any bits, ties and their neighbours of
 * bfloat16, and those of float16 over its whole range with its subnormals. tools/make_fixtures.py makes the same ones.
 */
export function millionFloats(): Float32Array {
  const bits = new Uint32Array(1_000_000);
  // xorshift32. Source: G. Marsaglia, "Xorshift RNGs", 2003
  let x = 2_463_534_242;
  for (let i = 0; i < bits.length; i++) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    const r = x >>> 0;
    const near = [0, 1, -1, 0][(i >>> 2) & 3]!;
    let value = r;
    if ((i & 3) === 1) value = ((r & 0xffff0000) | 0x8000) + near;
    // exponents 2^-30 to 2^17, so that all of float16 and what lies around it is met
    else if ((i & 3) >= 2) {
      const exponent = 97 + ((r >>> 23) % 48);
      // half of the last place: of a normal, or of a subnormal, whose place is the higher the smaller it is
      const place = exponent >= 113 ? 12 : Math.min(22, 12 + 113 - exponent);
      const fraction = ((r & 0x7fffff) >>> (place + 1)) * 2 ** (place + 1) + 2 ** place;
      value = (r & 0x80000000) + exponent * 2 ** 23 + ((i & 3) === 2 ? fraction + near : r & 0x7fffff);
    }
    value >>>= 0;
    bits[i] = (value & 0x7f800000) === 0x7f800000 ? value & 0x807fffff : value;
  }
  return new Float32Array(bits.buffer);
}
