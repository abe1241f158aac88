import { describe, expect, test } from 'vitest';
import { KnownError } from '../../src/errors.ts';
import type { ModelFacts } from '../../src/pipeline.ts';
import type { FoundModel } from '../../src/search.ts';
import { readAsked } from '../../src/source/hub-id.ts';
import type { ModelRef } from '../../src/source/source.ts';
import { Ingredients } from '../../src/ui/ingredients.svelte.ts';
import type { Client } from '../../src/worker/client.ts';
import { planned } from './client.ts';

type Answers = Pick<
  Client,
  'readAsked' | 'search' | 'modelLimit' | 'pin' | 'groupLocal' | 'inspect' | 'compare' | 'setToken'
>;

function factsOf(name: string): ModelFacts {
  return {
    ...{ name, kind: 'demo', modelType: 'bert', parameterCount: 1, dtypes: ['F32'], checkpointBytes: 4 },
    ...{
      task: 'encoder',
      tasks: ['encoder'],
      lacking: {},
      otherwise: {},
      bytesToFetch: 0,
      pooling: 'mean',
      normalised: true,
      maxTokens: 128,
      promptsFrom: 'none',
    },
    ...{ prompts: { query: '', document: '' }, licence: 'mit', problems: [] },
  };
}

function found(id: string, more: Partial<FoundModel> = {}): FoundModel {
  return {
    ...{ id, downloads: 1, parameterCount: 1, bytes: 4, architecture: 'bert', licence: 'mit' },
    ...{ access: 'open', updatedMs: 0, problems: [], ...more },
  };
}

/** The state alone: what the client would say is given, and what it was asked is kept. */
function open(answers: Partial<Answers> = {}) {
  const asked: string[] = [];
  const client: Answers = {
    modelLimit: 16,
    readAsked: (text) => readAsked(text, 'https://huggingface.co'),
    search: async (query, count) => {
      asked.push(`search ${query} ${count}`);
      return { models: [found('a/b')], more: 'no' };
    },
    pin: async (id) => {
      asked.push(`pin ${id}`);
      return { kind: 'hub', id, revision: 'main', commit: 'c0ffee' };
    },
    groupLocal: () => Promise.resolve([]),
    inspect: async (model) => {
      asked.push('inspect');
      return factsOf(model.kind === 'hub' ? model.id : model.name);
    },
    compare: async () => {
      asked.push('compare');
      return { problems: [], output: planned };
    },
    setToken: async () => undefined,
    ...answers,
  };
  return { ingredients: new Ingredients(client), asked };
}

function demos(count: number): readonly ModelRef[] {
  return Array.from({ length: count }, (_, m) => ({ kind: 'demo', name: `m${m}` }));
}

function shown({ cards }: Ingredients) {
  return cards.map(({ name, slot }) => `${name} ${slot}`);
}

describe('the field', () => {
  test('searches for words, asks nothing before, and keeps what was typed', async () => {
    const { ingredients, asked } = open();
    ingredients.text = ' bge  small ';
    expect([ingredients.asked.kind, asked]).toEqual(['search', []]);
    await ingredients.addText();
    expect(asked).toEqual(['search bge small 20']);
    expect(ingredients.search.state).toMatchObject({ at: 'found', models: [{ id: 'a/b' }] });
    expect([ingredients.text, ingredients.cards]).toEqual([' bge  small ', []]);
  });

  test('adds an id, and closes what was found', async () => {
    const { ingredients, asked } = open();
    ingredients.text = 'bge';
    await ingredients.addText();
    ingredients.text = 'a/b';
    await ingredients.addText();
    expect(asked).toEqual(['search bge 20', 'pin a/b', 'inspect']);
    expect([ingredients.search.state.at, ingredients.text]).toEqual(['closed', '']);
    expect(shown(ingredients)).toEqual(['a/b 0']);
  });

  test('adds from the list beside what stands in the field', async () => {
    const { ingredients } = open();
    ingredients.text = 'bge';
    await ingredients.addText();
    await ingredients.addId('a/b');
    expect([ingredients.text, ingredients.search.state.at]).toEqual(['bge', 'found']);
    expect(shown(ingredients)).toEqual(['a/b 0']);
  });

  test('says that a 17th model is too many, and keeps its name', async () => {
    const { ingredients, asked } = open();
    await ingredients.addModels(demos(16));
    const before = asked.length;
    ingredients.text = 'a/b';
    await ingredients.addText();
    expect(ingredients.failure).toEqual(new KnownError('models-too-many', { count: 17, limit: 16 }));
    expect([ingredients.text, ingredients.cards.length, asked.length]).toEqual(['a/b', 16, before]);
  });
});

