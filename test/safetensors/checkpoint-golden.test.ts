/** What other people's code reads and merges from the same files. `values.json` is made by tools/make_fixtures.py. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { openCheckpoint, type Checkpoint } from '../../src/safetensors/checkpoint.ts';
import { addScaled, scale } from '../../src/tensor/add-scaled.ts';
import { createSha256 } from '../../src/tensor/sha256.ts';
import { folderSource, sourceOf } from '../model/models.ts';

const fixtures = new URL('../fixtures/', import.meta.url);
const readJson = async (path: string): Promise<unknown> =>
  JSON.parse(await readFile(new URL(path, fixtures), 'utf8'));
const openFixture = async (path: string) =>
  openCheckpoint(await folderSource(fileURLToPath(new URL(path, fixtures)), path));

const tensorOf = (checkpoint: Checkpoint, name: string) => checkpoint.tensors.get(name)!;

describe('Checkpoint', () => {
  /** SHA-256 of a float tensor's values as float32, read `chunkElements` at a time. */
  async function hashOf(checkpoint: Checkpoint, name: string, chunkElements: number): Promise<string> {
    const tensor = tensorOf(checkpoint, name);
    const hash = await createSha256();
    for (let start = 0; start < tensor.elementCount; start += chunkElements) {
      const values = await checkpoint.read(
        tensor,
        start,
        Math.min(start + chunkElements, tensor.elementCount),
      );
      hash.update(new Uint8Array(values.buffer));
    }
    return hash.digestHex();
  }

  test.each(['bert-cls/a', 'roberta/a'])(
    'reads of %s the values that torch reads, however they are cut',
    async (path) => {
      const expected = (
        (await readJson('safetensors/values.json')) as Record<string, Record<string, string>>
      )[path]!;
      const checkpoint = await openFixture(`golden/${path}`);
      expect([...checkpoint.tensors.keys()].toSorted()).toEqual(Object.keys(expected));
      for (const [name, sha256] of Object.entries(expected)) {
        // 1,000 divides none of the larger tensors
        expect(await hashOf(checkpoint, name, 1000), name).toBe(sha256);
      }
    },
  );

  test('reads every dtype that the reference writer knows of ours', async () => {
    const source = sourceOf({
      'model.safetensors': new Uint8Array(
        await readFile(new URL('safetensors/every-dtype.safetensors', fixtures)),
      ),
    });
    const checkpoint = await openCheckpoint(source);
    for (const dtype of ['F64', 'F32', 'F16', 'BF16']) {
      expect([...(await checkpoint.read(tensorOf(checkpoint, `a ${dtype}`), 0, 3))], dtype).toEqual([
        0, 1, 0,
      ]);
      expect([...(await checkpoint.read(tensorOf(checkpoint, `b ${dtype}`), 0, 1))], dtype).toEqual([1]);
    }
    expect([...(await checkpoint.readElements(tensorOf(checkpoint, 'a I64'), 1, 2))]).toEqual([
      1, 0, 0, 0, 0, 0, 0, 0,
    ]);
    expect(tensorOf(checkpoint, '0')).toMatchObject({ shape: [0, 3], elementCount: 0, bytes: 0 });
  });

  test.each(['bert-cls', 'roberta'])(
    'with scale and addScaled gives the merged tensors of %s that the reference made',
    async (family) => {
      const { models, merge } = (await readJson(`golden/${family}/expected.json`)) as {
        models: string[];
        merge: { weights: number[]; tensors: Record<string, { sha256: string }> };
      };
      const checkpoints = await Promise.all(models.map((model) => openFixture(`golden/${family}/${model}`)));
      for (const [name, { sha256 }] of Object.entries(merge.tensors)) {
        const inputs = await Promise.all(
          checkpoints.map((checkpoint) => {
            const tensor = tensorOf(checkpoint, name);
            return checkpoint.read(tensor, 0, tensor.elementCount);
          }),
        );
        const sum = new Float32Array(inputs[0]!.length);
        inputs.forEach((values, m) => (m === 0 ? scale : addScaled)(sum, values, merge.weights[m]!));
        const hash = await createSha256();
        hash.update(new Uint8Array(sum.buffer));
        expect(hash.digestHex(), name).toBe(sha256);
      }
    },
  );
});
