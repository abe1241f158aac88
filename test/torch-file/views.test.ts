/** Files that torch saved, against what torch reads of them. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { KnownError } from '../../src/errors.ts';
import { openCheckpoint } from '../../src/safetensors/checkpoint.ts';
import { sourceOf } from '../model/models.ts';
import { fileOf } from './pickles.ts';

const folder = join(import.meta.dirname, '../fixtures/torch');

const readJson = async <T>(name: string): Promise<T> =>
  JSON.parse(await readFile(join(folder, name), 'utf8')) as T;

const openBin = (file: Blob) => openCheckpoint(sourceOf({ 'pytorch_model.bin': file }));
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

describe('openCheckpoint of a PyTorch file', () => {
  type Tensors = Record<string, [string, number[], string]>;
  interface Verdicts {
    readonly sound: string;
    readonly changes: readonly [number, number, Tensors | null][];
    readonly others: readonly [string, Tensors | null][];
  }
  type Expected = Record<string, { dtype: string; shape: number[]; hex: string }>;

  test('reads every dtype and every kind of view as torch does', async () => {
    const checkpoint = await openBin(new Blob([await readFile(join(folder, 'views.bin'))]));
    const got = [...checkpoint.tensors.values()].map(async (tensor) => {
      const bytes = await checkpoint.readBytes(tensor, 0, tensor.bytes);
      return [tensor.name, { dtype: tensor.dtype, shape: tensor.shape, hex: hex(bytes) }] as const;
    });
    expect(Object.fromEntries(await Promise.all(got))).toEqual(await readJson<Expected>('views.json'));
  });

  test('reads any range of a view, elements and bytes', async () => {
    const expected = await readJson<Expected>('views.json');
    const checkpoint = await openBin(new Blob([await readFile(join(folder, 'views.bin'))]));
    for (const name of ['permuted', 'permuted.BF16', 'transposed.F64', 'overlapping', 'ones-in-between']) {
      const tensor = checkpoint.tensors.get(name)!;
      for (let start = 0; start <= tensor.bytes; start += 3) {
        const end = Math.min(tensor.bytes, start + 29);
        const bytes = hex(await checkpoint.readBytes(tensor, start, end));
        expect(bytes).toBe(expected[name]!.hex.slice(2 * start, 2 * end));
      }
    }
    const values = await checkpoint.read(checkpoint.tensors.get('permuted.BF16')!, 1, 4);
    expect([...values]).toEqual([...new Float32Array([6, 12, 18].map((i) => i / 7))].map(toBfloat16));
  });

  test('takes or refuses changed pickles as torch does, and reads what both take alike', async () => {
    const { sound, changes, others } = await readJson<Verdicts>('verdicts.json');
    const whole = Buffer.from(sound, 'base64');
    const cases = [
      ...changes.map(
        ([at, byte, wanted]) => [whole.map((old, i) => (i === at ? byte : old)), wanted] as const,
      ),
      ...others.map(([pickle, wanted]) => [Buffer.from(pickle, 'base64'), wanted] as const),
    ];
    const counts = { both: 0, weAlone: 0, torchAlone: 0, neither: 0 };
    for (const [pickle, wanted] of cases) {
      const got = await readAll(fileOf(pickle));
      if (got !== undefined && wanted !== null) expect(got).toEqual(wanted);
      counts[got === undefined ? (wanted ? 'torchAlone' : 'neither') : wanted ? 'both' : 'weAlone']++;
    }
    // what torch alone takes: unknown protocols and places, hooks that are no hooks, a storage described in two ways
    expect(counts).toEqual({ both: 38, weAlone: 0, torchAlone: 10, neither: 397 });
  });
});

/** Every tensor, or `undefined` for a file that is refused by a known error. */
async function readAll(file: Blob): Promise<Record<string, unknown> | undefined> {
  try {
    const checkpoint = await openBin(file);
    const tensors = [...checkpoint.tensors.values()].map(async (tensor) => {
      const bytes = await checkpoint.readBytes(tensor, 0, tensor.bytes);
      return [tensor.name, [tensor.dtype, tensor.shape, hex(bytes)]] as const;
    });
    return Object.fromEntries(await Promise.all(tensors));
  } catch (error) {
    if (error instanceof KnownError) return undefined;
    throw error;
  }
}

/** Rounded to nearest even; exact halves do not occur here. */
function toBfloat16(value: number): number {
  const bits = new Uint32Array(Float32Array.of(value).buffer)[0]!;
  return new Float32Array(Uint32Array.of((bits + 0x8000) & 0xffff0000).buffer)[0]!;
}
