/** What a mixture that is not written answers, against what torch computed with the reference's merged model. */
import { describe, expect, test } from 'vitest';
import { openClient } from '../../src/worker/client.ts';
import { goldenBert, readFixture } from './models.ts';

interface Expected {
  readonly merge: { readonly weights: readonly number[] };
  readonly outputs: {
    readonly texts: readonly string[];
    /** Embeddings under the model's own pooling, of length 1. */
    readonly byModel: Readonly<Record<'a' | 'b' | 'c' | 'merged', readonly (readonly number[])[]>>;
  };
}

const client = openClient();
const prompts = { query: '', document: '' };

/** float32 sums in another order than torch's, of vectors of length 1: the tolerance of embeddings on WASM is 1e-5 (test/parity/tolerances.ts). */
const tolerance = 2e-5;

function cosines([query, ...documents]: readonly (readonly number[])[]): readonly number[] {
  return documents.map((row) => row.reduce((sum, value, d) => sum + value * query![d]!, 0));
}

function expectNear(got: readonly number[], want: readonly number[]): void {
  expect(got).toHaveLength(want.length);
  want.forEach((value, d) => expect(Math.abs(got[d]! - value)).toBeLessThanOrEqual(tolerance));
}

describe('tryOut', () => {
  test('ranks as torch does under base, another model and the mixture', async () => {
    const { merge, outputs } = await readFixture<Expected>('golden/bert/expected.json');
    const [query, ...documents] = outputs.texts;
    const tried = await client.tryOut({
      models: [await goldenBert('a'), await goldenBert('b'), await goldenBert('c')],
      prompts: [prompts, prompts, prompts],
      weights: merge.weights,
      other: 2,
      question: { kind: 'documents', query: query!, documents },
      device: 'cpu',
    });
    if (tried.kind !== 'documents') throw new Error(`documents were asked for, ${tried.kind} came`);
    expectNear(tried.base, cosines(outputs.byModel.a));
    expectNear(tried.other, cosines(outputs.byModel.c));
    expectNear(tried.mixture, cosines(outputs.byModel.merged));
  });

  test('refuses weights that do not sum to 1', async () => {
    const models = [await goldenBert('a'), await goldenBert('b')];
    const question = { kind: 'documents', query: 'q', documents: ['d'] } as const;
    const job = { models, prompts: [], weights: [0.5, 0.6], other: 1, question };
    await expect(client.tryOut({ ...job, device: 'cpu' })).rejects.toMatchObject({ code: 'weights-invalid' });
  });
});
