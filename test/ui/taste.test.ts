import { afterEach, describe, expect, test, vi } from 'vitest';
import type {
  Completion,
  Example,
  ExampleSet,
  ModelFacts,
  ScoreJob,
  Task as ModelTask,
} from '../../src/pipeline.ts';
import type { ExampleKind } from '../../src/score/columns.ts';
import type { Examples } from '../../src/ui/examples.svelte.ts';
import { Ingredients } from '../../src/ui/ingredients.svelte.ts';
import { keepInTab, type KeptExamples } from '../../src/ui/kept-examples.ts';
import { Session } from '../../src/ui/session.svelte.ts';
import { Task } from '../../src/ui/task.svelte.ts';
import { Taste } from '../../src/ui/taste.svelte.ts';
import type { Client } from '../../src/worker/client.ts';
import { factsOf, standIn } from './client.ts';

const named = (name: string): Example => ({ query: name, positives: [`${name}+`], negatives: [] });
const pairs = (...examples: readonly Example[]): ExampleSet => ({ kind: 'contrastive', examples });
const texts = (...examples: readonly Completion[]): ExampleSet => ({ kind: 'completion', examples });

/** Nothing here asks the client for anything. */
const client = {} as Client;

function open(kept?: ExampleSet) {
  const saved: ExampleSet[] = [];
  const storage = (kind: ExampleKind): KeptExamples => ({
    load: () => (kept?.kind === kind ? kept : undefined),
    save: (set) => void saved.push(set),
    flush: () => undefined,
  });
  const { examples } = new Taste(client, new Task(), new Ingredients(client), storage);
  return { examples, saved };
}

const queriesOf = ({ set }: Examples) =>
  set.kind === 'contrastive' ? set.examples.map(({ query }) => query) : [];

describe('the examples', () => {
  test('come back where they were when one is removed', () => {
    const { examples } = open();
    examples.put(pairs(...['a', 'b', 'c'].map(named)));
    examples.removeRow(examples.rows[1]?.key ?? '');
    expect(queriesOf(examples)).toEqual(['a', 'c']);
    expect(examples.undo.what).toMatchObject({ kind: 'removed', number: 2 });
    examples.undo.take();
    expect(queriesOf(examples)).toEqual(['a', 'b', 'c']);
    expect(examples.undo.what).toBeUndefined();
  });

  test.each([
    ['replace', ['x'], { kind: 'replaced', count: 2 }],
    ['add', ['a', 'b', 'x'], { kind: 'added', count: 1 }],
  ] as const)('come back when others %s them', (how, want, change) => {
    const { examples } = open();
    examples.put(pairs(...['a', 'b'].map(named)));
    examples.take(pairs(named('x')), how);
    expect(queriesOf(examples)).toEqual(want);
    expect(examples.undo.what).toEqual(change);
    examples.undo.take();
    expect(queriesOf(examples)).toEqual(['a', 'b']);
  });

  test('are added, not replaced, where there were none', () => {
    const { examples } = open();
    examples.take(pairs(named('x')), 'replace');
    expect(examples.undo.what).toEqual({ kind: 'added', count: 1 });
  });

  test('stay as they are once something else was changed', () => {
    const { examples } = open();
    examples.put(pairs(...['a', 'b'].map(named)));
    examples.removeRow(examples.rows[0]?.key ?? '');
    examples.editRow(examples.rows[0]?.key ?? '', 'query', 'c');
    expect(examples.undo.what).toBeUndefined();
  });

  test('are kept at every change, undone ones too', () => {
    const { examples, saved } = open();
    examples.put(pairs(named('a')));
    examples.editRow(examples.rows[0]?.key ?? '', 'negatives', 'n');
    examples.removeRow(examples.rows[0]?.key ?? '');
    examples.undo.take();
    const edited = { ...named('a'), negatives: ['n'] };
    expect(saved).toEqual([pairs(named('a')), pairs(edited), pairs(), pairs(edited)]);
  });

  test('are those of before the reload, none included', () => {
    expect(queriesOf(open(pairs(named('a'))).examples)).toEqual(['a']);
    expect(open(pairs()).examples.restored).toBe(true);
    expect(open().examples.restored).toBe(false);
  });
});

