/** One family through the browser: every kind of number that its `expected.json` holds, on WASM and on WebGPU. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright';
import { hashTensors } from '../support/safetensors-hashes.ts';
import type { RanOn } from '../../src/graph/runtime.ts';
import type { Bench } from './bench.ts';
import { compareTensors, Verdict } from './compare.ts';
import { encoderExamples, outputRows, outputTexts, type Family } from './family.ts';
import type { FamilyFiles, Harness } from './page.ts';
import {
  embeddingTolerance,
  endToEndTolerance,
  lossTolerance,
  softwareAdapterParameters,
  weightTolerance,
  type Provider,
} from './tolerances.ts';

declare const harness: Harness;

/** Prints the family's rows; true if everything was compared and is equal. */
export async function checkFamily(bench: Bench, family: Family, scope: 'all' | 'merge'): Promise<boolean> {
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
        verdict.failures.push(error instanceof Error ? error.message.split('\n')[0]! : String(error));
      }
      print(family.name, label, where, verdict, performance.now() - started);
    };
    await row('merge', (verdict) => checkMerge(page, bench, family, files, verdict));
    if (scope === 'all') {
      if (family.expected.modelType !== 'encoder') {
        await row('score', () => Promise.reject(new Error(`unsupported: ${family.expected.modelType}`)));
      } else {
        await row('wasm', (verdict) => checkNumbers(page, family, files, 'wasm', verdict));
        await row('webgpu', (verdict) => checkNumbers(page, family, files, 'webgpu', verdict));
      }
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
  const name = `${family.name}.safetensors`;
  await page.evaluate(([files, weights, upload]) => harness.merge(files, weights, upload), [
    files,
    family.expected.merge.weights,
    bench.uploadUrl(name),
  ] as const);
  const path = join(bench.work, name);
  compareTensors(path, family.expected, inputTensorNames(family), verdict);
  rmSync(path);
  return `${Object.keys(family.expected.merge.tensors).length} tensors`;
}

/** Names in the models' safetensors files, without the base model's prefix. */
function inputTensorNames({ folder, files }: Family): ReadonlySet<string> {
  const checkpoints = files.flatMap(({ model, paths }) =>
    paths.filter((path) => /^[^/]+\.safetensors$/.test(path)).map((path) => join(folder, model, path)),
  );
  const names = checkpoints.flatMap((path) => [...hashTensors(path).keys()]);
  return new Set(names.map((name) => name.replace(/^(bert|roberta|distilbert|mpnet|electra)\./, '')));
}

async function checkNumbers(
  page: Page,
  family: Family,
  files: FamilyFiles,
  provider: Provider,
  verdict: Verdict,
): Promise<string> {
  const { expected } = family;
  if (!expected.own || expected.fewShot.length === 0) throw new Error('expected.json lacks own or fewShot');
  const device = provider === 'wasm' ? 'cpu' : 'gpu';

  const texts = expected.tokens.map(({ text }) => text);
  const ids = await page.evaluate(([files, texts]) => harness.tokenize(files, texts), [
    files,
    texts,
  ] as const);
  expected.tokens.forEach((token, t) =>
    verdict.equal('ids', `ids of "${token.text}"`, String(ids[t]), String(token.ids)),
  );

  const ranOn = await checkOutputs(page, family, files, device, verdict);
  const slow =
    provider === 'webgpu' && isSoftware(ranOn) && family.parameterCount > softwareAdapterParameters;
  if (slow) verdict.remarks.push('outputs and own only: over 10 M parameters on a software adapter');
  await checkOwn(page, family, files, provider, verdict);
  if (!slow) await checkFewShot(page, family, files, provider, verdict);

  const wanted = ranOn.provider === provider;
  if (!wanted) verdict.failures.push(`ran on ${ranOn.provider}, not ${provider}`);
  return ranOn.provider === 'webgpu' ? `webgpu: ${ranOn.adapter}` : `wasm: ${ranOn.threadCount} threads`;
}

