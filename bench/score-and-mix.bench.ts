/**
 * How long do scoring and mixing take, and how much memory, for a family laid out as the golden ones?
 *
 *   npm run bench:score -- FOLDER
 *
 * Five examples under the models' own settings on WASM: a fresh tab, then the same again; then five mixtures. Prints
 * seconds, the ratio of warm to cold within the run, and the browser processes' peak above idle for each half.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { openBench } from '../test/parity/bench.ts';
import { examplesOf, readFamily, type Family } from '../test/parity/family.ts';
import type { FamilyFiles, Harness } from '../test/parity/page.ts';

declare const harness: Harness;

const repeats = 5;

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

/** Runs `work` in a browser of its own; returns what it returns, and the peak in megabytes. */
async function inBrowser<T>(
  family: Family,
  work: (
    page: Awaited<ReturnType<Awaited<ReturnType<typeof openBench>>['openPage']>>,
    files: FamilyFiles,
    upload: string,
  ) => Promise<T>,
): Promise<{ readonly value: T; readonly peak: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'shaker-bench-'));
  try {
    const bench = await openBench([family.folder], folder);
    const files = { base: bench.baseOf(family.folder), models: family.files };
    const value = await work(await bench.openPage(), files, bench.uploadUrl('mixture.safetensors'));
    const peakBytes = await bench.close();
    return { value, peak: peakBytes === undefined ? 'unknown' : `${Math.round(peakBytes / 1e6)} MB` };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function main(): Promise<void> {
  const named = process.argv[2];
  if (named === undefined) throw new Error('Name a folder: npm run bench:score -- FOLDER');
  const family = readFamily(resolve(named));
  const set = examplesOf(family);

  const scoring = await inBrowser(family, async (page, files) => {
    const seconds: number[] = [];
    for (let run = 0; run < repeats + 1; run++) {
      const scores = await page.evaluate(([files, set]) => harness.score(files, set, 'own', 'cpu'), [
        files,
        set,
      ] as const);
      seconds.push(scores.seconds);
    }
    return seconds;
  });
  const [cold, ...warm] = scoring.value as [number, ...number[]];
  console.log(
    `score: ${cold.toFixed(2)} s in a fresh tab, then ${median(warm).toFixed(2)} s (median of ${repeats})`,
  );
  console.log(`score: warm / cold ${(median(warm) / cold).toFixed(2)}; peak ${scoring.peak} above idle`);

  const mixing = await inBrowser(family, async (page, files, upload) => {
    const runs: { fileBytes: number; seconds: number }[] = [];
    for (let run = 0; run < repeats; run++) {
      runs.push(
        await page.evaluate(([files, weights, uploads]) => harness.merge(files, weights, uploads), [
          files,
          family.expected.merge.weights,
          { 'model.safetensors': upload },
        ] as const),
      );
    }
    return runs;
  });
  const seconds = median(mixing.value.map((run) => run.seconds));
  const megabytes = mixing.value[0]!.fileBytes / 1e6;
  console.log(
    `mix: ${megabytes.toFixed(1)} MB written, read back and hashed in ${seconds.toFixed(2)} s (median of ${repeats}), ${(megabytes / seconds).toFixed(0)} MB/s`,
  );
  console.log(`mix: peak ${mixing.peak} above idle; mix / warm score ${(seconds / median(warm)).toFixed(2)}`);
}

await main();
