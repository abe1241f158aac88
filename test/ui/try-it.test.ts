import { describe, expect, test } from 'vitest';
import type { Task as ModelTask, Tried, TryJob } from '../../src/pipeline.ts';
import { Session } from '../../src/ui/session.svelte.ts';
import { Task } from '../../src/ui/task.svelte.ts';
import { factsOf, standIn } from './client.ts';

const scores = { base: [0.1, 3, 0.1], other: [2, 1, 0], mixture: [0, 0, 0] };
const token = (id: number) => ({ id, text: `t${id}`, probability: 1 / (id + 2) });
const tokens = { base: [token(0), token(1)], other: [token(2)], mixture: [token(0)] };

/** Three models that can be run as these, with weights by hand, and what the client was asked. */
async function bar(tasks: readonly ModelTask[], tryOut?: (job: TryJob) => Promise<Tried>) {
  const asked: TryJob[] = [];
  const client = standIn({
    inspect: async (model) => ({
      ...factsOf(model.kind === 'hub' ? model.id : model.name),
      task: tasks[0],
      tasks,
    }),
    tryOut: async (job) => {
      asked.push(job);
      if (tryOut !== undefined) return tryOut(job);
      return job.question.kind === 'text' ? { kind: 'text', ...tokens } : { kind: 'documents', ...scores };
    },
  });
  const session = new Session(client, new Task((show) => show()));
  await session.openDemo();
  session.recipe.setWeights([0.2, 0.5, 0.3]);
  const { tryIt, taste, ingredients, recipe } = session;
  return { tryIt, taste, ingredients, recipe, asked };
}

describe('what models are asked', () => {
  test.each([
    ['encoder', 'documents'],
    ['reranker', 'documents'],
    ['decoder', 'text'],
    ['encoder-decoder', 'text'],
  ] as const)('of %s is %s', async (task, kind) => {
    const { tryIt } = await bar([task]);
    expect(tryIt.kind).toBe(kind);
  });

  test('are documents for the query, ranked under each model', async () => {
    const { tryIt, asked } = await bar(['reranker']);
    expect([tryIt.query, tryIt.documents, tryIt.obstacle]).toEqual(['q', ['p', 'n', 'o'], 'none']);
    await tryIt.run();
    expect(asked[0]).toMatchObject({
      question: { kind: 'documents', query: 'q', documents: ['p', 'n', 'o'] },
      other: 1,
    });
    expect(tryIt.answer).toMatchObject({
      kind: 'documents',
      documents: ['p', 'n', 'o'],
      columns: [
        { kind: 'base', name: 'base', scores: scores.base, ranks: [2, 1, 2] },
        { kind: 'other', name: 'bank', ranks: [1, 2, 3] },
        { kind: 'mixture', name: undefined, ranks: [1, 1, 1] },
      ],
    });
  });

  test('is a text, whatever documents there are', async () => {
    const { tryIt, asked } = await bar(['decoder']);
    expect(tryIt.obstacle).toBe('text');
    tryIt.text = ' \n';
    expect(tryIt.obstacle).toBe('text');
    await tryIt.run();
    expect(asked).toEqual([]);
    tryIt.text = 'Once upon a time ';
    tryIt.documentsText = 'x\n'.repeat(100);
    await tryIt.run();
    // as it was typed: a space at the end is a part of it
    expect(asked.map(({ question }) => question)).toEqual([{ kind: 'text', text: 'Once upon a time ' }]);
    expect(tryIt.answer).toMatchObject({
      kind: 'text',
      columns: [{ tokens: tokens.base }, { tokens: tokens.other }, { tokens: tokens.mixture }],
    });
    expect(tryIt.stale).toBe(false);
  });
});

describe('an answer', () => {
  test('no longer holds for another text, model or weight', async () => {
    const { tryIt, recipe, ingredients } = await bar(['decoder']);
    tryIt.text = 'a';
    await tryIt.run();
    // not asked of these models
    tryIt.query = 'another';
    expect(tryIt.stale).toBe(false);
    tryIt.text = 'b';
    expect(tryIt.stale).toBe(true);
    tryIt.text = 'a';
    expect(tryIt.stale).toBe(false);
    tryIt.otherKey = ingredients.cards[2]?.key;
    expect(tryIt.stale).toBe(true);
    await tryIt.run();
    expect(tryIt.stale).toBe(false);
    recipe.setWeights([0.4, 0.3, 0.3]);
    expect(tryIt.stale).toBe(true);
  });

  test('is not shown for what models of another kind are asked, and comes back with them', async () => {
    const { tryIt, taste } = await bar(['encoder', 'reranker', 'decoder']);
    await tryIt.run();
    expect(tryIt.answer?.kind).toBe('documents');
    // cosines are no scores, and neither are tokens
    for (const task of ['reranker', 'decoder'] as const) {
      taste.runAs = task;
      expect(tryIt.answer).toBeUndefined();
    }
    taste.runAs = 'encoder';
    expect(tryIt.answer?.kind).toBe('documents');
    expect(tryIt.stale).toBe(false);
  });

  test('says to the models what they are run as where that was corrected', async () => {
    const { tryIt, taste, asked } = await bar(['encoder', 'reranker']);
    await tryIt.run();
    taste.runAs = 'reranker';
    await tryIt.run();
    expect(asked.map(({ task }) => task)).toEqual([undefined, 'reranker']);
  });

  test('that did not come is told for as long as the same is asked', async () => {
    const { tryIt } = await bar(['decoder'], () => Promise.reject(new Error('no')));
    tryIt.text = 'a';
    await tryIt.run();
    expect(tryIt.failure?.message).toBe('no');
    tryIt.text = 'b';
    expect(tryIt.failure).toBeUndefined();
  });
});
