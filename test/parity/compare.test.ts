import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fileOf } from '../safetensors/files.ts';
import { compareModule, compareTensors, Verdict } from './compare.ts';

let folder = '';
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'compare-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const x = { shape: [1], sha256: hashOf(1) };

function hashOf(value: number): string {
  return createHash('sha256')
    .update(new Uint8Array(Float32Array.of(value).buffer))
    .digest('hex');
}

/** Writes scalars' worth of tensors, (1,) each; the path of their file. */
function write(written: Readonly<Record<string, number>>): string {
  const path = join(folder, 'model.safetensors');
  const header = Object.keys(written).map((name, t) => [
    name,
    { dtype: 'F32', shape: [1], data_offsets: [4 * t, 4 * t + 4] },
  ]);
  const data = new Uint8Array(Float32Array.from(Object.values(written)).buffer);
  writeFileSync(path, fileOf(JSON.stringify(Object.fromEntries(header)), data));
  return path;
}

function compare(
  written: Readonly<Record<string, number>>,
  tensors: Readonly<Record<string, { shape: number[]; sha256: string }>>,
  ...inputs: readonly (readonly string[])[]
): Verdict {
  const verdict = new Verdict();
  const merge = { weights: [0.5, 0.5], tensors, modules: {} };
  const names = inputs.map((model) => new Set(model));
  compareTensors(write(written), { merge }, names, verdict);
  return verdict;
}

describe('compareTensors', () => {
  test('finds equal tensors equal under names with and without the prefix', () => {
    for (const name of ['encoder.x', 'bert.encoder.x']) {
      expect(compare({ [name]: 1 }, { 'encoder.x': x }).failures).toEqual([]);
      expect(compare({ [name]: 1 }, { 'bert.encoder.x': x }).failures).toEqual([]);
    }
  });

  test('names a tensor whose values, shape or presence differs', () => {
    expect(compare({ x: 2 }, { x }).failures).toEqual([`x sha256: ${hashOf(2)}, not ${hashOf(1)}`]);
    expect(compare({ x: 1 }, { x: { ...x, shape: [1, 1] } }).failures).toEqual(['x shape: 1, not 1x1']);
    expect(compare({ y: 1 }, { x }).failures).toEqual([
      'x: not written',
      'y: written, but not in the reference',
    ]);
  });

  test('compares a tied tensor with its source', () => {
    const tensors = { 'lm_head.weight': x, 'model.embed_tokens.weight': x };
    expect(compare({ 'model.embed_tokens.weight': 1 }, tensors).failures).toEqual([]);
    expect(compare({ 'model.embed_tokens.weight': 2 }, tensors).failures).toHaveLength(2);
  });

  test('compares a pooler that every model has, and remarks on one that the reference made up', () => {
    const tensors = { 'pooler.x': { shape: [1], sha256: hashOf(7) } };
    const both = compare({ 'pooler.x': 1 }, tensors, ['pooler.x'], ['pooler.x']);
    expect(both.failures).toHaveLength(1);
    for (const second of [[], ['x']]) {
      const { failures, remarks } = compare({ 'pooler.x': 1 }, tensors, ['pooler.x'], second);
      expect(failures).toEqual([]);
      expect(remarks).toEqual([expect.stringContaining('pooler.x')]);
    }
  });

  test('remarks on a head beside a prefixed model, and only there', () => {
    const prefixed = compare({ 'bert.x': 1, 'cls.y': 1 }, { x });
    expect(prefixed.failures).toEqual([]);
    expect(prefixed.remarks).toEqual(['heads, so not compared: cls.y']);
    expect(compare({ x: 1, 'cls.y': 1 }, { x }).failures).toHaveLength(1);
    expect(compare({ 'bert.x': 1, 'bert.y': 1 }, { x }).failures).toHaveLength(1);
  });
});

describe('compareModule', () => {
  test('names what differs, what is not written, and what is written besides', () => {
    const verdict = new Verdict();
    const path = write({ w: 1, x: 2, z: 1 });
    compareModule(path, '2_Dense', { w: x, x, y: x }, verdict);
    expect(verdict.failures).toEqual([
      `2_Dense/x sha256: ${hashOf(2)}, not ${hashOf(1)}`,
      '2_Dense/y: not written',
      '2_Dense/z: written, but not in the reference',
    ]);
  });
});
