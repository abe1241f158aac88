/** One family through the browser: every kind of number that its `expected.json` holds, on WASM and on WebGPU. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright';
import { hashTensors } from '../support/safetensors-hashes.ts';
import type { Bench } from './bench.ts';
import { bareName, compareModule, compareTensors, Verdict } from './compare.ts';
import { readFamily, type Family } from './family.ts';
import { checkNumbers } from './numbers.ts';
import type { FamilyFiles, Harness } from './page.ts';
import type { Provider } from './tolerances.ts';

declare const harness: Harness;

/** `all`: merging, and numbers on both providers; a provider: merging and that one. */
export type Scope = 'all' | 'merge' | Provider;

/** Prints the family's rows, named `name`; true if everything was compared and is equal. */
export async function checkFamily(
  bench: Bench,
  folder: string,
  name: string,
  scope: Scope,
): Promise<boolean> {
  let family: Family;
  try {
    family = readFamily(folder);
  } catch (error) {
    const unread = new Verdict();
    unread.failures.push(firstLine(error));
    print(name, 'read', '', unread, 0);
    return false;
  }
  const page = await bench.openPage();
  const files: FamilyFiles = { base: bench.baseOf(family.folder), models: family.files };
  const verdicts: Verdict[] = [];
  try {
    const row = async (label: string, work: (verdict: Verdict) => Promise<string>): Promise<void> => {
      const verdict = new Verdict();
      verdicts.push(verdict);
      const started = performance.now();
      let where = '';
      try {
        where = await work(verdict);
      } catch (error) {
        verdict.failures.push(firstLine(error));
      }
      print(name, label, where, verdict, performance.now() - started);
    };
    await row('merge', (verdict) => checkMerge(page, bench, family, files, verdict));
    for (const provider of ['wasm', 'webgpu'] as const) {
      if (scope !== 'all' && scope !== provider) continue;
      await row(provider, (verdict) => checkNumbers(page, family, files, provider, verdict));
    }
  } finally {
    await page.close();
  }
  return verdicts.every(({ failures }) => failures.length === 0);
}

async function checkMerge(
  page: Page,
  bench: Bench,
  family: Family,
  files: FamilyFiles,
  verdict: Verdict,
): Promise<string> {
  const { weights, tensors, modules } = family.expected.merge;
  const name = `${family.name}.safetensors`;
  const moduleNames = Object.keys(modules).map(
    (module) => [module, `${family.name}-${module}.safetensors`] as const,
  );
  const uploads = [
    ['model.safetensors', bench.uploadUrl(name)],
    ...moduleNames.map(([module, name]) => [`${module}/model.safetensors`, bench.uploadUrl(name)]),
  ];
  await page.evaluate(([files, weights, uploads]) => harness.merge(files, weights, uploads), [
    files,
    weights,
    Object.fromEntries(uploads) as Record<string, string>,
  ] as const);
  const path = join(bench.work, name);
  compareTensors(path, family.expected, inputTensorNames(family), verdict);
  rmSync(path);
  for (const [module, name] of moduleNames) {
    compareModule(join(bench.work, name), module, modules[module]!, verdict);
    rmSync(join(bench.work, name));
  }
  const counts = [tensors, ...Object.values(modules)].map((table) => Object.keys(table).length);
  return `${counts.join(' + ')} tensors`;
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0]!;
}

/** (models,) bare names in each model's safetensors files. */
function inputTensorNames({ folder, files }: Family): readonly ReadonlySet<string>[] {
  return files.map(({ model, paths }) => {
    const checkpoints = paths.filter((path) => /^[^/]+\.safetensors$/.test(path));
    const names = checkpoints.flatMap((path) => [...hashTensors(join(folder, model, path)).keys()]);
    return new Set(names.map(bareName));
  });
}

function print(family: string, label: string, where: string, verdict: Verdict, ms: number): void {
  const kinds = [...verdict.largest].map(
    ([kind, value]) => `${kind} ${value === 0 ? '0' : value.toExponential(1)}`,
  );
  const result = verdict.failures.length === 0 ? 'equal' : 'DIFFERS';
  const parts = [
    family.padEnd(12),
    label.padEnd(6),
    result.padEnd(7),
    `${(ms / 1000).toFixed(1)} s`,
    where,
    ...kinds,
  ];
  console.log([...parts, ...verdict.remarks].filter((part) => part !== '').join('  '));
  for (const failure of verdict.failures.slice(0, 5)) console.log(`    ${failure}`);
  if (verdict.failures.length > 5) console.log(`    and ${verdict.failures.length - 5} more`);
}
