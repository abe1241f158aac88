/** A model that is cut into several chunks, made in memory: a checkpoint of bfloat16 tensors, and a configuration that none can run. */
import type { ModelRef } from '../../src/source/source.ts';

/** Of each tensor: 1 Mi values, as many as one chunk holds. */
export const tensorBytes = 2 * 1024 * 1024;

/** (count,) bits of values whose size is between 2⁻¹⁵ and 2, seeded. */
function makeValues(seed: number, count: number): Uint16Array<ArrayBuffer> {
  const values = new Uint16Array(count);
  let state = seed;
  for (let i = 0; i < count; i++) {
    // a linear congruential generator: Numerical Recipes, chapter 7.1
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    // sign and fraction as they come, four bits of the exponent
    values[i] = ((state >>> 16) & 0x87ff) | 0x3800;
  }
  return values;
}

/** Equal seeds give equal values; the files are as old as the call. */
export function makeLargeModel(name: string, seed: number, tensorCount: number): ModelRef {
  const header: Record<string, object> = {};
  for (let t = 0; t < tensorCount; t++) {
    const place = { data_offsets: [t * tensorBytes, (t + 1) * tensorBytes] };
    header[`layers.${t}.weight`] = { dtype: 'BF16', shape: [1024, tensorBytes / 2 / 1024], ...place };
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const length = new DataView(new ArrayBuffer(8));
  length.setBigUint64(0, BigInt(text.length), true);
  const values = Array.from({ length: tensorCount }, (_, t) => makeValues(seed * 1000 + t, tensorBytes / 2));
  const files = [
    new File(['{"model_type": "unknown"}'], 'config.json'),
    new File([length.buffer, text, ...values], 'model.safetensors'),
  ];
  return { kind: 'local', name, files: files.map((file) => ({ path: file.name, file })) };
}
