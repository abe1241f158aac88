/** Merges against the reference package: every merged tensor, bit for bit. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { planLinear } from '../../src/merge/plan.ts';
import { mergeTensors } from '../../src/merge/run.ts';
import { compareModels } from '../../src/model/compare.ts';
import { openCheckpoint } from '../../src/safetensors/checkpoint.ts';
import bert from '../fixtures/golden/bert/expected.json' with { type: 'json' };
import bertCls from '../fixtures/golden/bert-cls/expected.json' with { type: 'json' };
import roberta from '../fixtures/golden/roberta/expected.json' with { type: 'json' };
import { folderSource, openModel } from '../model/models.ts';

interface Merged {
  readonly weights: readonly number[];
  readonly tensors: Readonly<Record<string, { readonly shape: readonly number[]; readonly sha256: string }>>;
}

const golden = join(import.meta.dirname, '../fixtures/golden');

async function mergeFamily(family: string, weights: readonly number[], chunkElements?: number) {
  const folders = ['a', 'b', 'c'].map((model) => join(golden, family, model));
  const sources = await Promise.all(folders.map((folder) => folderSource(folder, folder)));
  const { problems, tensors } = await compareModels(await Promise.all(sources.map(openModel)));
  const checkpoints = await Promise.all(sources.map(openCheckpoint));
  const { signal } = new AbortController();
  const merged: Record<string, { shape: readonly number[]; sha256: string }> = {};
  for (const planned of planLinear(tensors, weights).tensors) {
    const hash = createHash('sha256');
    for await (const chunk of mergeTensors([planned], checkpoints, signal, chunkElements)) hash.update(chunk);
    merged[planned.name] = { shape: planned.shape, sha256: hash.digest('hex') };
  }
  return { problems, merged };
}

const families: readonly (readonly [string, string, Merged])[] = [
  ['bert', 'float32', bert.merge],
  ['bert-cls', 'float16', bertCls.merge],
  ['roberta', 'in three shards', roberta.merge],
];

describe('mergeTensors', () => {
  test.each(families)('merges %s, %s, to the bits of the reference', async (family, _, want) => {
    const { problems, merged } = await mergeFamily(family, want.weights);
    expect(problems).toEqual([]);
    expect(merged).toEqual(want.tensors);
  });

  test('merges to the same bits in chunks of 100 elements', async () => {
    const { merged } = await mergeFamily('bert-cls', bertCls.merge.weights, 100);
    expect(merged).toEqual(bertCls.merge.tensors);
  });

  test('merges to other bits in another order of models', async () => {
    const [first, second, third] = bert.merge.weights as [number, number, number];
    const { merged } = await mergeFamily('bert', [second, first, third]);
    expect(merged).not.toEqual(bert.merge.tensors);
  });
});