describe('examples that are kept in the tab', () => {
  afterEach(() => void vi.unstubAllGlobals());

  function storage(kept: Readonly<Record<string, string>> = {}) {
    const items = new Map(Object.entries(kept));
    vi.stubGlobal('sessionStorage', {
      getItem: (key: string) => items.get(key) ?? null,
      setItem: (key: string, text: string) => void items.set(key, text),
    });
    return items;
  }

  test('come back by their kind', () => {
    storage();
    const sets = [pairs(named('a')), texts({ input: 'i', output: 'o' })];
    for (const set of sets) {
      const kept = keepInTab(set.kind);
      kept.save(set);
      kept.flush();
    }
    expect([keepInTab('contrastive').load(), keepInTab('completion').load()]).toEqual(sets);
  });

  test('of before there were two kinds are read', () => {
    storage({ 'shaker-1/examples': JSON.stringify([named('old')]) });
    expect(keepInTab('contrastive').load()).toEqual(pairs(named('old')));
    expect(keepInTab('completion').load()).toBeUndefined();
  });

  test.each([
    ['contrastive', 'shaker-1/examples', '[{"query": 1}]'],
    ['completion', 'shaker-1/completions', '[{"input": "i"}]'],
    ['completion', 'shaker-1/completions', '{'],
  ] as const)('are %s examples or nothing', (kind, key, text) => {
    storage({ [key]: text });
    expect(keepInTab(kind).load()).toBeUndefined();
  });
});

