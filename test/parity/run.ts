/**
 * `npm run parity -- FOLDER... [--only NAME,...] [--on wasm|webgpu] [--merge-only]`: runs families through the production client in
 * Chromium, WASM first and then WebGPU, and compares with what the reference computed. Exits 0 only if every
 * selected family was compared whole and is equal.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { openBench } from './bench.ts';
import { checkFamily, type Scope } from './check.ts';
import { findFamilies } from './family.ts';

interface Arguments {
  readonly folders: readonly string[];
  readonly only: readonly string[] | undefined;
  readonly scope: Scope;
}

function parseArguments(words: readonly string[]): Arguments {
  const folders: string[] = [];
  let only: string[] | undefined;
  let scope: Scope = 'all';
  for (let w = 0; w < words.length; w++) {
    const word = words[w]!;
    if (word === '--merge-only') scope = 'merge';
    else if (word === '--on') scope = providerOf(words[++w]);
    else if (word === '--only') only = [...(only ?? []), ...(words[++w] ?? '').split(',').filter(Boolean)];
    else if (word.startsWith('--only='))
      only = [...(only ?? []), ...word.slice(7).split(',').filter(Boolean)];
    else if (word.startsWith('--'))
      throw new Error(
        `Unknown option ${word}: there are --only NAME,..., --on wasm or webgpu, and --merge-only.`,
      );
    else folders.push(resolve(word));
  }
  if (folders.length === 0)
    throw new Error(
      'Name a folder: npm run parity -- FOLDER... [--only NAME,...] [--on wasm|webgpu] [--merge-only]',
    );
  return { folders, only, scope };
}

function providerOf(word: string | undefined): Scope {
  if (word === 'wasm' || word === 'webgpu') return word;
  throw new Error('--on takes wasm or webgpu.');
}

/** The selected families' folders. */
function select({ folders, only }: Arguments): readonly string[] {
  const families = folders.flatMap(findFamilies);
  if (families.length === 0)
    throw new Error(`No family lies in ${folders.join(', ')}: a family has an expected.json.`);
  const misspelt = (only ?? []).filter((name) => !families.some((folder) => basename(folder) === name));
  if (misspelt.length > 0) throw new Error(`No family is called ${misspelt.join(', ')}.`);
  if (only !== undefined && only.length === 0) throw new Error('--only names no family.');
  return only === undefined ? families : families.filter((folder) => only.includes(basename(folder)));
}

/** The family's name in its rows; the whole path where two folders hold families of one name. */
function labelOf(folder: string, families: readonly string[]): string {
  const name = basename(folder);
  return families.filter((other) => basename(other) === name).length > 1 ? folder : name;
}

async function main(): Promise<number> {
  const asked = parseArguments(process.argv.slice(2));
  const families = select(asked);
  const work = mkdtempSync(join(tmpdir(), 'shaker-parity-'));
  let equalCount = 0;
  try {
    const bench = await openBench(families, work);
    try {
      for (const folder of families)
        if (await checkFamily(bench, folder, labelOf(folder, families), asked.scope)) equalCount++;
    } finally {
      const bytes = await bench.close();
      console.log(
        bytes === undefined ? '' : `\nbrowser processes at most ${Math.round(bytes / 1e6)} MB above idle`,
      );
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  console.log(`${equalCount}/${families.length} equal`);
  return equalCount === families.length ? 0 : 1;
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  },
);
