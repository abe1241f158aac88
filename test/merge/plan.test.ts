import { describe, expect, test } from 'vitest';
import { planLinear } from '../../src/merge/plan.ts';
import type { MatchedTensor } from '../../src/model/match.ts';
import type { Checkpoint, Tensor } from '../../src/safetensors/checkpoint.ts';
import { checkpointOf, f16, f32, i64, u8 } from './checkpoints.ts';

const tensorIn = (checkpoint: Checkpoint, name: string): Tensor => checkpoint.tensors.get(name)!;

function float(name: string, ...from: readonly (Tensor | undefined)[]): MatchedTensor {
  return { name, shape: [2], kind: 'float', from };
}

describe('planLinear', () => {
  test('gives every model its term, in model order, with its weight in float32', async () => {
    const a = tensorIn(await checkpointOf({ w: f32(1, 2) }), 'w');
    const b = tensorIn(await checkpointOf({ w: f16(0x3c00, 0x4000) }), 'w');
    const { tensors } = planLinear([float('w', a, b)], [0.7, 0.3]);
    expect(tensors).toEqual([
      {
        kind: 'mix',
        name: 'w',
        shape: [2],
        dtype: 'F32',
        terms: [
          { model: 0, tensor: a, weight: Math.fround(0.7) },
          { model: 1, tensor: b, weight: Math.fround(0.3) },
        ],
      },
    ]);
    expect(Math.fround(0.7)).not.toBe(0.7);
  });

  test('keeps the term of a weight of 0, and negative weights', async () => {
    const w = tensorIn(await checkpointOf({ w: f32(1, 2) }), 'w');
    const [planned] = planLinear([float('w', w, w, w)], [0, 1.5, -0.5]).tensors;
    expect(planned).toMatchObject({ terms: [{ weight: 0 }, { weight: 1.5 }, { weight: -0.5 }] });
  });

  test('takes a tensor that one model lends whole, whatever the weights', async () => {
    const w = tensorIn(await checkpointOf({ w: f32(1, 2) }), 'w');
    const { tensors } = planLinear([float('pooler', undefined, w, undefined)], [0.5, 0, 0.5]);
    expect(tensors).toMatchObject([{ kind: 'mix', terms: [{ model: 1, tensor: w, weight: 1 }] }]);
  });

  test('copies integers from the last model, in its dtype', async () => {
    const a = tensorIn(await checkpointOf({ n: i64(1n) }), 'n');
    const b = tensorIn(await checkpointOf({ n: u8(2) }), 'n');
    const matched: MatchedTensor = { name: 'n', shape: [1], kind: 'integer', from: [a, b] };
    expect(planLinear([matched], [0.9, 0.1]).tensors).toEqual([
      { kind: 'copy', name: 'n', shape: [1], dtype: 'U8', model: 1, tensor: b },
    ]);
  });

  test('copies integers that only an earlier model has from that one', async () => {
    const n = tensorIn(await checkpointOf({ n: i64(1n) }), 'n');
    const matched: MatchedTensor = { name: 'n', shape: [1], kind: 'integer', from: [n, undefined] };
    expect(planLinear([matched], [0.5, 0.5]).tensors).toMatchObject([{ kind: 'copy', model: 0 }]);
  });

  test('plans nothing for no tensors', () => {
    expect(planLinear([], [0.5, 0.5])).toEqual({ tensors: [], dtype: 'F32' });
  });

  test.each(['F16', 'BF16'] as const)(
    'stores every mixed tensor in %s, and integers as they are',
    async (dtype) => {
      const model = await checkpointOf({ w: f32(1, 2), n: i64(1n) });
      const n: MatchedTensor = { name: 'n', shape: [1], kind: 'integer', from: [tensorIn(model, 'n')] };
      const plan = planLinear([float('w', tensorIn(model, 'w')), n], [1], dtype);
      expect(plan).toMatchObject({
        dtype,
        tensors: [
          { kind: 'mix', dtype },
          { kind: 'copy', dtype: 'I64' },
        ],
      });
    },
  );

  describe('as model 1', () => {
    test('stores each tensor as model 1 does, whatever the others are', async () => {
      const first = await checkpointOf({ half: f16(0x3c00, 0x4000), single: f32(1, 2) });
      const other = await checkpointOf({ half: f32(1, 2), single: f16(0x3c00, 0x4000) });
      const both = (name: string) => float(name, tensorIn(first, name), tensorIn(other, name));
      const { tensors } = planLinear([both('half'), both('single')], [0.5, 0.5], 'as-model-1');
      expect(tensors).toMatchObject([{ dtype: 'F16' }, { dtype: 'F32' }]);
    });

    test('is, as a whole, what most of model 1 is, and so is a tensor that it lacks', async () => {
      const first = await checkpointOf({ large: f16(0x3c00, 0x4000), small: f32(1) });
      const other = await checkpointOf({ pooler: f32(1, 2) });
      const matched = [
        float('small', tensorIn(first, 'small'), tensorIn(first, 'small')),
        float('large', tensorIn(first, 'large'), tensorIn(first, 'large')),
        float('pooler', undefined, tensorIn(other, 'pooler')),
      ];
      const plan = planLinear(matched, [0.5, 0.5], 'as-model-1');
      expect(plan).toMatchObject({ dtype: 'F16', tensors: [{}, {}, { name: 'pooler', dtype: 'F16' }] });
    });

    test('stores what model 1 has in float64 as float32', async () => {
      const w: Tensor = { ...tensorIn(await checkpointOf({ w: f32(1, 2) }), 'w'), dtype: 'F64', bytes: 16 };
      expect(planLinear([float('w', w)], [1], 'as-model-1')).toMatchObject({
        dtype: 'F32',
        tensors: [{ dtype: 'F32' }],
      });
    });
  });
});