function isSoftware({ adapter }: RanOn): boolean {
  return adapter?.endsWith('(software)') ?? false;
}

async function checkOutputs(
  page: Page,
  family: Family,
  files: FamilyFiles,
  device: 'cpu' | 'gpu',
  verdict: Verdict,
): Promise<RanOn> {
  const { outputs } = family.expected;
  const texts = outputTexts(family.expected);
  let last: RanOn | undefined;
  for (const model of Object.keys(outputs.byModel)) {
    const { embeddings, ranOn } = await page.evaluate(
      ([files, model, texts, device]) => harness.embed(files, model, texts, device),
      [files, model, texts, device] as const,
    );
    const want = outputRows(family.expected, model);
    if (want.length !== texts.length) verdict.failures.push(`${model}: expected.json lacks embeddings`);
    want.forEach((row, t) =>
      verdict.nearAll('outputs', `${model} ${t}`, embeddings[t] ?? [], row, () => embeddingTolerance),
    );
    last = ranOn;
  }
  if (last === undefined) throw new Error('expected.json lacks outputs');
  return last;
}

async function checkOwn(
  page: Page,
  family: Family,
  files: FamilyFiles,
  provider: Provider,
  verdict: Verdict,
): Promise<void> {
  const own = family.expected.own!;
  const { losses } = await score(page, family, files, 'own', provider);
  await checkLosses(page, provider, verdict, 'own', own.losses, losses, own.weights);
}

async function checkFewShot(
  page: Page,
  family: Family,
  files: FamilyFiles,
  provider: Provider,
  verdict: Verdict,
): Promise<void> {
  for (const run of family.expected.fewShot) {
    const definition = {
      kind: 'reference',
      batchSize: run.batchSize,
      maxInputTokens: run.maxInputLength,
      negativeCount: run.negNumber,
    } as const;
    const { losses } = await score(page, family, files, definition, provider);
    const what = `fewShot batch ${run.batchSize}`;
    await checkLosses(page, provider, verdict, what, run.losses, losses, [run]);
  }
}

function score(
  page: Page,
  family: Family,
  files: FamilyFiles,
  definition: Parameters<Harness['score']>[2],
  provider: Provider,
) {
  const examples = encoderExamples(family).map(({ query, pos, neg }) => ({
    query,
    positives: pos,
    negatives: neg,
  }));
  const device = provider === 'wasm' ? 'cpu' : 'gpu';
  return page.evaluate(
    ([files, examples, definition, device]) => harness.score(files, examples, definition, device),
    [files, examples, definition, device] as const,
  );
}

/** Losses; weights from the expected losses; weights from our own, within what the losses differ by. */
async function checkLosses(
  page: Page,
  provider: Provider,
  verdict: Verdict,
  what: string,
  want: readonly number[],
  got: readonly number[],
  weights: readonly { readonly temperature: number; readonly weights: readonly number[] }[],
): Promise<void> {
  verdict.nearAll('losses', `${what} losses`, got, want, (loss) => lossTolerance(provider, loss));
  const lossDifference = Math.max(...want.map((loss, m) => Math.abs(loss - (got[m] ?? NaN))));
  for (const { temperature, weights: wantWeights } of weights) {
    const fromExpected = await page.evaluate(([losses, temperature]) => harness.weigh(losses, temperature), [
      want,
      temperature,
    ] as const);
    verdict.nearAll(
      'weights',
      `${what} weights at ${temperature}`,
      fromExpected,
      wantWeights,
      () => weightTolerance,
    );
    const fromOwn = await page.evaluate(([losses, temperature]) => harness.weigh(losses, temperature), [
      got,
      temperature,
    ] as const);
    const tolerance = endToEndTolerance(lossDifference, temperature);
    verdict.nearAll(
      'end to end',
      `${what} end to end at ${temperature}`,
      fromOwn,
      wantWeights,
      () => tolerance,
    );
  }
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
