/** What a family computes on one provider, against the reference: token ids, embeddings, losses, weights. */
import type { Page } from 'playwright';
import type { RanOn } from '../../src/graph/runtime.ts';
import type { Verdict } from './compare.ts';
import { examplesOf, outputInputs, outputLosses, outputRows, type Expected, type Family } from './family.ts';
import type { FamilyFiles, Harness } from './page.ts';
import {
  embeddingTolerance,
  endToEndTolerance,
  logitTolerance,
  lossTolerance,
  perplexityTolerance,
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
  if (!slow) await checkPerplexity(page, family, files, device, verdict);

  const wanted = ranOn.provider === provider;
  if (!wanted) verdict.failures.push(`ran on ${ranOn.provider}, not ${provider}`);
  return ranOn.provider === 'webgpu' ? `webgpu: ${ranOn.adapter}` : `wasm: ${ranOn.threadCount} threads`;
}

/** What the reference can say of every family of its kind; without it the comparison is not whole. */
function missingParts({ modelType, models, tokens, fewShot, own, outputs }: Expected): readonly string[] {
  const isLanguage = modelType === 'decoder' || modelType === 'encoder-decoder';
  const parts: Record<string, boolean> = {
    tokens: tokens.length > 0,
    // the reference has no loss for rerankers, and its encoder's fits no decoder with last-token pooling
    fewShot: fewShot.length > 0 || modelType === 'reranker' || outputs.pooling === 'lasttoken',
    // a language model's own loss is the reference's
    own: own != null || isLanguage,
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
  const { outputs, modelType } = family.expected;
  const inputs = outputInputs(family.expected);
  let last: RanOn | undefined;
  for (const model of Object.keys(outputs.byModel)) {
    if (modelType === 'encoder-decoder') {
      last = await checkPairLosses(page, family, files, model, device, verdict);
      continue;
    }
    const ran = await page.evaluate(
      ([files, model, inputs, device]) => harness.outputs(files, model, inputs, device),
      [files, model, inputs, device] as const,
    );
    const want = outputRows(family.expected, model);
    if (want.length !== inputs.length) verdict.failures.push(`${model}: expected.json lacks outputs`);
    want.forEach((row, t) => {
      const own = ran.outputs[t] ?? [];
      // the reference's embeddings are unit vectors, also of a model that leaves its own as they are
      const isEmbedding = modelType === 'encoder' && !ran.normalised && isUnit(row);
      const got = isEmbedding ? toUnit(own) : own;
      const tolerance = modelType === 'encoder' ? () => embeddingTolerance : logitTolerance;
      verdict.nearAll('outputs', `${model} ${t}`, got, row, tolerance);
    });
    last = ran.ranOn;
  }
  if (last === undefined) throw new Error('expected.json lacks outputs');
  return last;
}

/** What an encoder-decoder's outputs are: the loss of each pair alone. */
async function checkPairLosses(
  page: Page,
  family: Family,
  files: FamilyFiles,
  model: string,
  device: 'cpu' | 'gpu',
  verdict: Verdict,
): Promise<RanOn> {
  const pairs = outputInputs(family.expected) as readonly (readonly [string, string])[];
  const sets = pairs.map(([input, output]) => ({
    kind: 'completion' as const,
    examples: [{ input, output }],
  }));
  const got = await page.evaluate(
    ([files, model, sets, device]) => harness.losses(files, model, sets, device),
    [files, model, sets, device] as const,
  );
  const provider = device === 'cpu' ? 'wasm' : 'webgpu';
  verdict.nearAll(
    'outputs',
    model,
    got.map(({ loss }) => loss),
    outputLosses(family.expected, model),
    (loss) => lossTolerance(provider, loss),
  );
  return got[0]!.ranOn;
}

/** Nats per token on texts and pairs, where the family has them. */
async function checkPerplexity(
  page: Page,
  { expected }: Family,
  files: FamilyFiles,
  device: 'cpu' | 'gpu',
  verdict: Verdict,
): Promise<void> {
  for (const { task, rows, natsPerToken } of expected.perplexity ?? []) {
    for (const [model, want] of Object.entries(natsPerToken)) {
      const sets = [{ kind: 'completion' as const, examples: rows }];
      const [got] = await page.evaluate(
        ([files, model, sets, device]) => harness.losses(files, model, sets, device),
        [files, model, sets, device] as const,
      );
      verdict.near('perplexity', `${model} on ${task}`, got?.loss, want, perplexityTolerance);
    }
  }
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
  const device = provider === 'wasm' ? 'cpu' : 'gpu';
  return page.evaluate(([files, set, definition, device]) => harness.score(files, set, definition, device), [
    files,
    examplesOf(family),
    definition,
    device,
  ] as const);
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
