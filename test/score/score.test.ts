import { getEventListeners } from 'node:events';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readConfig } from '../../src/model/config.ts';
import { readModules } from '../../src/model/modules.ts';
import { openCheckpoint } from '../../src/safetensors/checkpoint.ts';
import type { Scorable } from '../../src/score/scorable.ts';
import { Scorer, type LossDefinition } from '../../src/score/score.ts';
import { TextTokenizer } from '../../src/score/tokenize.ts';
import { folderSource } from '../model/models.ts';

const golden = join(import.meta.dirname, '../fixtures/golden/bert');

async function scorable(name: string): Promise<Scorable> {
  const source = await folderSource(join(golden, name), name);
  const config = await readConfig(source);
  return {
    name,
    config,
    task: 'encoder',
    checkpoint: await openCheckpoint(source),
    modules: await readModules(source, config),
    tokenizer: await TextTokenizer.read(source),
  };
}

const examples = [
  { query: 'how do I cook bread', positives: ['warm the pan'], negatives: ['Mars is far away'] },
  { query: 'what is Mars', positives: ['Mars is far away'], negatives: ['warm the pan'] },
];

/** What is refused before a device is asked for: Node has none. */
async function refusal(
  models: readonly Scorable[],
  definition: Partial<LossDefinition & { kind: 'reference' }>,
) {
  const whole = {
    kind: 'reference',
    batchSize: 2,
    maxInputTokens: 64,
    negativeCount: 1,
    ...definition,
  } as const;
  const watching = { signal: new AbortController().signal, report: () => undefined };
  return new Scorer().score(models, { kind: 'contrastive', examples }, whole, 'cpu', watching).then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe('Scorer', () => {
  test.each([0, 1, 2, -3, 2.5, NaN, Infinity])(
    'refuses %s tokens as the longest input: none of the text would be read',
    async (maxInputTokens) => {
      expect(await refusal([await scorable('a')], { maxInputTokens })).toMatchObject({
        code: 'setting-invalid',
        facts: { setting: 'max-input-tokens', value: String(maxInputTokens) },
      });
    },
  );

  test('refuses an example that is longer than the position table, by its number, where nothing may cut it', async () => {
    const model = await scorable('a');
    const long = [examples[0]!, { ...examples[1]!, positives: ['salt '.repeat(200)] }];
    const watching = { signal: new AbortController().signal, report: () => undefined };
    const definition = { kind: 'reference', batchSize: 2, maxInputTokens: 512, negativeCount: 1 } as const;
    await expect(
      new Scorer().score([model], { kind: 'contrastive', examples: long }, definition, 'cpu', watching),
    ).rejects.toMatchObject({
      code: 'example-too-long',
      facts: { example: 2, model: 'a', limit: 128 },
    });
  });

  test('listens for a stop no longer than its job takes, done or stopped while it waited', async () => {
    const scorer = new Scorer();
    const model = await scorable('a');
    const definition = { kind: 'reference', batchSize: 0, maxInputTokens: 64, negativeCount: 1 } as const;
    const controllers = [new AbortController(), new AbortController()] as const;
    const jobs = controllers.map(({ signal }) =>
      scorer.score([model], { kind: 'contrastive', examples }, definition, 'cpu', {
        signal,
        report: () => undefined,
      }),
    );
    expect(controllers.map(({ signal }) => getEventListeners(signal, 'abort').length)).toEqual([1, 1]);
    controllers[1].abort();
    await expect(jobs[1]).rejects.toMatchObject({ name: 'AbortError' });
    await expect(jobs[0]).rejects.toMatchObject({ code: 'setting-invalid' });
    expect(controllers.map(({ signal }) => getEventListeners(signal, 'abort').length)).toEqual([0, 0]);
  });
});
