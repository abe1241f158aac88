/**
 * Token ids against the Rust library, for every kind of tokenizer, on much more text than a test has time for:
 *
 *   npm run tokens -- --data FOLDER --golden FOLDER --python PATH [--sizes 700,1500] [--seed 0] [--characters]
 *
 * Trains the tokenizers (tools/make_tokenizers.py), asks the library for ids (tools/tokenizer_ids.py), and prints a row a
 * tokenizer. Ends with 1 unless every id is the same. `--characters` adds every single character of Unicode through each
 * normalizer and pre-tokenizer.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { compareIds, printRow, type Tally } from './compare.ts';

const { values: options } = parseArgs({
  options: {
    data: { type: 'string' },
    golden: { type: 'string' },
    python: { type: 'string', default: 'python3' },
    sizes: { type: 'string', default: '700' },
    seed: { type: 'string', default: '0' },
    characters: { type: 'boolean', default: false },
  },
});
const { data, golden, python, seed } = options;
if (data === undefined || golden === undefined) throw new Error('say where --data and --golden are');

const tools = resolve(import.meta.dirname, '../../tools');
const work = mkdtempSync(join(tmpdir(), 'tokens-'));

function runPython(script: string, ...args: readonly string[]): void {
  execFileSync(python, [join(tools, script), '--data', data!, ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

/** Folders of tokenizers: those trained here, and those of the golden families. */
function makeTokenizers(): readonly string[] {
  const trained = options.sizes.split(',').flatMap((size) => {
    const out = join(work, `size ${size}`);
    runPython('make_tokenizers.py', '--out', out, '--all', '--seed', seed, '--size', size);
    return readdirSync(out).map((kind) => join(out, kind));
  });
  const families = readdirSync(golden!).map((family) => {
    const folder = join(work, 'golden', family);
    for (const file of ['tokenizer.json', 'tokenizer_config.json']) {
      cpSync(join(golden!, family, 'a', file), join(folder, file));
    }
    return folder;
  });
  return [...trained, ...families];
}

/** What the families state themselves: ids by transformers. */
function goldenRows(family: string): readonly unknown[] {
  const path = join(golden!, family, 'expected.json');
  const { tokens } = JSON.parse(readFileSync(path, 'utf8')) as { tokens: { text: string; ids: number[] }[] };
  return tokens.map(({ text, ids }) => [text, ids]);
}

function rustRows(folder: string): readonly unknown[] {
  const lines = readFileSync(join(folder, 'rust.jsonl'), 'utf8').trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as unknown);
}

async function main(): Promise<void> {
  const folders = makeTokenizers();
  runPython('tokenizer_ids.py', '--golden', golden!, '--tokenizers', ...folders);
  const tallies: Tally[] = [];
  const add = (tally: Tally): void => {
    tallies.push(tally);
    printRow(tally);
  };
  for (const folder of folders) {
    const isGolden = basename(join(folder, '..')) === 'golden';
    const name = `${basename(join(folder, '..'))} ${basename(folder)}`;
    const stated = isGolden ? goldenRows(basename(folder)) : [];
    add(await compareIds(name, folder, [...stated, ...rustRows(folder)]));
  }
  if (options.characters) {
    const place = join(work, 'characters');
    runPython('tokenizer_ids.py', '--characters', place);
    for (const name of readdirSync(place)) {
      add(await compareIds(`characters ${name}`, join(place, name), rustRows(join(place, name))));
    }
  }
  const differences = tallies.reduce((sum, tally) => sum + tally.differences.length, 0);
  console.log(`${tallies.length} tokenizers, ${differences} differences`);
  process.exitCode = differences === 0 ? 0 : 1;
}

try {
  await main();
} finally {
  rmSync(work, { recursive: true });
}
