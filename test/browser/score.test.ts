/** Scoring in real workers: numbers against torch, transformers and the reference package, on WASM and on WebGPU. */
import { describe, expect, test } from 'vitest';
import type { LossDefinition } from '../../src/pipeline.ts';
import type { Example } from '../../src/score/examples.ts';
import { openClient } from '../../src/worker/client.ts';
import { endToEndTolerance, lossTolerance, weightTolerance } from '../parity/tolerances.ts';
import { goldenBert, readFixture, variant, type PoolingMode } from './models.ts';

interface Variants {
  readonly texts: readonly string[];
  readonly variants: readonly {
    readonly config: Readonly<Record<string, unknown>>;
    readonly pooling: PoolingMode;
    readonly embeddings: readonly (readonly number[])[];
  }[];
}

interface Golden {
  readonly examples: readonly { readonly query: string; readonly pos: string[]; readonly neg: string[] }[];
  readonly fewShot: readonly {
    readonly batchSize: number;
    readonly temperature: number;
    readonly maxInputLength: number;
    readonly negNumber: number;
    readonly losses: readonly number[];
    readonly weights: readonly number[];
  }[];
  readonly own: { readonly losses: readonly number[] };
}

const { texts, variants } = await readFixture<Variants>('bert-variants/expected.json');
const golden = await readFixture<Golden>('golden/bert/expected.json');
const client = openClient();

/** Two layers in float32, summed in another order than torch does; a wrong formula is off by 1e-4 or more. */
const embeddingTolerance = 1e-5;

function largestDifference(got: readonly Float32Array[], want: readonly (readonly number[])[]): number {
  expect(got.map(({ length }) => length)).toEqual(want.map(({ length }) => length));
  const differences = want.flatMap((row, t) => row.map((value, d) => Math.abs(value - got[t]![d]!)));
  // Math.max of a NaN is NaN, which is below nothing
  return Math.max(...differences);
}

const cases = variants.map((row) => ({
  ...row,
  title: `${Object.values(row.config).join()} ${row.pooling}`,
}));
/** Each new graph costs the software adapter seconds: every pooling once, every activation once. */
const gpuCases = cases.filter(({ config, pooling }) => config['hidden_act'] === 'gelu' || pooling === 'mean');

describe('outputs of an encoder', () => {
  test.each(cases)('gives the embeddings of sentence-transformers on the CPU: $title', async (row) => {
    const model = await variant(row.config, row.pooling);
    const { outputs, ranOn } = await client.outputs(model, texts, { prompt: '', device: 'cpu' });
    expect(ranOn).toMatchObject({ provider: 'wasm', reason: 'asked' });
    expect(largestDifference(outputs, row.embeddings)).toBeLessThan(embeddingTolerance);
  });

  test.each(gpuCases)('gives the embeddings of sentence-transformers on the GPU: $title', async (row) => {
    const model = await variant(row.config, row.pooling);
    const { outputs, ranOn } = await client.outputs(model, texts, { prompt: '', device: 'gpu' });
    expect(ranOn).toMatchObject({ provider: 'webgpu', reason: 'asked' });
    expect(largestDifference(outputs, row.embeddings)).toBeLessThan(embeddingTolerance);
  });

  test('puts the prompt before each text', async () => {
    const model = await variant({ hidden_act: 'gelu' }, 'mean');
    const device = 'cpu';
    const prompted = await client.outputs(model, ['bread'], { prompt: 'how do I cook ', device });
    const written = await client.outputs(model, ['how do I cook bread'], { prompt: '', device });
    expect(prompted.outputs).toEqual(written.outputs);
  });

  test('gives each of several runs at once its own embeddings', async () => {
    const asked = cases.filter(({ pooling }) => pooling === 'mean' || pooling === 'max').slice(0, 8);
    const models = await Promise.all(asked.map(({ config, pooling }) => variant(config, pooling)));
    const device = 'cpu';
    const runs = await Promise.all(
      models.map((model) => client.outputs(model, texts, { prompt: '', device })),
    );
    runs.forEach(({ outputs }, r) =>
      expect(largestDifference(outputs, asked[r]!.embeddings)).toBeLessThan(embeddingTolerance),
    );
  });

  test('gives nothing for no texts', async () => {
    const model = await variant({ hidden_act: 'gelu' }, 'mean');
    expect((await client.outputs(model, [], { prompt: '', device: 'cpu' })).outputs).toEqual([]);
  });
});

