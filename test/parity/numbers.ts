/** What a family computes on one provider, against the reference: token ids, embeddings, losses, weights. */
import type { Page } from 'playwright';
import type { RanOn } from '../../src/graph/runtime.ts';
import type { Verdict } from './compare.ts';
import { encoderExamples, outputRows, outputTexts, type Expected, type Family } from './family.ts';
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

/** Fills `verdict`; returns where it ran, in words. */
export async function checkNumbers(
  page: Page,
  family: Family,
  files: FamilyFiles,
  provider: Provider,
  verdict: Verdict,
): Promise<string> {
  const { expected } = family;
  for (const part of missingParts(family.expected))
    verdict.failures.push(`expected.json lacks ${part}: not compared`);
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
  if (expected.own != null) await checkOwn(page, family, files, provider, verdict);
  if (!slow) await checkFewShot(page, family, files, provider, verdict);

  const wanted = ranOn.provider === provider;
  if (!wanted) verdict.failures.push(`ran on ${ranOn.provider}, not ${provider}`);
  return ranOn.provider === 'webgpu' ? `webgpu: ${ranOn.adapter}` : `wasm: ${ranOn.threadCount} threads`;
}

/** What the reference can say of every encoder; without it the comparison is not whole. */
function missingParts({ models, tokens, fewShot, own, outputs }: Expected): readonly string[] {
  const parts: Record<string, boolean> = {
    tokens: tokens.length > 0,
    fewShot: fewShot.length > 0,
    own: own != null,
    'weights of own': own == null || own.weights.length > 0,
    'texts of outputs': outputs.texts.length > 0,
    ...Object.fromEntries(
      [...models, 'merged'].map((model) => [`outputs of ${model}`, Object.hasOwn(outputs.byModel, model)]),
    ),
  };
  return Object.keys(parts).filter((part) => !parts[part]);
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
    const { embeddings, normalised, ranOn } = await page.evaluate(
      ([files, model, texts, device]) => harness.embed(files, model, texts, device),
      [files, model, texts, device] as const,
    );
    const want = outputRows(family.expected, model);
    if (want.length !== texts.length) verdict.failures.push(`${model}: expected.json lacks embeddings`);
    want.forEach((row, t) => {
      const own = embeddings[t] ?? [];
      // the reference's outputs are unit vectors, also of a model that leaves its own as they are
      const got = !normalised && isUnit(row) ? toUnit(own) : own;
      verdict.nearAll('outputs', `${model} ${t}`, got, row, () => embeddingTolerance);
    });
    last = ranOn;
  }
  if (last === undefined) throw new Error('expected.json lacks outputs');
  return last;
}

function toUnit(row: readonly number[]): readonly number[] {
  const length = Math.hypot(...row);
  return row.map((value) => value / length);
}

/** In float32; the length of any other vector is not 1 to five digits by chance. */
function isUnit(row: readonly number[]): boolean {
  return Math.abs(Math.hypot(...row) - 1) < 1e-5;
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
