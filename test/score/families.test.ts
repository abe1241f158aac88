/**
 * Families of every architecture against what transformers computed with torch: outputs of their models, and losses. Computed by
 * the real runtime, in Node; the whole comparison, in Chromium and with merging, is `npm run parity -- test/fixtures/families`.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { KnownError } from '../../src/errors.ts';
import { openMixed } from '../../src/merge/mixed.ts';
import { planLinear } from '../../src/merge/plan.ts';
import { compareModels } from '../../src/model/compare.ts';
import { noPrompts, readPrompts } from '../../src/model/prompts.ts';
import { openModel, openScorable } from '../../src/pipeline.ts';
import type { Scorable } from '../../src/score/scorable.ts';
import { Scorer, type LossDefinition } from '../../src/score/score.ts';
import { folderSource } from '../model/models.ts';
import {
  examplesOf,
  outputInputs,
  outputLosses,
  outputRows,
  readFamily,
  type Family,
} from '../parity/family.ts';
import { embeddingTolerance, logitTolerance, lossTolerance } from '../parity/tolerances.ts';

const families = join(import.meta.dirname, '../fixtures/families');
const golden = join(import.meta.dirname, '../fixtures/golden');
const scorer = new Scorer();

// as long as in a browser: a busy machine takes its time
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

// what a browser says of threads: one is enough here
beforeAll(() => void vi.stubGlobal('crossOriginIsolated', false));

function open({ folder }: Family, model: string) {
  return folderSource(join(folder, model), model).then(openScorable);
}

function watching() {
  return { signal: new AbortController().signal, report: () => undefined };
}

function near(got: ArrayLike<number>, want: readonly number[], tolerance: (value: number) => number): void {
  expect(got.length).toBe(want.length);
  const wrong = want.flatMap((value, i) =>
    Math.abs(got[i]! - value) <= tolerance(value) ? [] : [`${i}: ${got[i]}, not ${value}`],
  );
  expect(wrong.slice(0, 5)).toEqual([]);
}

const wasm = (loss: number) => lossTolerance('wasm', loss);

async function checkOutputs(family: Family): Promise<void> {
  const { expected } = family;
  const inputs = outputInputs(expected);
  for (const name of expected.models) {
    const model = await open(family, name);
    if (expected.modelType === 'encoder-decoder') {
      const pairs = inputs as readonly (readonly [string, string])[];
      const examples = pairs.map(([input, output]) => ({ input, output }));
      const losses: number[] = [];
      for (const example of examples) {
        const set = { kind: 'completion', examples: [example] } as const;
        const own = { kind: 'own', prompts: [] } as const;
        losses.push(...(await scorer.score([model], set, own, 'cpu', watching())).losses);
      }
      near(losses, outputLosses(expected, name), wasm);
      continue;
    }
    const { outputs } = await scorer.outputs(model, inputs, '', 'cpu', watching());
    const tolerance = expected.modelType === 'encoder' ? () => embeddingTolerance : logitTolerance;
    outputRows(expected, name).forEach((row, t) => near(outputs[t]!, row, tolerance));
  }
}

async function checkLosses(family: Family): Promise<void> {
  const { expected, folder } = family;
  const models = await Promise.all(expected.models.map((name) => open(family, name)));
  const prompts = expected.models.map(async (name) => {
    return (await readPrompts(await folderSource(join(folder, name), name))) ?? noPrompts;
  });
  const own: LossDefinition = { kind: 'own', prompts: await Promise.all(prompts) };
  const runs = expected.fewShot.map(
    (run) =>
      [
        {
          kind: 'reference',
          batchSize: run.batchSize,
          maxInputTokens: run.maxInputLength,
          negativeCount: run.negNumber,
        },
        run.losses,
      ] as const,
  );
  const cases: readonly (readonly [LossDefinition, readonly number[]])[] =
    expected.own == null ? runs : [...runs, [own, expected.own.losses]];
  expect(cases).not.toEqual([]);
  for (const [definition, want] of cases) {
    const { losses } = await scorer.score(models, examplesOf(family), definition, 'cpu', watching());
    near(losses, want, wasm);
  }
}

/** Two labels: no reranker, and refused by its setting. */
const refused = 'rerank-two';

describe('families of every architecture', () => {
  const named = readdirSync(families).filter((name) => name !== refused);

  test.each(named)('%s is as transformers computes it', async (name) => {
    const family = readFamily(join(families, name));
    await checkOutputs(family);
    await checkLosses(family);
  });

  test('roberta in shards is as transformers computes it', async () => {
    const family = readFamily(join(golden, 'roberta'));
    await checkOutputs(family);
    await checkLosses(family);
  });

  test('a mixture runs with the mixture of the Dense modules', async () => {
    const family = readFamily(join(families, 'bert-dense'));
    const { merge, models: names } = family.expected;
    const sources = await Promise.all(names.map((name) => folderSource(join(family.folder, name), name)));
    const opened = await Promise.all(sources.map(openModel));
    const plan = planLinear((await compareModels(opened)).tensors, merge.weights);
    const checkpoint = openMixed(
      plan,
      opened.map(({ checkpoint }) => checkpoint),
    );
    const model = { ...(await open(family, names[0]!)), checkpoint };
    const { outputs } = await scorer.outputs(model, outputInputs(family.expected), '', 'cpu', watching());
    outputRows(family.expected, 'merged').forEach((row, t) =>
      near(outputs[t]!, row, () => embeddingTolerance),
    );
  });

  test('refuses a classifier with two labels by its setting', async () => {
    const error: unknown = await open(readFamily(join(families, refused)), 'a').catch(
      (error: unknown) => error,
    );
    const facts = { model: 'a', field: 'num_labels', value: '2' };
    expect(error).toEqual(new KnownError('config-unsupported', facts));
  });

  test('says how much memory is missing where the browser has none for a tensor', async () => {
    const model = await open(readFamily(join(families, 'opt')), 'a');
    const { tensors } = model.checkpoint;
    let left = 3;
    const read: Scorable['checkpoint']['read'] = async (tensor, start, end) =>
      // no machine has this much
      left-- > 0 ? model.checkpoint.read(tensor, start, end) : new Float32Array(new ArrayBuffer(2 ** 50));
    const short = { ...model, checkpoint: { tensors, read } };
    const error: unknown = await scorer
      .outputs(short, ['bread'], '', 'cpu', watching())
      .catch((error: unknown) => error);
    expect(error).toMatchObject({ code: 'memory-missing', facts: { model: 'a' } });
    const { needBytes, limitBytes, missingBytes } = (error as KnownError<'memory-missing'>).facts;
    expect([limitBytes > 0, missingBytes > 0, limitBytes + missingBytes]).toEqual([true, true, needBytes]);
  });
});
