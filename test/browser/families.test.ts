/** Language models in real workers on the GPU: what test/score/families.test.ts compares on the CPU. */
import { expect, test } from 'vitest';
import type { ExampleSet, LossDefinition } from '../../src/pipeline.ts';
import type { ModelRef } from '../../src/source/source.ts';
import { openClient } from '../../src/worker/client.ts';
import { lossTolerance } from '../parity/tolerances.ts';
import { fixture, localModel, readFixture } from './models.ts';

interface Expected {
  readonly examples: readonly { readonly input: string; readonly output: string }[];
  readonly fewShot: readonly {
    readonly batchSize: number;
    readonly maxInputLength: number;
    readonly losses: readonly number[];
  }[];
}

const client = openClient();

function open(family: string, model: string): Promise<ModelRef> {
  const paths = [
    ...['config.json', 'model.safetensors', 'tokenizer.json'],
    ...['tokenizer_config.json', 'special_tokens_map.json'],
  ];
  const contents = paths.map((path) => [path, fixture(`families/${family}/${model}/${path}`)] as const);
  return localModel(model, Object.fromEntries(contents));
}

async function losses(family: string, set: ExampleSet, definition: LossDefinition) {
  const models = await Promise.all(['a', 'b'].map((model) => open(family, model)));
  return client.score({ models, set, definition, device: 'gpu' });
}

function expectNear(got: readonly number[], want: readonly number[]): void {
  expect(got).toHaveLength(want.length);
  want.forEach((loss, m) =>
    expect(Math.abs(loss - got[m]!)).toBeLessThanOrEqual(lossTolerance('webgpu', loss)),
  );
}

test('tries a mixture on a sentence of ours where an example is longer than its positions', async () => {
  const models = await Promise.all(['a', 'b'].map((model) => open('gpt2-scaled', model)));
  const trial = { text: 'a card that never came '.repeat(100), device: 'cpu' } as const;
  const { proof } = await client.merge({ models, weights: [0.5, 0.5] }, {}, trial);
  expect(proof.checks.at(-1)).toMatchObject({ kind: 'smoke', state: 'passed', text: 'sentence' });
});

test.each(['llama-five', 't5-plain'])('gives the losses of a language model: %s', async (family) => {
  const { examples, fewShot } = await readFixture<Expected>(`families/${family}/expected.json`);
  const run = fewShot.find(({ batchSize }) => batchSize === 2)!;
  const definition = {
    kind: 'reference',
    batchSize: run.batchSize,
    maxInputTokens: run.maxInputLength,
    negativeCount: 0,
  } as const;
  const got = await losses(family, { kind: 'completion', examples }, definition);
  expect(got.ranOn.provider).toBe('webgpu');
  expectNear(got.losses, run.losses);
});
