import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openCheckpoint } from '../../src/safetensors/checkpoint.ts';
import { indexPath, parseIndex } from '../../src/safetensors/shard-index.ts';
import { planShards, type CheckpointPlan } from '../../src/safetensors/shards.ts';
import {
  defaultShardBytes,
  isShardPath,
  shardBytesMin,
  shardLimit,
  shardPath,
  splitTensors,
} from '../../src/safetensors/split.ts';
import { bytesOf, type FilePlan, type TensorToWrite } from '../../src/safetensors/writer.ts';
import { dtypes, type Dtype } from '../../src/tensor/dtype.ts';
import { sourceOf } from '../model/models.ts';
import { thrownBy } from './files.ts';

interface Case {
  readonly tensors: readonly [name: string, dtype: Dtype, shape: readonly number[]][];
  readonly limit: number;
  readonly index: string | null;
  /** SHA-256 by name. */
  readonly files: Readonly<Record<string, string>>;
}

/** What huggingface_hub wrote: tools/make_shards.py. */
const reference = JSON.parse(
  readFileSync(new URL('../fixtures/safetensors/shards.json', import.meta.url), 'utf8'),
) as Record<string, Case>;

/** The file with zeros for values. */
function zeros({ header, bytes }: FilePlan): Uint8Array<ArrayBuffer> {
  const file = new Uint8Array(bytes);
  file.set(header);
  return file;
}

const tensor = fc.record({
  name: fc.string({ unit: 'grapheme', maxLength: 8 }),
  dtype: fc.constantFrom(...dtypes),
  shape: fc.array(fc.nat(600), { maxLength: 2 }),
});
const tables = fc.uniqueArray(tensor, { selector: ({ name }) => name, maxLength: 30 });
const limits = fc.integer({ min: shardBytesMin, max: 3 * shardBytesMin });

const namesOf = ({ plan }: CheckpointPlan['shards'][number]) => plan.tensors.map(({ name }) => name);

describe('planShards', () => {
  test.each(Object.entries(reference))(
    'writes what huggingface_hub writes where a checkpoint %s',
    (_, { tensors, limit, index, files }) => {
      const planned = planShards(
        tensors.map(([name, dtype, shape]) => ({ name, dtype, shape })),
        limit,
      );
      expect(planned.index ?? null).toBe(index);
      const hashed = planned.shards.map(({ path, plan }) => {
        return [path, createHash('sha256').update(zeros(plan)).digest('hex')];
      });
      expect(Object.fromEntries(hashed)).toEqual(files);
    },
  );

  test('puts every tensor into one file, within the limit but for what is larger alone', () => {
    fc.assert(
      fc.property(tables, limits, (tensors, limit) => {
        const { shards, bytes } = planShards(tensors, limit);
        const placed = shards.flatMap(namesOf);
        expect(placed.toSorted()).toEqual(tensors.map(({ name }) => name).toSorted());
        expect(shards.map(({ path }) => path)).toEqual(shards.map((_, s) => shardPath(s, shards.length)));
        expect(bytes).toBe(shards.reduce((sum, { plan }) => sum + plan.bytes, 0));
        for (const { plan } of shards) {
          const within = plan.bytes - plan.header.length <= limit;
          expect(within || plan.tensors.length === 1).toBe(true);
        }
      }),
    );
  });

  test('writes an index that parseIndex reads: every tensor and its file', () => {
    fc.assert(
      fc.property(tables, limits, (tensors, limit) => {
        const { shards, index } = planShards(tensors, limit);
        fc.pre(index !== undefined);
        const placed = shards.flatMap((shard) => namesOf(shard).map((name) => [name, shard.path] as const));
        expect(parseIndex(index, indexPath)).toEqual(new Map(placed));
        const { metadata } = JSON.parse(index) as { metadata: { total_size: number } };
        expect(metadata.total_size).toBe(tensors.reduce((sum, tensor) => sum + bytesOf(tensor), 0));
      }),
      { numRuns: 30 },
    );
  });

  test('is one file without an index where no limit is given, or it is not reached', () => {
    const tensors: TensorToWrite[] = [
      { name: 'a', dtype: 'F32', shape: [300_000] },
      { name: 'b', dtype: 'F32', shape: [300_000] },
    ];
    const whole = planShards(tensors);
    expect(whole).toMatchObject({ shards: [{ path: 'model.safetensors' }], index: undefined });
    expect(planShards(tensors, defaultShardBytes)).toEqual(whole);
    expect(planShards([], shardBytesMin).shards).toHaveLength(1);
  });

  test('plans files that openCheckpoint opens as one checkpoint', async () => {
    const tensors: TensorToWrite[] = ['F32', 'I64', 'BF16'].map((dtype) => {
      return { name: `of ${dtype}`, dtype: dtype as Dtype, shape: [150_000] };
    });
    const { shards, index, bytes } = planShards(tensors, shardBytesMin);
    const files = shards.map(({ path, plan }) => [path, zeros(plan)] as const);
    const source = sourceOf({ ...Object.fromEntries(files), [indexPath]: index! });
    const checkpoint = await openCheckpoint(source);
    expect(checkpoint.bytes).toBe(bytes);
    // the large one stands before the file that is being filled meanwhile
    expect(Object.fromEntries([...checkpoint.tensors].map(([name, { file }]) => [name, file]))).toEqual({
      'of F32': shardPath(1, 2),
      'of I64': shardPath(0, 2),
      'of BF16': shardPath(1, 2),
    });
  });
});

describe('splitTensors', () => {
  test('keeps the order in every file, and fills one after the other', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 3 * shardBytesMin }), { maxLength: 60 });
    fc.assert(
      fc.property(sizes, limits, (tensorBytes, limit) => {
        const shards = splitTensors(tensorBytes, limit);
        for (const shard of shards) expect(shard).toEqual(shard.toSorted((a, b) => a - b));
        const bytesOf = (shard: readonly number[]) => shard.reduce((sum, t) => sum + tensorBytes[t]!, 0);
        const filled = shards.filter((shard) => bytesOf(shard) <= limit);
        for (const [s, shard] of filled.entries()) {
          const next = filled[s + 1]?.[0];
          if (next !== undefined) expect(bytesOf(shard) + tensorBytes[next]!).toBeGreaterThan(limit);
        }
      }),
    );
  });

  test.each([NaN, 0, -1, shardBytesMin - 1, 2.5e6 + 0.5, Infinity])('refuses %s bytes a file', (bytes) => {
    const refused = ['shard-bytes-invalid', { limitBytes: shardBytesMin }];
    expect(thrownBy(() => splitTensors([1], bytes))).toEqual(refused);
  });

  test('refuses more files than a recipe can list', () => {
    const tensorBytes = Array.from({ length: shardLimit + 1 }, () => shardBytesMin);
    const refused = ['shards-too-many', { count: shardLimit + 1, limit: shardLimit }];
    expect(thrownBy(() => splitTensors(tensorBytes, shardBytesMin))).toEqual(refused);
    expect(splitTensors(tensorBytes.slice(1), shardBytesMin)).toHaveLength(shardLimit);
  });
});

describe('isShardPath', () => {
  test.each([
    ['model.safetensors', true],
    [shardPath(1, 3), true],
    ['model.safetensors.index.json', false],
    ['2_Dense/model.safetensors', false],
    ['adapter_model.safetensors', false],
  ])('of %s is %s', (path, is) => {
    expect(isShardPath(path)).toBe(is);
  });
});