describe('Search', () => {
  test('shows more under what stands', async () => {
    const { ingredients } = open({
      search: async (_, count) => ({
        models: Array.from({ length: count }, (_, i) => found(`a/${i}`)),
        more: 'yes',
      }),
    });
    ingredients.text = 'a';
    await ingredients.addText();
    const more = ingredients.search.more();
    expect(ingredients.search.state).toMatchObject({ at: 'searching', models: { length: 20 } });
    await more;
    expect(ingredients.search.state).toMatchObject({ at: 'found', models: { length: 40 } });
  });

  test('forgets the answer to an earlier question, and to one that was given up', async () => {
    const answers: ((id: string) => void)[] = [];
    const { ingredients } = open({
      search: () =>
        new Promise((resolve) => answers.push((id) => resolve({ models: [found(id)], more: 'no' }))),
    });
    ingredients.text = 'one';
    const first = ingredients.addText();
    ingredients.text = 'two';
    const second = ingredients.addText();
    answers[1]?.('a/two');
    await second;
    answers[0]?.('a/one');
    await first;
    expect(ingredients.search.state).toMatchObject({ at: 'found', models: [{ id: 'a/two' }] });
    const third = ingredients.addText();
    ingredients.search.close();
    answers[2]?.('a/three');
    await third;
    expect(ingredients.search.state).toEqual({ at: 'closed' });
  });

  test('says why it failed, and asks again', async () => {
    const failure = new KnownError('hub-unreachable', { host: 'huggingface.co' });
    let connected = false;
    const { ingredients } = open({
      search: async () => {
        if (!connected) throw failure;
        return { models: [], more: 'no' };
      },
    });
    ingredients.text = 'bge';
    await ingredients.addText();
    expect(ingredients.search.state).toMatchObject({ at: 'failed', error: failure });
    connected = true;
    await ingredients.search.tryAgain();
    expect(ingredients.search.state).toMatchObject({ at: 'found', models: [] });
  });

  test('offers a gated model only once there is a token', async () => {
    const { ingredients } = open();
    const gated = found('a/gated', { access: 'gated' });
    expect(ingredients.search.refusalOf(gated)).toMatchObject({ code: 'hub-gated' });
    await ingredients.setToken('hf_x');
    expect(ingredients.search.refusalOf(gated)).toBeUndefined();
    const adapter = { severity: 'refused', code: 'model-adapter', facts: { model: 'a/b' } } as const;
    expect(ingredients.search.refusalOf(found('a/b', { problems: [adapter] }))).toBe(adapter);
  });
});

describe('undoRemove', () => {
  test('puts models back where they stood, last first, and asks nothing', async () => {
    const { ingredients, asked } = open();
    await ingredients.addModels(demos(4));
    const before = shown(ingredients);
    const { fit } = ingredients;
    ingredients.editPrompts('model-1', { query: 'query: ' });
    ingredients.remove('model-1');
    ingredients.remove('model-0');
    expect(shown(ingredients)).toEqual(['m2 2', 'm3 3']);
    expect(ingredients.undoRemove()).toBe('model-0');
    const count = asked.length;
    expect(ingredients.undoRemove()).toBe('model-1');
    expect(shown(ingredients)).toEqual(before);
    expect(ingredients.cards[1]?.state).toMatchObject({ at: 'ready', prompts: { query: 'query: ' } });
    expect(ingredients.fit).toEqual(fit);
    expect(asked.length).toBe(count);
    expect([ingredients.removed, ingredients.undoRemove()]).toEqual([undefined, undefined]);
  });

  test('brings back with a model what was learnt of it meanwhile', async () => {
    let answer: (facts: ModelFacts) => void = () => undefined;
    const { ingredients } = open({ inspect: () => new Promise((resolve) => (answer = resolve)) });
    const adding = ingredients.addModels(demos(1));
    ingredients.remove('model-0');
    answer(factsOf('m0'));
    await adding;
    ingredients.undoRemove();
    expect(ingredients.cards[0]?.state.at).toBe('ready');
  });

  test('offers nothing back that the Hub does not have', async () => {
    let refuse: (error: Error) => void = () => undefined;
    const { ingredients } = open({ pin: () => new Promise((_, reject) => (refuse = reject)) });
    ingredients.text = 'a/b';
    const adding = ingredients.addText();
    ingredients.remove('model-0');
    refuse(new KnownError('hub-repository-missing', { id: 'a/b' }));
    await adding;
    expect([ingredients.removed, ingredients.failure]).toEqual([undefined, undefined]);
  });

  test('finds its colour free although another is looked up meanwhile, which may not exist', async () => {
    let refuse: (error: Error) => void = () => undefined;
    const { ingredients } = open({ pin: () => new Promise((_, reject) => (refuse = reject)) });
    await ingredients.addModels(demos(3));
    const before = shown(ingredients);
    ingredients.remove('model-1');
    ingredients.text = 'a/b';
    const adding = ingredients.addText();
    expect(shown(ingredients).at(-1)).toBe('a/b 3');
    refuse(new KnownError('hub-repository-missing', { id: 'a/b' }));
    await adding;
    ingredients.undoRemove();
    expect(shown(ingredients)).toEqual(before);
  });

  test('is over once another model has come', async () => {
    const { ingredients } = open();
    await ingredients.addModels(demos(3));
    ingredients.remove('model-1');
    ingredients.text = 'a/b';
    await ingredients.addText();
    expect([ingredients.removed, ingredients.undoRemove()]).toEqual([undefined, undefined]);
  });

  test('takes another colour when its own is needed, and no place that there is not', async () => {
    let refuse: (error: Error) => void = () => undefined;
    const { ingredients } = open({ pin: () => new Promise((_, reject) => (refuse = reject)) });
    await ingredients.addModels(demos(16));
    ingredients.remove('model-3');
    ingredients.text = 'a/b';
    const adding = ingredients.addText();
    expect(shown(ingredients).at(-1)).toBe('a/b 3');
    expect(ingredients.undoRemove()).toBeUndefined();
    expect(ingredients.failure).toMatchObject({ code: 'models-too-many' });
    ingredients.remove('model-5');
    expect(ingredients.undoRemove()).toBe('model-5');
    refuse(new KnownError('hub-repository-missing', { id: 'a/b' }));
    await adding;
    expect(ingredients.undoRemove()).toBe('model-3');
    expect(new Set(ingredients.cards.map(({ slot }) => slot)).size).toBe(16);
  });
});
