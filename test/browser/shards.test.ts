/** A mixture in several files: written, proved, zipped, saved and opened again, with the values of the one in one file. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openCheckpoint, type Checkpoint } from '../../src/safetensors/checkpoint.ts';
import { indexPath } from '../../src/safetensors/shard-index.ts';
import { defaultShardBytes, isShardPath, shardBytesMin, shardPath } from '../../src/safetensors/split.ts';
import { openLocal } from '../../src/source/local.ts';
import type { LocalFile, ModelRef } from '../../src/source/source.ts';
import type { Output } from '../../src/pour.ts';
import type { Check } from '../../src/proof.ts';
import { checkpointFiles } from '../../src/recipe/link.ts';
import { parseRecipe } from '../../src/recipe/parse.ts';
import type { Recipe } from '../../src/recipe/recipe.ts';
import { openClient } from '../../src/worker/client.ts';
import { readZip } from '../support/unzip.ts';
import { clearStorage } from './clear-storage.ts';
import { localModel } from './models.ts';

const client = openClient();
const weights = [0.6, 0.4];
let models: readonly ModelRef[];
let sharded: Output;

/** An embedded model, as a folder that was dropped. */
function embedded(name: string): Promise<ModelRef> {
  const paths = ['config.json', 'model.safetensors', 'modules.json', '1_Pooling/config.json'];
  const files = [...paths, 'tokenizer.json', 'tokenizer_config.json'];
  const addressOf = (path: string): URL => new URL(`/demo/${name}/${path}`, location.href);
  return localModel(name, Object.fromEntries(files.map((path) => [path, addressOf(path)])));
}

beforeAll(async () => {
  models = [await embedded('base'), await embedded('bank')];
  sharded = await merge(shardBytesMin);
});
afterAll(clearStorage);

/** Its values take 3.7 MB in float16. */
function merge(shardBytes?: number): Promise<Output> {
  const job = { models, weights, dtype: 'F16' } as const;
  return client.merge(shardBytes === undefined ? job : { ...job, shardBytes }, {}, { device: 'cpu' });
}

async function filesOf(output: Output): Promise<readonly LocalFile[]> {
  const files = output.files.map(async ({ path }) => ({ path, file: await client.openFile(output, path) }));
  return Promise.all(files);
}

async function open(files: readonly LocalFile[]): Promise<Checkpoint> {
  return openCheckpoint(openLocal('output', files));
}

async function recipeOf(output: Output): Promise<Recipe> {
  return parseRecipe(await (await client.openFile(output, 'recipe.json')).text(), 'recipe.json');
}

/** Bytes of every tensor, as one text each. */
async function valuesOf(checkpoint: Checkpoint): Promise<Record<string, string>> {
  const values = [...checkpoint.tensors.values()].map(async (tensor) => {
    const bytes = await checkpoint.readElements(tensor, 0, tensor.elementCount);
    const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
    return [tensor.name, `${tensor.dtype} ${tensor.shape.join()} ${hash.join()}`] as const;
  });
  return Object.fromEntries(await Promise.all(values));
}

describe('a mixture in shards', () => {
  test('has the tensors of the same mixture in one file, and passes its proof', async () => {
    const whole = await merge();
    expect(sharded.proof.checks.map(({ state }) => state)).toEqual(Array(5).fill('passed'));
    const paths = sharded.files.map(({ path }) => path).filter((path) => path.startsWith('model'));
    const count = paths.length - 1;
    expect(count).toBeGreaterThan(2);
    const shards = Array.from({ length: count }, (_, s) => shardPath(s, count));
    expect(paths.toSorted()).toEqual([...shards, indexPath].toSorted());

    const [one, many] = [await open(await filesOf(whole)), await open(await filesOf(sharded))];
    expect(await valuesOf(many)).toEqual(await valuesOf(one));
    for (const { bytes } of many.files.slice(1)) expect(bytes).toBeLessThan(shardBytesMin * 1.01);
  });

  test('has a recipe that makes the same files, and one that fits into one file says nothing of it', async () => {
    const recipe = await recipeOf(sharded);
    expect(recipe.shardBytes).toBe(shardBytesMin);
    const listed = checkpointFiles(recipe.reader?.output);
    expect(listed.map(({ path }) => path)).toEqual(sharded.files.map(({ path }) => path).filter(isShardPath));
    const large = await recipeOf(await merge(defaultShardBytes));
    expect(large).not.toHaveProperty('shardBytes');
    expect(checkpointFiles(large.reader?.output)).toHaveLength(1);
  });

  test('comes whole out of its zip and out of the folder that it is saved into', async () => {
    const output = sharded;
    const listed = output.files.map(({ path, bytes }) => `${path} ${bytes}`).toSorted();
    const zip = readZip(new Uint8Array(await (await client.openZip(output)).arrayBuffer()));
    const zipped = [...zip].map(([path, bytes]) => `${path.slice(output.name.length + 1)} ${bytes.length}`);
    expect(zipped.toSorted()).toEqual(listed);

    const root = await navigator.storage.getDirectory();
    const parent = await root.getDirectoryHandle('picked', { create: true });
    const folder = await parent.getDirectoryHandle(await client.saveInto(output, parent));
    const sizes: string[] = [];
    for await (const [name, handle] of folder.entries()) {
      if (handle.kind === 'file')
        sizes.push(`${name} ${(await (handle as FileSystemFileHandle).getFile()).size}`);
    }
    expect(sizes.toSorted()).toEqual(listed.filter((line) => !line.includes('/')));
  });

  test('is a model like any other', async () => {
    const files = await filesOf(sharded);
    const again: ModelRef = { kind: 'local', name: 'again', files };
    const { checkpointBytes } = await client.inspect(again);
    expect(checkpointBytes).toBe((await open(files)).bytes);
    const { output } = await client.compare([again, models[0]!]);
    expect(output?.tensorCount).toBe(sharded.proof.checks.flatMap(tensorCountOf)[0]);
    const hashed = sharded.files.filter(({ path }) => isShardPath(path));
    expect(await client.identify(again)).toEqual(hashed);
  });
});

function tensorCountOf(check: Check): readonly number[] {
  return check.kind === 'header' ? [check.tensorCount] : [];
}
