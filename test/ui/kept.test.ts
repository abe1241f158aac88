import { describe, expect, test } from 'vitest';
import { KnownError } from '../../src/errors.ts';
import type { ModelRef } from '../../src/source/source.ts';
import { Ingredients } from '../../src/ui/ingredients.svelte.ts';
import { Session } from '../../src/ui/session.svelte.ts';
import { Task } from '../../src/ui/task.svelte.ts';
import type { Client, Kept, KeptItem, KeptOutput, Room, StoredModel } from '../../src/worker/client.ts';
import { factsOf, standIn } from './client.ts';

const model = (id: string, change: Partial<StoredModel> = {}): StoredModel => ({
  id,
  commit: 'c0ffee',
  bytes: 1000,
  checkpointBytes: 900,
  holds: 'checkpoint',
  use: 'free',
  ...change,
});

const output = (job: string, change: Partial<KeptOutput> = {}): KeptOutput => ({
  job,
  name: `mix-${job}`,
  madeMs: 0,
  files: [],
  proof: { checks: [] },
  bytes: 10_000,
  use: 'free',
  ...change,
});

/** A browser that keeps these things, and deletes them when asked. */
function open(start: Partial<Kept>, answers: Partial<Client> = {}) {
  let kept: Kept = { models: [], outputs: [], unfinished: [], ...start };
  const isOther = (item: KeptItem) => (other: { job?: string; id?: string }) =>
    item.kind === 'job' ? other.job !== item.job : other.id !== item.id;
  const client = standIn({
    listKept: async () => kept,
    removeKept: async (item) => {
      const stays = isOther(item);
      kept = {
        models: kept.models.filter(stays),
        outputs: kept.outputs.filter(stays),
        unfinished: kept.unfinished.filter(stays),
      };
    },
    ...answers,
  });
  return new Session(client, new Task((show) => show()));
}

const left = { job: 'left', name: 'mix-left', beganMs: 0, bytes: 100_000, use: 'free' } as const;

