/** What the smoke run holds against the files, against the reference: were it wrong itself, it would find fault with sound outputs. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { recomputeMixture } from '../src/recompute.ts';
import { openCheckpoint, type Readable } from '../src/safetensors/checkpoint.ts';
import { narrow } from '../src/tensor/narrow.ts';
import bert from './fixtures/golden/bert/expected.json' with { type: 'json' };
import bertCls from './fixtures/golden/bert-cls/expected.json' with { type: 'json' };
import half from './fixtures/merge/half.json' with { type: 'json' };
import { checkpointOf, f16, f32 } from './merge/checkpoints.ts';
import { folderSource } from './model/models.ts';

const golden = join(import.meta.dirname, 'fixtures/golden');

function openFamily(family: string) {
  const folders = ['a', 'b', 'c'].map((model) => join(golden, family, model));
  return Promise.all(folders.map(async (folder) => openCheckpoint(await folderSource(folder, folder))));
}

function hashOf({ buffer, byteOffset, byteLength }: ArrayBufferView): string {
  return createHash('sha256')
    .update(new Uint8Array(buffer, byteOffset, byteLength))
    .digest('hex');
}

async function valuesOf(mixture: Readable, name: string): Promise<Float32Array> {
  const tensor = mixture.tensors.get(name)!;
  return mixture.read(tensor, 0, tensor.elementCount);
}

/** Values as half-precision bits. */
function toHalf(values: Float32Array): Uint16Array {
  const bits = new Uint16Array(values.length);
  narrow(values, 'F16', bits);
  return bits;
}

describe('recomputeMixture', () => {
  test('gives the bits of the reference, under canonical names', async () => {
    const models = await openFamily('bert');
    const mixture = recomputeMixture(models, bert.merge.weights, 'bert', 'F32', models[0]!);
    const got: Record<string, string> = {};
    for (const name of mixture.tensors.keys()) got[name] = hashOf(await valuesOf(mixture, name));
    const want = Object.entries(bert.merge.tensors).map(([name, { sha256 }]) => [name, sha256]);
    expect(got).toEqual(Object.fromEntries(want));
  });

  test.each(['F16', 'as-model-1'] as const)('gives the values of a file in %s, as float32', async (dtype) => {
    // its models are stored in float16
    const models = await openFamily('bert-cls');
    const mixture = recomputeMixture(models, bertCls.merge.weights, 'bert', dtype, models[0]!);
    for (const [name, want] of Object.entries(half['bert-cls'].F16)) {
      expect(hashOf(toHalf(await valuesOf(mixture, name))), name).toBe(want);
    }
  });

  test('takes what one model lends whole, in the dtype in which it was written', async () => {
    const [first, other] = [
      await checkpointOf({ w: f32(1) }),
      await checkpointOf({ w: f32(3), p: f32(1 / 3) }),
    ];
    const written = await checkpointOf({ w: f32(2), p: f16(0x3555) });
    const mixture = recomputeMixture([first, other], [0.5, 0.5], 'bert', 'as-model-1', written);
    expect([...(await valuesOf(mixture, 'w'))]).toEqual([2]);
    // the half nearest to 1/3
    expect([...(await valuesOf(mixture, 'p'))]).toEqual([0x555 / 4096]);
  });

  test('reads a part of a tensor as the same part of the whole', async () => {
    const models = await openFamily('bert');
    const mixture = recomputeMixture(models, bert.merge.weights, 'bert', 'BF16', models[0]!);
    const tensor = mixture.tensors.get('embeddings.word_embeddings.weight')!;
    const whole = await mixture.read(tensor, 0, tensor.elementCount);
    expect(await mixture.read(tensor, 33, 77)).toEqual(whole.slice(33, 77));
  });
});
