/**
 * `npm run fuzz [-- --seed N] [--count N] [--kinds KIND,...] [--case KIND:K] [--python PATH]`: mutated models through the production reader.
 * Each is refused by a KnownError within a second and 64 MB, or read exactly as Python reads it; none crashes or hangs.
 * Prints counts, and every case that breaks this with how to run it again. Exits 0 only if there is none.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { attacks } from './attacks.ts';
import { runBatch, type Batch } from './batch.ts';
import { kinds, type Kind } from './cases.ts';
import type { Result } from './child.ts';
import { findPython, Oracle, type Verdict } from './oracle.ts';
import { Tally } from './tally.ts';

/** Of each hundred cases. */
const shares: Readonly<Record<(typeof kinds)[number], number>> = { header: 40, index: 20, bin: 40 };

/** Enough that starting a process is a small part, few enough that a hang costs little. */
const batchCases = 2000;

/** What a case may take, as the issue of the engine states it. */
const limitMs = 1000;
const limitBytes = 64e6;

interface Arguments {
  readonly seed: number;
  readonly count: number;
  readonly kinds: readonly (typeof kinds)[number][];
  readonly only: { readonly kind: Kind; readonly number: number } | undefined;
  readonly python: string | undefined;
}

function parseArguments(words: readonly string[]): Arguments {
  const given = new Map<string, string>();
  for (let w = 0; w < words.length; w += 2) given.set(words[w]!, words[w + 1] ?? '');
  const take = (name: string): string | undefined => {
    const value = given.get(name);
    given.delete(name);
    return value;
  };
  const [kind, number] = (take('--case') ?? '').split(':');
  const seed = Number(take('--seed') ?? 1);
  const count = Number(take('--count') ?? 100_000);
  const python = take('--python');
  const asked = take('--kinds')?.split(',');
  const unknown = [...given.keys()][0];
  if (unknown !== undefined || !Number.isSafeInteger(seed) || !Number.isSafeInteger(count))
    throw new Error(
      `${unknown ?? 'A number'}: there are --seed N, --count N, --kinds KIND,..., --case KIND:K and --python PATH.`,
    );
  const only = number === undefined ? undefined : { kind: kind as Kind, number: Number(number) };
  return { seed, count, kinds: kinds.filter((kind) => asked?.includes(kind) ?? true), only, python };
}

/** Ranges of cases, a batch each. */
function* rangesOf({
  count,
  kinds,
  only,
}: Arguments): Generator<readonly [kind: Kind, first: number, end: number]> {
  if (only !== undefined) {
    yield [only.kind, only.number, only.number + 1];
    return;
  }
  yield ['attack', 0, attacks.length];
  for (const kind of kinds) {
    const all = Math.round((count * shares[kind]) / 100);
    for (let first = 0; first < all; first += batchCases)
      yield [kind, first, Math.min(first + batchCases, all)];
  }
}

function exceeds({ cpuMs, grownBytes }: Result): string | undefined {
  if (cpuMs > limitMs) return `it took ${Math.round(cpuMs)} ms`;
  return grownBytes > limitBytes ? `it took ${Math.round(grownBytes / 1e6)} MB` : undefined;
}

class Run {
  readonly tally: Tally;
  readonly #seed: number;
  readonly #scratch: string;
  readonly #oracle: Oracle | undefined;

  constructor({ seed }: Arguments, scratch: string, oracle: Oracle | undefined) {
    this.tally = new Tally(seed);
    this.#seed = seed;
    this.#scratch = scratch;
    this.#oracle = oracle;
  }

  /** Runs [first, end); Python's part of it is left to go on beside the next batch. */
  async batch(kind: Kind, first: number, end: number): Promise<Promise<void>[]> {
    const judging: Promise<void>[] = [];
    while (first < end) {
      const batch = await runBatch(this.#seed, kind, first, end, this.#scratch);
      judging.push(this.#judge(kind, batch));
      first = batch.ended === undefined ? end : batch.ended.number + 1;
      if (batch.ended !== undefined) this.tally.fail(kind, batch.ended.number, `a ${batch.ended.how}`);
    }
    return judging;
  }

  async #judge(kind: Kind, { folder, results }: Batch): Promise<void> {
    const numbers = results.map(({ number }) => number);
    const verdicts = (await this.#oracle?.judge(folder, numbers)) ?? new Map<number, Verdict>();
    for (const result of results) {
      this.tally.count(kind, result, verdicts.get(result.number), await this.#excess(kind, result));
    }
    rmSync(folder, { recursive: true });
  }

  /** A case over a limit is run once more, alone: the first time a neighbour's rubbish may have been counted. */
  async #excess(kind: Kind, result: Result): Promise<string | undefined> {
    if (exceeds(result) === undefined) return undefined;
    const { number } = result;
    const again = await runBatch(this.#seed, kind, number, number + 1, this.#scratch);
    rmSync(again.folder, { recursive: true });
    const alone = again.results[0];
    return alone === undefined ? 'it did not end when it was run alone' : exceeds(alone);
  }
}

async function main(): Promise<number> {
  const asked = parseArguments(process.argv.slice(2));
  const python = findPython(asked.python);
  if (python === undefined)
    console.log(
      'No Python with torch and safetensors (--python PATH, SHAKER_PYTHON): only what was recorded is compared, by npm test.',
    );
  const scratch = mkdtempSync(join(tmpdir(), 'shaker-fuzz-'));
  const oracle = python === undefined ? undefined : new Oracle(python);
  const run = new Run(asked, scratch, oracle);
  let judging: Promise<void>[] = [];
  try {
    for (const [kind, first, end] of rangesOf(asked)) {
      const next = await run.batch(kind, first, end);
      await Promise.all(judging);
      judging = next;
    }
    await Promise.all(judging);
  } finally {
    oracle?.close();
    rmSync(scratch, { recursive: true, force: true });
  }
  console.log(run.tally.print(asked.only === undefined ? 'counts' : 'cases'));
  return run.tally.failures.length === 0 ? 0 : 1;
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  },
);