describe('score', () => {
  const examples = golden.examples.map(({ query, pos, neg }): Example => ({
    query,
    positives: pos,
    negatives: neg,
  }));

  async function score(definition: 'own' | LossDefinition, scored = examples) {
    const models = await Promise.all((['a', 'b', 'c'] as const).map(goldenBert));
    const facts = await Promise.all(models.map((model) => client.inspect(model)));
    const own: LossDefinition = { kind: 'own', prompts: facts.map(({ prompts }) => prompts) };
    return client.score({
      models,
      set: { kind: 'contrastive', examples: scored },
      definition: definition === 'own' ? own : definition,
      device: 'cpu',
    });
  }

  function checkLosses(got: readonly number[], want: readonly number[]): void {
    expect(got).toHaveLength(want.length);
    want.forEach((loss, m) =>
      expect(Math.abs(loss - got[m]!)).toBeLessThanOrEqual(lossTolerance('wasm', loss)),
    );
  }

  test.each(golden.fewShot)(
    'gives the losses and the weights of the reference package in batches of $batchSize',
    async ({ batchSize, maxInputLength, negNumber, temperature, losses, weights }) => {
      const got = await score({
        kind: 'reference',
        batchSize,
        maxInputTokens: maxInputLength,
        negativeCount: negNumber,
      });
      checkLosses(got.losses, losses);
      expect(got.problems).toEqual([]);
      const apart = Math.max(...losses.map((loss, m) => Math.abs(loss - got.losses[m]!)));
      const fromOwn = client.weigh(got.losses, temperature);
      const fromExpected = client.weigh(losses, temperature);
      weights.forEach((weight, m) => {
        expect(Math.abs(fromExpected[m]! - weight)).toBeLessThanOrEqual(weightTolerance);
        expect(Math.abs(fromOwn[m]! - weight)).toBeLessThanOrEqual(endToEndTolerance(apart, temperature));
      });
    },
  );

  test("gives the losses under the models' own settings", async () => {
    checkLosses((await score('own')).losses, golden.own.losses);
  });

  test.each(['own', 'reference'] as const)(
    'gives the losses without an example that scoring gives once it is removed: %s',
    async (kind) => {
      const reference = { kind: 'reference', batchSize: 2, maxInputTokens: 64, negativeCount: 1 } as const;
      const definition = kind === 'own' ? kind : reference;
      const { lossesWithout } = await score(definition);
      expect(lossesWithout).toHaveLength(examples.length);
      for (const [left, losses] of lossesWithout.entries()) {
        const rest = examples.filter((_, e) => e !== left);
        const { losses: want } = await score(definition, rest);
        // other texts share a batch then, so they are padded otherwise and float32 sums run in another order
        want.forEach((loss, m) => expect(Math.abs(loss - losses[m]!)).toBeLessThan(1e-5));
      }
    },
  );

  test('notes which example was truncated, once a model', async () => {
    const long = { ...examples[0]!, query: 'how do I cook bread '.repeat(40) };
    const { problems } = await score('own', [examples[1]!, long]);
    expect(problems).toHaveLength(3);
    expect(problems[0]).toMatchObject({
      severity: 'note',
      code: 'example-truncated',
      facts: { example: 2, model: 'a', limit: 128 },
    });
  });

  test('refuses a text longer than the position table where the reference would crash', async () => {
    const long = { ...examples[0]!, positives: ['salt '.repeat(300)] };
    const definition = { kind: 'reference', batchSize: 2, maxInputTokens: 256, negativeCount: 3 } as const;
    await expect(score(definition, [examples[1]!, long])).rejects.toMatchObject({
      code: 'example-too-long',
      facts: { example: 2, model: 'a', tokens: 256, limit: 128 },
    });
  });

  test('reports every stage of every model to its end', async () => {
    const models = await Promise.all((['a', 'b'] as const).map(goldenBert));
    const seen: string[] = [];
    await client.score(
      {
        models,
        set: { kind: 'contrastive', examples },
        definition: { kind: 'own', prompts: [] },
        device: 'cpu',
      },
      {
        report: ({ stage, subject, done, total }) => {
          // a total of 0 is one that nobody knows: the runtime's own download
          if (total > 0 && done === total) seen.push(`${stage} ${subject}`);
        },
      },
    );
    // reports travel on a port of their own, so the last may land after the result
    await expect.poll(() => seen).toEqual(['load a', 'score a', 'load b', 'score b']);
  });
});
