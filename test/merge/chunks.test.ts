import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chunkElementsFor, planChunks } from '../../src/merge/chunks.ts';
import type { PlannedTensor } from '../../src/merge/plan.ts';
import { planShards } from '../../src/safetensors/shards.ts';
import { planFile } from '../../src/safetensors/writer.ts';
import { elementBytes } from '../../src/tensor/dtype.ts';

const tensor = { name: '', dtype: 'F32', shape: [], elementCount: 1, bytes: 4, file: '', start: 0 } as const;

function planned(name: string, size: number, dtype: 'F32' | 'BF16' | 'I64'): PlannedTensor {
  return dtype === 'I64'
    ? { kind: 'copy', name, shape: [size], dtype, model: 0, tensor }
    : { kind: 'mix', name, shape: [size], dtype, terms: [{ model: 0, tensor, weight: 1 }] };
}

describe('planChunks', () => {
  test('covers every byte of every file once, in order, in chunks that are no larger than asked', () => {
    const tensors = fc.array(
      fc.record({ size: fc.nat({ max: 40 }), dtype: fc.constantFrom('F32', 'BF16', 'I64') }),
      { minLength: 1, maxLength: 12 },
    );
    fc.assert(
      fc.property(tensors, fc.integer({ min: 1, max: 30 }), fc.nat(12), (sizes, chunkElements, first) => {
        const plan = sizes.map(({ size, dtype }, t) => planned(`t${t}`, size, dtype));
        const shards = [plan.slice(0, first), plan.slice(first)].map((own, s) => {
          return { path: `model-${s}.safetensors`, folder: '', plan: planFile(own) };
        });
        const chunks = planChunks(shards, plan, chunkElements);
        expect(chunks.map(({ index }) => index)).toEqual([...chunks.keys()]);
        for (const { path, plan: file } of shards) {
          const own = chunks.filter((chunk) => chunk.path === path);
          expect(own[0]).toMatchObject({ start: 0, end: file.header.length, header: file.header });
          expect(own.map(({ end }) => end).slice(0, -1)).toEqual(own.map(({ start }) => start).slice(1));
          expect(own.at(-1)!.end).toBe(file.bytes);
        }
        const done = new Map<string, number>();
        for (const { pieces, start, end, header } of chunks) {
          let at = 0;
          for (const piece of pieces) {
            expect(piece.at).toBe(at);
            expect(piece.start).toBe(done.get(piece.tensor.name) ?? 0);
            done.set(piece.tensor.name, piece.end);
            at += (piece.end - piece.start) * (piece.kind === 'mix' ? elementBytes(piece.tensor.dtype) : 1);
          }
          expect(at).toBe(header ? 0 : end - start);
          expect(at).toBeLessThanOrEqual(4 * chunkElements);
        }
      }),
    );
  });

  test('puts tensors that are small into one chunk, and a large one into several', () => {
    const plan = [planned('a', 3, 'F32'), planned('b', 4, 'F32'), planned('c', 20, 'F32')];
    const chunks = planChunks(planShards(plan).shards, plan, 8);
    expect(
      chunks.slice(1).map(({ pieces }) => pieces.map(({ tensor, start, end }) => [tensor.name, start, end])),
    ).toEqual([
      [
        ['a', 0, 3],
        ['b', 0, 4],
        ['c', 0, 1],
      ],
      [['c', 1, 9]],
      [['c', 9, 17]],
      [['c', 17, 20]],
    ]);
  });
});

describe('chunkElementsFor', () => {
  test('keeps two chunks of each model and one of the output within 64 MiB', () => {
    for (let models = 1; models <= 16; models++) {
      const bytes = 4 * chunkElementsFor(models) * (2 * models + 1);
      expect(bytes).toBeLessThanOrEqual(64 * 1024 * 1024);
    }
    expect(chunkElementsFor(16)).toBeGreaterThan(500_000);
  });
});
