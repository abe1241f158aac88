/** Dense modules of sentence-transformers are mixed as all else is: the files that are written, against the reference. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { planChunks } from '../../src/merge/chunks.ts';
import { planLinear } from '../../src/merge/plan.ts';
import { mixChunks } from '../../src/merge/run.ts';
import { compareModels } from '../../src/model/compare.ts';
import { openModelCheckpoint } from '../../src/model/dense.ts';
import { recomputeMixture } from '../../src/recompute.ts';
import { planShards } from '../../src/safetensors/shards.ts';
import type { Source } from '../../src/source/source.ts';
import { openKernels } from '../../src/tensor/kernels.ts';
import expected from '../fixtures/families/bert-dense/expected.json' with { type: 'json' };
import { folderSource, openModel, refusal, sourceOf } from '../model/models.ts';
import { hashTensors } from '../support/safetensors-hashes.ts';

const fixtures = join(import.meta.dirname, '../fixtures');
const { weights, tensors, modules } = expected.merge;
const denseFile = '2_Dense/model.safetensors';

function openFamily(): Promise<readonly Source[]> {
  return Promise.all(
    ['a', 'b'].map((name) => folderSource(join(fixtures, 'families/bert-dense', name), name)),
  );
}

/** The written files by path, in chunks so small that tensors are cut. */
async function write(sources: readonly Source[], weights: readonly number[]) {
  const models = await Promise.all(sources.map(openModel));
  const match = await compareModels(models);
  expect(match.problems.filter(({ severity }) => severity === 'refused')).toEqual([]);
  const plan = planLinear(match.tensors, weights);
  const folders = models[0]!.dense.map(({ folder }) => folder);
  const { shards } = planShards(plan.tensors, undefined, folders);
  const checkpoints = await Promise.all(sources.map((source) => openModelCheckpoint(source)));
  const files = new Map(shards.map(({ path, plan }) => [path, new Uint8Array(plan.bytes)]));
  const inputs = { checkpoints, stored: [] };
  const { signal } = new AbortController();
  const chunks = planChunks(shards, plan.tensors, 100);
  for await (const { chunk, bytes } of mixChunks(chunks, inputs, await openKernels(), signal)) {
    files.get(chunk.path)!.set(bytes, chunk.start);
  }
  return files;
}

/** The source with some of its files replaced, or gone. */
function replace(
  source: Source,
  files: Readonly<Record<string, Uint8Array<ArrayBuffer> | undefined>>,
): Source {
  return {
    ...source,
    open: async (path) => {
      if (!Object.hasOwn(files, path)) return source.open(path);
      const bytes = files[path];
      return bytes && new Blob([bytes]);
    },
  };
}

function hashesOf(file: Uint8Array | undefined) {
  return Object.fromEntries(
    [...hashTensors(file!)].map(([name, { shape, sha256 }]) => [name, { shape, sha256 }]),
  );
}

describe('a mixture of models with a Dense module', () => {
  test('has the bits of the reference, in a file where sentence-transformers looks', async () => {
    const files = await write(await openFamily(), weights);
    expect([...files.keys()]).toEqual(['model.safetensors', denseFile]);
    expect(hashesOf(files.get(denseFile))).toEqual(modules['2_Dense']);
    expect(hashesOf(files.get('model.safetensors'))).toEqual(tensors);
  });

  test('is computed once more, from the ingredients, to the same bits', async () => {
    const checkpoints = await Promise.all((await openFamily()).map((source) => openModelCheckpoint(source)));
    const mixture = recomputeMixture(checkpoints, weights, 'bert', 'F32', checkpoints[0]!);
    const file = (await write(await openFamily(), weights)).get(denseFile)!;
    const tensor = mixture.tensors.get('2_Dense/linear.weight')!;
    const want = new Uint8Array((await mixture.read(tensor, 0, tensor.elementCount)).buffer);
    // bias, then weight: the last of the file
    expect(Buffer.from(file.subarray(-want.length)).equals(want)).toBe(true);
  });

  test('is refused where a value of the module is no number', async () => {
    const [a, b] = (await openFamily()) as [Source, Source];
    const damaged = new Uint8Array(await (await b.open(denseFile))!.arrayBuffer());
    damaged.set(new Uint8Array(Float32Array.of(NaN).buffer), damaged.length - 4);
    expect(await refusal(write([a, replace(b, { [denseFile]: damaged })], weights))).toEqual([
      'values-not-finite',
      { model: 'b', tensor: '2_Dense/linear.weight' },
    ]);
  });

  test('is written as safetensors where a model keeps the module as a pickle', async () => {
    const [a] = (await openFamily()) as [Source, Source];
    const pickled = replace(a, {
      [denseFile]: undefined,
      '2_Dense/pytorch_model.bin': new Uint8Array(await readFile(join(fixtures, 'fuzz/plain.bin'))),
    });
    const files = await write([pickled, pickled], [0.5, 0.5]);
    const opened = await openModelCheckpoint(pickled);
    const plain = opened.tensors.get('2_Dense/embeddings.weight')!;
    const { '2_Dense/model.safetensors': file } = Object.fromEntries(files);
    const written = await openModelCheckpoint(
      sourceOf({
        'model.safetensors': files.get('model.safetensors'),
        'modules.json': await a.open('modules.json'),
        [denseFile]: file,
      }),
    );
    expect([...written.tensors.keys()].sort()).toEqual([...opened.tensors.keys()].sort());
    const values = await written.read(written.tensors.get(plain.name)!, 0, plain.elementCount);
    expect(values).toEqual(await opened.read(plain, 0, plain.elementCount));
  });
});
