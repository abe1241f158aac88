/**
 * Families of every architecture against what transformers computed with torch: outputs of their models, and losses. The whole
 * comparison, with merging and every run, is `npm run parity -- test/fixtures/families`.
 */
import { describe, expect, test } from 'vitest';
import type { ExampleSet, LossDefinition, ModelInput } from '../../src/pipeline.ts';
import type { Device } from '../../src/graph/runtime.ts';
import type { ModelRef } from '../../src/source/source.ts';
import { openClient } from '../../src/worker/client.ts';
import { embeddingTolerance, logitTolerance, lossTolerance } from '../parity/tolerances.ts';
import { localModel } from './models.ts';

const addresses = import.meta.glob<string>('../fixtures/families/**/*', {
  query: '?url',
  import: 'default',
  eager: true,
});

interface Expected {
  readonly modelType: 'encoder' | 'decoder' | 'encoder-decoder' | 'reranker';
  readonly models: readonly string[];
  readonly examples: readonly {
    readonly query: string;
    readonly pos: readonly string[];
    readonly neg: readonly string[];
    readonly input: string;
    readonly output: string;
  }[];
  readonly fewShot?: readonly {
    readonly batchSize: number;
    readonly maxInputLength: number;
    readonly negNumber?: number;
    readonly losses: readonly number[];
  }[];
  readonly own?: { readonly losses: readonly number[] };
  readonly outputs: {
    readonly texts: readonly ModelInput[];
    readonly byModel: Readonly<Record<string, unknown>>;
  };
}

const client = openClient();
const names = [...new Set(Object.keys(addresses).map((path) => path.split('/')[3]!))];

async function open(family: string, model: string): Promise<ModelRef> {
  const start = `../fixtures/families/${family}/${model}/`;
  const files = Object.entries(addresses).filter(([path]) => path.startsWith(start));
  return localModel(
    model,
    Object.fromEntries(
      files.map(([path, address]) => [path.slice(start.length), new URL(address, location.href)]),
    ),
  );
}

async function readExpected(family: string): Promise<Expected> {
  const answer = await fetch(addresses[`../fixtures/families/${family}/expected.json`]!);
  return (await answer.json()) as Expected;
}

function setOf({ modelType, examples }: Expected): ExampleSet {
  return modelType === 'decoder' || modelType === 'encoder-decoder'
    ? { kind: 'completion', examples }
    : {
        kind: 'contrastive',
        examples: examples.map(({ query, pos, neg }) => ({ query, positives: pos, negatives: neg })),
      };
}

function near(got: ArrayLike<number>, want: readonly number[], tolerance: (value: number) => number): void {
  expect(got.length).toBe(want.length);
  const wrong = want.flatMap((value, i) =>
    Math.abs(got[i]! - value) <= tolerance(value) ? [] : [`${i}: ${got[i]}, not ${value}`],
  );
  expect(wrong.slice(0, 5)).toEqual([]);
}

async function checkOutputs(family: string, expected: Expected, device: Device): Promise<void> {
  const { modelType, outputs } = expected;
  const [model] = expected.models as readonly [string];
  const ref = await open(family, model);
  const found = await client.outputs(ref, outputs.texts, { prompt: '', device });
  const want = outputs.byModel[model];
  const rows =
    modelType === 'decoder' ? [(want as { lastLogits: number[] }).lastLogits] : (want as number[][]);
  const tolerance = modelType === 'encoder' ? () => embeddingTolerance : logitTolerance;
  rows.forEach((row, t) => near(found.outputs[t]!, row, tolerance));
}

async function checkLosses(family: string, expected: Expected, device: Device): Promise<void> {
  const { own, fewShot = [], models } = expected;
  const refs = await Promise.all(models.map((model) => open(family, model)));
  const facts = await Promise.all(refs.map((ref) => client.inspect(ref)));
  const none = { query: '', document: '' };
  const prompts = facts.map((model) => (model.promptsFrom === 'repository' ? model.prompts : none));
  // batches of two: the last is short, and counts as much
  const run = fewShot.find(({ batchSize }) => batchSize === 2);
  const provider = device === 'cpu' ? 'wasm' : 'webgpu';
  const cases: readonly (readonly [LossDefinition, readonly number[]])[] = [
    ...(run === undefined
      ? []
      : [
          [
            {
              kind: 'reference',
              batchSize: run.batchSize,
              maxInputTokens: run.maxInputLength,
              negativeCount: run.negNumber ?? 0,
            },
            run.losses,
          ] as const,
        ]),
    ...(own == null ? [] : [[{ kind: 'own', prompts }, own.losses] as const]),
  ];
  expect(cases).not.toEqual([]);
  for (const [definition, want] of cases) {
    const { losses } = await client.score({ models: refs, set: setOf(expected), definition, device });
    near(losses, want, (loss) => lossTolerance(provider, loss));
  }
}

/** Two labels: no reranker, and refused by its setting. */
const refused = 'rerank-two';

describe('families of other architectures', () => {
  test.each(names.filter((name) => name !== refused))('%s is as transformers computes it', async (family) => {
    const expected = await readExpected(family);
    // an encoder-decoder's outputs are losses
    if (expected.modelType !== 'encoder-decoder') await checkOutputs(family, expected, 'cpu');
    await checkLosses(family, expected, 'cpu');
  });

  test.each(['t5-plain', 'llama-five'])('%s is so on the GPU, too', async (family) => {
    const expected = await readExpected(family);
    await checkLosses(family, expected, 'gpu');
  });

  test('refuses a classifier with two labels by its setting', async () => {
    const expected = await readExpected(refused);
    const ref = await open(refused, 'a');
    const facts = await client.inspect(ref);
    expect(facts.task).toBe('reranker');
    const problem = { code: 'config-unsupported', facts: { model: 'a', field: 'num_labels', value: '2' } };
    expect(facts.problems).toMatchObject([{ severity: 'refused', ...problem }]);
    const [text] = expected.outputs.texts;
    await expect(client.outputs(ref, [text!], { prompt: '', device: 'cpu' })).rejects.toMatchObject(problem);
  });
});