describe('KeptHere', () => {
  test('counts what is kept, and what of it can be deleted', async () => {
    const { kept } = open({
      models: [model('a/b'), model('a/c', { use: 'in-use' })],
      outputs: [output('one')],
      unfinished: [left],
    });
    expect(kept.list).toEqual({ at: 'unread' });
    await kept.refresh();
    expect(kept.all).toEqual({ models: 2, mixtures: 1, unfinished: 1, bytes: 112_000 });
    expect(kept.deletable).toEqual({ models: 1, mixtures: 1, unfinished: 1, bytes: 111_000 });
  });

  test('deletes one, says what that freed, and reads the list again', async () => {
    const { kept } = open({ models: [model('a/b'), model('a/c')] });
    await kept.refresh();
    await kept.remove({ kind: 'model', id: 'a/b', commit: 'c0ffee' });
    expect(kept.freed).toEqual({ bytes: 1000, name: 'a/b' });
    expect(kept.all).toMatchObject({ models: 1, bytes: 1000 });
  });

  test('deletes all but what is in use', async () => {
    const { kept } = open({
      models: [model('a/b'), model('a/c', { use: 'in-use' })],
      outputs: [output('one')],
      unfinished: [left],
    });
    await kept.refresh();
    await kept.removeAll();
    expect(kept.freed).toEqual({ bytes: 111_000, name: undefined });
    expect(kept.all).toEqual({ models: 1, mixtures: 0, unfinished: 0, bytes: 1000 });
  });

  test('says why something was not deleted, and frees nothing', async () => {
    const failure = new KnownError('kept-in-use', { name: 'mix-one' });
    const { kept } = open(
      { outputs: [output('one')] },
      {
        removeKept: async () => {
          throw failure;
        },
      },
    );
    await kept.refresh();
    await kept.remove({ kind: 'job', job: 'one', name: 'mix-one' });
    expect([kept.failure, kept.freed, kept.all.mixtures]).toEqual([failure, undefined, 1]);
  });

  test('takes the mixture that the page offers off the page when it is deleted from the list', async () => {
    const session = open({ outputs: [output('job-1')] });
    await session.openDemo();
    session.recipe.setOrigin('hand');
    await session.pour.mix();
    expect(session.next).toBe('download');
    await session.kept.refresh();
    await session.kept.remove({ kind: 'job', job: 'job-1', name: 'mix-job-1' });
    expect([session.pour.poured, session.next]).toEqual([undefined, 'mix']);
  });

  test('deletes nothing while an output is being saved', async () => {
    let packed: (file: File) => void = () => undefined;
    const session = open(
      { outputs: [output('one')] },
      { openZip: () => new Promise<File>((resolve) => (packed = resolve)) },
    );
    await session.kept.refresh();
    const saving = session.kept.saving.zip({ job: 'one', name: 'mix-one' }).catch(() => undefined);
    expect(session.kept.locked).toBe(true);
    await session.kept.removeAll();
    expect(session.kept.all.mixtures).toBe(1);
    packed(new File([], 'mix-one.zip'));
    await saving;
    expect(session.kept.locked).toBe(false);
  });

  test('keeps the latest of two lists, whichever comes first', async () => {
    const answers: ((kept: Kept) => void)[] = [];
    const { kept } = open({}, { listKept: () => new Promise((resolve) => answers.push(resolve)) });
    const looks = [kept.refresh(), kept.refresh()];
    await expect.poll(() => answers.length).toBe(2);
    answers[1]!({ models: [model('new/one')], outputs: [], unfinished: [] });
    answers[0]!({ models: [], outputs: [], unfinished: [] });
    await Promise.all(looks);
    expect(kept.all.models).toBe(1);
  });

  test('says why the list cannot be read', async () => {
    const failure = new KnownError('storage-unavailable', { why: 'SecurityError' });
    const { kept } = open(
      {},
      {
        listKept: async () => {
          throw failure;
        },
      },
    );
    await kept.refresh();
    expect(kept.list).toEqual({ at: 'failed', error: failure });
  });

  test.each([
    [50_000_000, undefined],
    [7_449_999, { needBytes: 7_450_000, freeBytes: 7_449_999 }],
    [7_450_000, undefined],
  ])('compares what will be written with the room that is left: %d', async (freeBytes, shortage) => {
    const room: Room = { usedBytes: 0, freeBytes, persisted: false };
    const session = open({}, { room: async () => room });
    await session.openDemo();
    await session.kept.refresh();
    expect(session.kept.shortage).toEqual(shortage);
  });

  test('knows of no shortage where the browser says nothing of room', async () => {
    const session = open({});
    await session.openDemo();
    await session.kept.refresh();
    expect(session.kept.shortage).toBeUndefined();
  });

  test('adds what is still to be downloaded, which changes with what is stored', async () => {
    const hub: ModelRef = { kind: 'hub', id: 'a/b', revision: 'main', commit: 'c0ffee' };
    const facts = { ...factsOf('a/b'), checkpointBytes: 5000, bytesToFetch: 5000 };
    const session = open(
      { models: [model('a/b', { checkpointBytes: 3000 }), model('a/b', { commit: 'other' })] },
      {
        inspect: async () => facts,
        room: async () => ({ usedBytes: 0, freeBytes: 0, persisted: true }),
      },
    );
    await session.ingredients.addModels([hub]);
    expect(session.kept.shortage).toBeUndefined();
    await session.kept.refresh();
    expect(session.kept.shortage).toEqual({ needBytes: 2000, freeBytes: 0 });
    await session.kept.remove({ kind: 'model', id: 'a/b', commit: 'c0ffee' });
    expect(session.kept.shortage).toEqual({ needBytes: 5000, freeBytes: 0 });
  });
});

describe('Ingredients', () => {
  test('leaves alone what needs no download', async () => {
    const ingredients = new Ingredients(standIn({}));
    await ingredients.addModels([{ kind: 'demo', name: 'base' }]);
    const before = ingredients.cards;
    ingredients.recount(() => 10);
    expect(ingredients.cards).toBe(before);
  });
});
