/** What mutants grow from: names and dtypes of real models, in sizes of a few bytes. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Bytes } from './mutate-bytes.ts';

const fixtures = new URL('../fixtures/', import.meta.url);

export function readFixture(path: string): Bytes {
  return new Uint8Array(readFileSync(new URL(path, fixtures)));
}

export function listFixtures(folder: string): readonly string[] {
  return readdirSync(fileURLToPath(new URL(folder, fixtures))).toSorted();
}

/** A header as JSON values, of a file that is known to be sound. */
function headerOf(file: Bytes): Record<string, { dtype: string; shape: number[] }> {
  const headerBytes = Number(new DataView(file.buffer).getBigUint64(0, true));
  const text = new TextDecoder().decode(file.subarray(8, 8 + headerBytes));
  return JSON.parse(text) as Record<string, { dtype: string; shape: number[] }>;
}

const families = [
  'golden/bert-cls/a/model.safetensors',
  'golden/roberta/a/model-00001-of-00003.safetensors',
  'golden/roberta/a/model-00002-of-00003.safetensors',
];

/** Names of tensors as the golden families have them. */
export const tensorNames: readonly string[] = families.flatMap((path) =>
  Object.keys(headerOf(readFixture(path))).filter((name) => name !== '__metadata__'),
);

/** Bytes of an element, of all that the format names. Source: safetensors 0.8, `Dtype` */
export const widths: Readonly<Record<string, number>> = {
  ...{ BOOL: 1, U8: 1, I8: 1, F8_E5M2: 1, F8_E4M3: 1, F8_E8M0: 1, I16: 2, U16: 2, F16: 2, BF16: 2 },
  ...{ I32: 4, U32: 4, F32: 4, F64: 8, I64: 8, U64: 8, C64: 8 },
};

/** The dtypes that models are made of, the commonest most often. */
export const usualDtypes = [
  'F32',
  'F32',
  'F32',
  'F16',
  'BF16',
  'BF16',
  'I64',
  'U8',
  'BOOL',
  'F64',
  'I32',
  'I8',
];
