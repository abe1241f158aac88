/** Checkpoints of visible values, really written and really opened. */
import { openCheckpoint, type Checkpoint } from '../../src/safetensors/checkpoint.ts';
import { planFile } from '../../src/safetensors/writer.ts';
import { sourceOf } from '../model/models.ts';

type Values =
  | { readonly dtype: 'F32'; readonly shape: readonly number[]; readonly data: Float32Array }
  | { readonly dtype: 'F16'; readonly shape: readonly number[]; readonly data: Uint16Array }
  | { readonly dtype: 'I64'; readonly shape: readonly number[]; readonly data: BigInt64Array }
  | { readonly dtype: 'U8'; readonly shape: readonly number[]; readonly data: Uint8Array };

export function f32(...values: readonly number[]): Values {
  return { dtype: 'F32', shape: [values.length], data: Float32Array.from(values) };
}

/** @param bits of each half-precision value */
export function f16(...bits: readonly number[]): Values {
  return { dtype: 'F16', shape: [bits.length], data: Uint16Array.from(bits) };
}

export function i64(...values: readonly bigint[]): Values {
  return { dtype: 'I64', shape: [values.length], data: BigInt64Array.from(values) };
}

export function u8(...values: readonly number[]): Values {
  return { dtype: 'U8', shape: [values.length], data: Uint8Array.from(values) };
}

export async function checkpointOf(
  tensors: Readonly<Record<string, Values>>,
  name = 'tiny',
): Promise<Checkpoint> {
  const plan = planFile(Object.entries(tensors).map(([name, { dtype, shape }]) => ({ name, dtype, shape })));
  const file = new Uint8Array(plan.bytes);
  file.set(plan.header);
  for (const { name, start } of plan.tensors) {
    const { data } = tensors[name]!;
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), plan.header.length + start);
  }
  return openCheckpoint(sourceOf({ 'model.safetensors': file }, name));
}