describe('what models are run as', () => {
  /** Models of these kinds, and what they can be, in the order of the cards. */
  async function bar(...kinds: readonly (readonly [ModelTask | undefined, ...ModelTask[]])[]) {
    const scored: ScoreJob[] = [];
    const standing = standIn({});
    const session = new Session({
      ...standing,
      inspect: async (model): Promise<ModelFacts> => {
        const [task, ...others] = kinds[Number(model.kind === 'local' ? model.name : '')] ?? [];
        return {
          ...factsOf(`m${model.kind === 'local' ? model.name : ''}`),
          task,
          tasks: task ? [task, ...others] : [],
        };
      },
      score: async (job, watch) => {
        scored.push(job);
        return standing.score(job, watch);
      },
    });
    await session.ingredients.addModels(kinds.map((_, m) => ({ kind: 'local', name: String(m), files: [] })));
    return { session, scored, taste: session.taste };
  }

  test('is what the files of the first say, and decides which examples are asked for', async () => {
    const { taste, scored } = await bar(['decoder', 'encoder'], ['decoder', 'encoder']);
    expect([taste.runAs, taste.examples.kind, taste.runAsAsked]).toEqual([
      'decoder',
      'completion',
      undefined,
    ]);
    taste.examples.put(texts({ input: 'i', output: 'o' }));
    await taste.score();
    expect(scored[0]).toMatchObject({ set: texts({ input: 'i', output: 'o' }) });
    expect(scored[0]).not.toHaveProperty('task');
    expect(taste.current?.runAs).toBe('decoder');
  });

  test('can be corrected; the examples of either kind wait, with their own way back', async () => {
    const { taste, scored } = await bar(['decoder', 'encoder'], ['decoder', 'encoder']);
    taste.examples.take(texts({ input: 'i', output: 'o' }), 'replace');
    taste.runAs = 'encoder';
    expect(taste.examples.count).toBe(0);
    expect(taste.examples.undo.what).toBeUndefined();
    taste.examples.put(pairs(named('a')));
    await taste.score();
    expect(scored[0]).toMatchObject({ set: pairs(named('a')), task: 'encoder' });
    taste.runAs = 'decoder';
    expect(taste.stale).toBe(true);
    expect(taste.examples.set).toEqual(texts({ input: 'i', output: 'o' }));
    expect(taste.examples.undo.what).toEqual({ kind: 'added', count: 1 });
  });

  /** A language model that is read once it is `told`, on the bar or yet to be dropped. */
  function untold() {
    let tell = (): void => undefined;
    const told = new Promise<void>((resolve) => (tell = resolve));
    const session = new Session(
      standIn({
        groupLocal: async () => [{ kind: 'local', name: 'm', files: [] }],
        inspect: async () => {
          await told;
          return { ...factsOf('m'), task: 'decoder', tasks: ['decoder', 'encoder'] };
        },
      }),
    );
    return { session, tell };
  }
  const table = (name: string, text: string) => ({ path: name, file: new File([text], name) });

  test('is known before examples that are dropped with the models are asked about', async () => {
    const { session, tell } = untold();
    const dropping = session.addFiles([table('config.json', '{}'), table('a.csv', 'input,output\ni,o')]);
    tell();
    await dropping;
    expect(session.taste.examples.intake.phase).toMatchObject({ mapping: { roles: ['input', 'output'] } });
    await session.taste.examples.intake.use();
    expect(session.taste.tables.completion.set).toEqual(texts({ input: 'i', output: 'o' }));
    expect(session.taste.tables.contrastive.count).toBe(0);
  });

  test('asks anew about examples that wait when it comes out, and keeps to it what was left out of them', async () => {
    const { session, tell } = untold();
    const reading = session.ingredients.addModels([{ kind: 'local', name: 'm', files: [] }]);
    const { intake } = session.taste.examples;
    await session.addFiles([table('a.csv', 'input,output\ni,o\nj,\n')]);
    expect(intake.phase).toMatchObject({ at: 'mapping', mapping: { kind: 'contrastive' } });
    tell();
    await reading;
    expect(intake.phase).toMatchObject({ mapping: { kind: 'completion', roles: ['input', 'output'] } });
    intake.setRole(0, 'ignored');
    intake.setRole(0, 'input');
    await intake.use();
    expect(session.taste.examples.set).toEqual(texts({ input: 'i', output: 'o' }));
    expect(session.taste.tables.contrastive.count).toBe(0);
    expect(intake.notes).toMatchObject([{ code: 'examples-output-missing' }]);
    session.taste.runAs = 'encoder';
    expect(intake.notes).toEqual([]);
  });

  test('is corrected only for as long as the first can be that', async () => {
    const { session, taste } = await bar(['decoder', 'encoder'], ['encoder-decoder']);
    taste.runAs = 'encoder';
    expect(taste.runAsAsked).toBe('encoder');
    session.ingredients.makeBase(session.ingredients.cards[1]?.key ?? '');
    expect([taste.runAs, taste.runAsAsked]).toEqual(['encoder-decoder', undefined]);
  });

  test('is an embedding model where nothing is known', async () => {
    const { taste } = await bar([undefined], ['decoder']);
    expect([taste.runAs, taste.runnableAs]).toEqual(['encoder', []]);
  });

  test('names models of another kind: those that can be run all the same, and those that cannot', async () => {
    const { taste } = await bar(['encoder', 'reranker'], ['reranker', 'encoder'], ['decoder']);
    expect(taste.otherKinds.map(({ name }) => name)).toEqual(['m1']);
    expect(taste.unable.map(({ name }) => name)).toEqual(['m2']);
    taste.runAs = 'reranker';
    expect(taste.otherKinds.map(({ name }) => name)).toEqual(['m1']);
  });

  test('takes the own definition for rerankers; what was chosen comes back with other models', async () => {
    const { taste } = await bar(['encoder', 'reranker'], ['encoder', 'reranker']);
    taste.definition = 'reference';
    taste.runAs = 'reranker';
    expect(taste.definition).toBe('own');
    taste.runAs = 'encoder';
    expect(taste.definition).toBe('reference');
  });

  test('leaves negatives out of the settings of a language model', async () => {
    const { taste, scored } = await bar(['decoder'], ['decoder']);
    taste.definition = 'reference';
    taste.examples.put(texts({ input: 'i', output: 'o' }));
    await taste.score();
    expect(scored[0]?.definition).toMatchObject({ kind: 'reference', batchSize: 2, negativeCount: 0 });
    expect(taste.reference.negativeCount).toBe(3);
  });

  test('offers the sample sets of its kind', async () => {
    const { session, taste } = await bar(['decoder', 'encoder'], ['decoder', 'encoder']);
    await session.readEmbedded();
    expect(taste.fittingSamples.map(({ id }) => id)).toEqual(['intents']);
    await taste.examples.takeSample('intents');
    expect(taste.examples.set).toEqual(texts({ input: 'intents', output: 'o' }));
    expect(taste.examples.firstText).toBe('intents');
    taste.runAs = 'encoder';
    expect(taste.fittingSamples.map(({ id }) => id)).toEqual(['banking']);
  });
});
