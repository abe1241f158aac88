/** Merges against the reference package: every merged tensor, bit for bit. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { planLinear, type OutputDtype } from '../../src/merge/plan.ts';

import { compareModels } from '../../src/model/compare.ts';
import { openModelCheckpoint } from '../../src/model/dense.ts';
import half from '../fixtures/merge/half.json' with { type: 'json' };
import halfDemo from '../fixtures/merge/half-demo.json' with { type: 'json' };
import bert from '../fixtures/golden/bert/expected.json' with { type: 'json' };
import bertCls from '../fixtures/golden/bert-cls/expected.json' with { type: 'json' };
import roberta from '../fixtures/golden/roberta/expected.json' with { type: 'json' };
import { folderSource, openModel } from '../model/models.ts';
import { mergeTensors } from './merging.ts';

interface Merged {
  readonly weights: readonly number[];
  readonly tensors: Readonly<Record<string, { readonly shape: readonly number[]; readonly sha256: string }>>;
}

const golden = join(import.meta.dirname, '../fixtures/golden');
const embedded = join(import.meta.dirname, '../../public/demo');

function mergeFamily(family: string, ...rest: Tail<Parameters<typeof mergeFolders>>) {
  return mergeFolders(
    ['a', 'b', 'c'].map((model) => join(golden, family, model)),
    ...rest,
  );
}

type Tail<T> = T extends [unknown, ...infer Rest] ? Rest : never;

async function mergeFolders(
  folders: readonly string[],
  weights: readonly number[],
  chunkElements?: number,
  dtype?: OutputDtype,
) {
  const sources = await Promise.all(folders.map((folder) => folderSource(folder, folder)));
  const { problems, tensors } = await compareModels(await Promise.all(sources.map(openModel)));
  const checkpoints = await Promise.all(sources.map(openModelCheckpoint));
  const { signal } = new AbortController();
  const merged: Record<string, { shape: readonly number[]; sha256: string }> = {};
  for (const planned of planLinear(tensors, weights, dtype).tensors) {
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

  // by tools/make_fixtures.py: torch's float32 sums, which are the reference's bits, cast once
  test.each([
    ['bert', 'F16', bert.merge, half.bert.F16],
    ['bert', 'BF16', bert.merge, half.bert.BF16],
    ['bert-cls', 'F16', bertCls.merge, half['bert-cls'].F16],
    ['bert-cls', 'BF16', bertCls.merge, half['bert-cls'].BF16],
    // its models are stored in float16
    ['bert-cls', 'as-model-1', bertCls.merge, half['bert-cls'].F16],
  ] as const)('merges %s to %s as torch casts the exact float32 sums', async (family, dtype, given, want) => {
    const { merged } = await mergeFamily(family, given.weights, 1000, dtype);
    const hashes = Object.entries(merged).map(([name, { sha256 }]) => [name, sha256]);
    expect(Object.fromEntries(hashes)).toEqual(want);
  });

  test.each(['F16', 'BF16'] as const)(
    'merges real models to %s as torch casts the exact float32 sums',
    async (dtype) => {
      const { merged } = await mergeFolders(
        ['base', 'bank', 'science'].map((model) => join(embedded, model)),
        [0.2, 0.5, 0.3],
        undefined,
        dtype,
      );
      const hashes = Object.entries(merged).map(([name, { sha256 }]) => [name, sha256]);
      expect(Object.fromEntries(hashes)).toEqual(halfDemo[dtype]);
    },
  );

  test('merges to other bits in another order of models', async () => {
    const [first, second, third] = bert.merge.weights as [number, number, number];
    const { merged } = await mergeFamily('bert', [second, first, third]);
    expect(merged).not.toEqual(bert.merge.tensors);
  });
});
