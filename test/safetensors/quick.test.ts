import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { openCheckpoint, type Readable } from '../../src/safetensors/checkpoint.ts';
import { readQuickly } from '../../src/safetensors/quick.ts';
import type { Source } from '../../src/source/source.ts';
import { sourceOf } from '../model/models.ts';
import { fileOf } from './files.ts';

/** Two pieces and a bit, so that a tensor is widened in three. */
const count = 2 * 512 * 1024 + 13;
const widths = { F64: 8, F32: 4, F16: 2, BF16: 2 } as const;
type Name = keyof typeof widths;
const names = Object.keys(widths) as Name[];

/** Every bit pattern of the half types, NaNs too. */
function bytesOf(dtype: Name): Uint8Array {
  const bytes = new Uint8Array(count * widths[dtype]);
  if (dtype === 'F64') new Float64Array(bytes.buffer).forEach((_, i, all) => (all[i] = i / 3));
  else if (dtype === 'F32') new Uint32Array(bytes.buffer).forEach((_, i, all) => (all[i] = i * 4099));
  else new Uint16Array(bytes.buffer).forEach((_, i, all) => (all[i] = i % 65536));
  return bytes;
}

function largeFile(): Uint8Array<ArrayBuffer> {
  let end = 0;
  const entries = names.map((dtype) => {
    const start = end;
    end += count * widths[dtype];
    return [dtype.toLowerCase(), { dtype, shape: [count], data_offsets: [start, end] }];
  });
  const data = new Uint8Array(end);
  let at = 0;
  for (const dtype of names) {
    const bytes = bytesOf(dtype);
    data.set(bytes, at);
    at += bytes.length;
  }
  // an odd length: no tensor starts at a multiple of its width
  return fileOf(`${JSON.stringify(Object.fromEntries(entries))} `.padEnd(401), data);
}

const folder = mkdtempSync(join(tmpdir(), 'shaker-quick-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = largeFile();
writeFileSync(join(folder, 'model.safetensors'), file);

/** The file where a source keeps it, as a browser's storage hands it out; `opens` counts what is held. */
function kept(opens: { held: number }): Source {
  return {
    ...sourceOf({ 'model.safetensors': file }),
    openStored(path) {
      const handle = openSync(join(folder, path), 'r');
      opens.held++;
      return Promise.resolve({
        bytes: file.length,
        read: (into: Uint8Array, at: number) => void readSync(handle, into, 0, into.length, at),
        close() {
          closeSync(handle);
          opens.held--;
        },
      });
    },
  };
}

async function bitsOf(from: Readable, name: string, start: number, end: number): Promise<Uint32Array> {
  const values = await from.read(from.tensors.get(name)!, start, end);
  return new Uint32Array(values.buffer, values.byteOffset, values.length);
}

describe('a checkpoint that this browser keeps', () => {
  test.each(names.map((name) => name.toLowerCase()))(
    'gives the same bits of %s as its Blob',
    async (name) => {
      const opens = { held: 0 };
      const source = kept(opens);
      const checkpoint = await openCheckpoint(source);
      await readQuickly([{ checkpoint, source }], async ([quick]) => {
        expect(opens.held).toBe(1);
        for (const [start, end] of [
          [0, count],
          [5, 6],
          [524_281, 524_299],
          [7, 7],
        ] as const) {
          const [got, want] = [
            await bitsOf(quick!, name, start, end),
            await bitsOf(checkpoint, name, start, end),
          ];
          expect(got.length).toBe(end - start);
          // one assertion, not a million
          expect(Buffer.compare(Buffer.from(got.buffer), Buffer.from(want.buffer))).toBe(0);
        }
      });
      expect(opens.held).toBe(0);
    },
  );

  test('is closed when the work with it fails', async () => {
    const opens = { held: 0 };
    const source = kept(opens);
    const checkpoint = await openCheckpoint(source);
    const work = readQuickly([{ checkpoint, source }], () => Promise.reject(new Error('stopped')));
    await expect(work).rejects.toThrow('stopped');
    expect(opens.held).toBe(0);
  });
});
