import { describe, expect, test } from 'vitest';
import { KnownError, type Problem } from '../../src/errors.ts';
import type { ModelFacts, ScoreJob, Scores } from '../../src/pipeline.ts';
import type { MergeJob } from '../../src/pour.ts';
import { parseExamples } from '../../src/score/examples.ts';
import { checkWeights, weigh } from '../../src/score/weights.ts';
import type { ModelRef } from '../../src/source/source.ts';
import { Session } from '../../src/ui/session.svelte.ts';
import { Task } from '../../src/ui/task.svelte.ts';
import type { Client } from '../../src/worker/client.ts';

const examplesSha256 = 'e'.repeat(64);
const ranOn: Scores['ranOn'] = { provider: 'wasm', adapter: undefined, threadCount: 2, reason: 'no-adapter' };

function factsOf(name: string): ModelFacts {
  return {
    name,
    kind: 'demo',
    modelType: 'bert',
    parameterCount: 1_862_000,
    dtypes: ['F16'],
    checkpointBytes: 3_724_576,
    bytesToFetch: 0,
    pooling: 'mean',
    normalised: true,
    maxTokens: 128,
    prompts: { query: '', document: '' },
    promptsFrom: 'none',
    licence: 'apache-2.0',
    problems: [],
  };
}

/** What stands behind the page in these tests: no workers, no files, losses as given. */
function open(answers: Partial<Client> = {}, losses: readonly number[] = [0.1, 0.5, 2]) {
  const jobs: { scored: ScoreJob[]; merged: MergeJob[]; discarded: string[] } = {
    scored: [],
    merged: [],
    discarded: [],
  };
  const client: Client = {
    setToken: async () => undefined,
    demo: async () => ({
      models: ['base', 'bank', 'science'].map((name): ModelRef => ({ kind: 'demo', name })),
      examples: [{ query: 'q', positives: ['p'], negatives: ['n', 'o'] }],
    }),
    pin: async (id) => ({ kind: 'hub', id, revision: 'main', commit: 'c0ffee' }),
    groupLocal: () => [],
    inspect: async (model) => factsOf(model.kind === 'hub' ? model.id : model.name),
    compare: async () => ({
      problems: [],
      output: { tensorCount: 70, parameterCount: 1_862_000, bytes: 7_450_000 },
    }),
    parseExamples,
    score: async (job) => {
      jobs.scored.push(job);
      return { losses: losses.slice(0, job.models.length), ranOn, problems: [], seconds: 1, examplesSha256 };
    },
    embed: async () => ({ embeddings: [], ranOn }),
    tokenize: async () => [],
    weigh,
    checkWeights,
    merge: async (job) => {
      jobs.merged.push(job);
      return { job: `job-${jobs.merged.length}`, name: 'mixture', files: [], seconds: 1 };
    },
    identify: async () => [],
    checkCard: async () => undefined,
    saveCard: async (output) => output,
    generatedCard: async () => '',
    openFile: async () => new File([], 'config.json'),
    openZip: async () => new File([], 'mixture.zip'),
    discard: async ({ job }) => void jobs.discarded.push(job),
    ...answers,
  };
  const session = new Session(client, new Task((show) => show()));
  return { session, jobs };
}

function keyOf(session: Session, name: string): string {
  return session.ingredients.cards.find((card) => card.name === name)?.key ?? '';
}

describe('Session', () => {
  test('goes from the demo to a mixture by score and mix', async () => {
    const { session, jobs } = open();
    expect(session.next).toBe('wait');
    await session.openDemo();
    expect(session.next).toBe('score');
    await session.taste.score();
    expect(session.next).toBe('mix');
    await session.pour.mix();
    expect(session.next).toBe('download');
    expect(jobs.scored[0]).toMatchObject({ device: 'automatic', definition: { kind: 'own' } });
    expect(jobs.merged[0]?.scoring).toEqual({
      definition: 'own',
      temperature: 1,
      losses: [0.1, 0.5, 2],
      exampleCount: 1,
      examplesSha256,
    });
    // the reference's softmax of these losses at temperature 1; float32 sums in another order differ by 1e-7
    const expected = [0.5494841933250427, 0.3683302700519562, 0.08218558877706528];
    jobs.merged[0]?.weights.forEach((weight, m) => expect(weight).toBeCloseTo(expected[m] ?? NaN, 6));
  });

  test('moves the weights with the temperature, without scoring again', async () => {
    const { session, jobs } = open();
    await session.openDemo();
    await session.taste.score();
    session.recipe.temperature = 5;
    // the reference's vector, tolerance as above
    expect(session.recipe.weights).toMatchObject({ at: 'known' });
    const { weights } = session.recipe;
    expect(weights.at === 'known' && weights.values[0]).toBeCloseTo(0.38358592987060547, 6);
    expect(jobs.scored).toHaveLength(1);
  });

  test.each([
    ['0', '0'],
    ['-1', '-1'],
    ['', 'NaN'],
  ])('refuses “%s” as a temperature, and leaves it as it was typed', async (text, value) => {
    const { session } = open();
    await session.openDemo();
    await session.taste.score();
    session.recipe.setTemperatureText(text);
    expect(session.recipe.temperatureText).toBe(text);
    expect(session.recipe.weights).toMatchObject({
      at: 'failed',
      error: { code: 'setting-invalid', facts: { setting: 'temperature', value } },
    });
    expect([session.next, session.obstacle]).toEqual(['wait', 'weights-wrong']);
    // the slider stands at its lower end, and takes over from there
    expect(session.recipe.temperatureDecade).toBe(-2);
    session.recipe.temperatureDecade = 0.5;
    expect(session.recipe.temperatureText).toBe('3.16');
    expect(session.next).toBe('mix');
  });

  test('does not pour weights that come from the losses of other examples', async () => {
    const { session } = open();
    await session.openDemo();
    await session.taste.score();
    session.taste.editRow(session.taste.rows[0]?.key ?? '', { query: 'another' });
    expect(session.taste.stale).toBe(true);
    expect(session.recipe.weights).toEqual({ at: 'missing', why: 'stale' });
    expect(session.next).toBe('score');
    session.taste.editRow(session.taste.rows[0]?.key ?? '', { query: 'q' });
    expect(session.next).toBe('mix');
  });

  test.each<[string, (session: Session) => void]>([
    ['a removed model', (session) => session.ingredients.remove(keyOf(session, 'bank'))],
    ['another base', (session) => session.ingredients.makeBase(keyOf(session, 'science'))],
    [
      'another prompt',
      (session) => session.ingredients.editPrompts(keyOf(session, 'bank'), { query: 'query: ' }),
    ],
    ['another definition', (session) => void (session.taste.definition = 'reference')],
  ])('counts losses as stale after %s', async (_, change) => {
    const { session } = open();
    await session.openDemo();
    await session.taste.score();
    change(session);
    expect(session.taste.stale).toBe(true);
  });

  test('keeps losses that arrive after the models have changed, as stale', async () => {
    let answer: (scores: Scores) => void = () => undefined;
    const { session } = open({ score: () => new Promise((resolve) => (answer = resolve)) });
    await session.openDemo();
    const scoring = session.taste.score();
    session.ingredients.remove(keyOf(session, 'bank'));
    answer({ losses: [0.1, 0.5, 2], ranOn, problems: [], seconds: 1, examplesSha256 });
    await scoring;
    expect(session.taste.scored?.models.map((model) => model.name)).toEqual(['base', 'bank', 'science']);
    expect(session.taste.stale).toBe(true);
  });

  test('keeps the last losses when scoring fails, and says why', async () => {
    const failure = new KnownError('loss-not-finite', { model: 'bank', loss: 'NaN' });
    let failing = false;
    const { session } = open({
      score: async () => {
        if (failing) throw failure;
        return { losses: [1, 1, 1], ranOn, problems: [], seconds: 1, examplesSha256 };
      },
    });
    await session.openDemo();
    await session.taste.score();
    failing = true;
    await session.taste.score();
    expect(session.taste.failure).toBe(failure);
    expect(session.taste.current?.scores.losses).toEqual([1, 1, 1]);
  });

  test('says no more why scoring failed once the device or an example is another', async () => {
    const failure = new KnownError('gpu-missing', {});
    const { session } = open({
      score: async () => {
        throw failure;
      },
    });
    await session.openDemo();
    session.taste.device = 'gpu';
    await session.taste.score();
    expect(session.taste.failure).toBe(failure);
    session.taste.device = 'cpu';
    expect(session.taste.failure).toBeUndefined();
    await session.taste.score();
    session.taste.editRow(session.taste.rows[0]?.key ?? '', { query: 'another' });
    expect(session.taste.failure).toBeUndefined();
  });

  test('says why scoring failed even if an example was edited meanwhile', async () => {
    const failure = new KnownError('gpu-lost', { why: 'reset' });
    let fail: (error: Error) => void = () => undefined;
    const { session } = open({ score: () => new Promise((_, reject) => (fail = reject)) });
    await session.openDemo();
    const scoring = session.taste.score();
    session.taste.editRow(session.taste.rows[0]?.key ?? '', { query: 'another' });
    fail(failure);
    await scoring;
    expect(session.taste.failure).toBe(failure);
  });

  test('says no more why mixing failed once the weights or the models are others', async () => {
    const failure = new KnownError('storage-full', { file: 'model.safetensors' });
    const { session } = open({
      merge: async () => {
        throw failure;
      },
    });
    await session.openDemo();
    session.recipe.setOrigin('hand');
    await session.pour.mix();
    expect(session.pour.failure).toBe(failure);
    session.recipe.setHandText(keyOf(session, 'bank'), '0.33333333');
    expect(session.pour.failure).toBeUndefined();
    await session.pour.mix();
    session.ingredients.remove(keyOf(session, 'bank'));
    expect(session.pour.failure).toBeUndefined();
  });

  test('waits where models do not fit together', async () => {
    const problem: Problem = { severity: 'refused', code: 'models-too-many', facts: { count: 3, limit: 2 } };
    const { session } = open({ compare: async () => ({ problems: [problem], output: undefined }) });
    await session.openDemo();
    expect([session.next, session.obstacle]).toEqual(['wait', 'models-differ']);
  });

  test('asks again how models fit together when that could not be found out', async () => {
    const failure = new KnownError('hub-unreachable', { host: 'huggingface.co' });
    let connected = false;
    const { session } = open({
      compare: async () => {
        if (!connected) throw failure;
        return { problems: [], output: { tensorCount: 70, parameterCount: 1_862_000, bytes: 7_450_000 } };
      },
    });
    await session.openDemo();
    expect(session.ingredients.fit).toEqual({ at: 'failed', error: failure });
    expect([session.next, session.obstacle]).toEqual(['wait', 'models-uncompared']);
    connected = true;
    await session.ingredients.compareAgain();
    expect([session.next, session.obstacle]).toEqual(['score', 'none']);
  });

  test('mixes by hand what cannot be scored', async () => {
    const problem: Problem = {
      severity: 'refused',
      code: 'architecture-unknown',
      facts: { model: 'base', modelType: 'mamba' },
    };
    const { session, jobs } = open({ inspect: async () => ({ ...factsOf('base'), problems: [problem] }) });
    await session.openDemo();
    expect([session.next, session.obstacle]).toEqual(['wait', 'models-unscorable']);
    session.recipe.setOrigin('hand');
    expect(session.next).toBe('mix');
    await session.pour.mix();
    expect(jobs.merged[0]?.weights).toEqual([1 / 3, 1 / 3, 1 / 3]);
    expect(jobs.merged[0]?.scoring).toBeUndefined();
  });

  test('starts weights by hand from those of the examples, and refuses a wrong sum', async () => {
    const { session } = open();
    await session.openDemo();
    await session.taste.score();
    const { weights } = session.recipe;
    session.recipe.setOrigin('hand');
    expect(session.recipe.weights).toEqual(weights);
    expect(session.recipe.handTexts).toEqual(['0.5495', '0.3683', '0.08219']);
    session.recipe.setHandText(keyOf(session, 'bank'), '0.5');
    expect(session.recipe.weights).toMatchObject({ at: 'failed', error: { code: 'weights-invalid' } });
    expect([session.next, session.obstacle]).toEqual(['wait', 'weights-wrong']);
    session.recipe.fillUp();
    expect(session.next).toBe('mix');
  });

  test.each([
    ['', 'an empty field has no sum'],
    ['-1', 'the sum is 0'],
  ])('makes no sum 1 of “%s” beside 1 and 0: %s', async (text) => {
    const { session } = open();
    await session.openDemo();
    session.recipe.setOrigin('hand');
    session.recipe.setHandText(keyOf(session, 'base'), text);
    session.recipe.setHandText(keyOf(session, 'bank'), '1');
    session.recipe.setHandText(keyOf(session, 'science'), '0');
    expect(session.recipe.fillable).toBe(false);
    session.recipe.fillUp();
    expect(session.recipe.handTexts).toEqual([text, '1', '0']);
    session.recipe.setHandText(keyOf(session, 'base'), '3');
    expect(session.recipe.fillable).toBe(true);
  });

  test('shows computed weights in four digits, and mixes them exactly', async () => {
    const { session, jobs } = open();
    await session.openDemo();
    session.recipe.setOrigin('hand');
    expect(session.recipe.handTexts).toEqual(['0.3333', '0.3333', '0.3333']);
    expect(session.recipe.handSum).toBe(1);
    session.recipe.setHandText(keyOf(session, 'base'), '2');
    session.recipe.setHandText(keyOf(session, 'bank'), '3');
    session.recipe.setHandText(keyOf(session, 'science'), '2');
    session.recipe.fillUp();
    expect(session.recipe.handTexts).toEqual(['0.2857', '0.4286', '0.2857']);
    await session.pour.mix();
    expect(jobs.merged[0]?.weights).toEqual([2 / 7, 3 / 7, 2 / 7]);
  });

  test('keeps the exact weights of fields that were not touched', async () => {
    const { session } = open();
    await session.openDemo();
    session.recipe.shareEqually();
    session.recipe.setHandText(keyOf(session, 'bank'), '0.33333333');
    expect(session.recipe.hand).toEqual([1 / 3, 0.33333333, 1 / 3]);
    expect(session.recipe.handTexts).toEqual(['0.3333', '0.33333333', '0.3333']);
  });

  test.each([
    ['', Number.NaN],
    ['0', 0],
    ['-0.5', -0.5],
    ['1e-3', 0.001],
  ])('reads “%s” in a field of weights as %d, and leaves it as it was typed', async (text, weight) => {
    const { session } = open();
    await session.openDemo();
    session.recipe.setHandText(keyOf(session, 'base'), text);
    expect([session.recipe.hand[0], session.recipe.handTexts[0]]).toEqual([weight, text]);
  });

  test('knows a mixture of an earlier recipe, and deletes it when the next is ready', async () => {
    const { session, jobs } = open();
    await session.openDemo();
    await session.taste.score();
    await session.pour.mix();
    session.recipe.temperature = 0.1;
    expect([session.pour.stale, session.next]).toEqual([true, 'mix']);
    await session.pour.mix();
    expect([session.pour.stale, session.next]).toEqual([false, 'download']);
    expect(jobs.discarded).toEqual(['job-1']);
  });

  test('shows a card at once, and says at the field what cannot be found', async () => {
    const failure = new KnownError('hub-repository-missing', { id: 'a/b' });
    let refuse: (error: Error) => void = () => undefined;
    const { session } = open({ pin: () => new Promise((_, reject) => (refuse = reject)) });
    session.ingredients.text = ' a/b ';
    const adding = session.ingredients.addText();
    expect(session.ingredients.cards).toMatchObject([{ name: 'a/b', state: { at: 'pinning' } }]);
    refuse(failure);
    await adding;
    expect(session.ingredients.cards).toEqual([]);
    expect(session.ingredients.failure).toBe(failure);
    expect(session.ingredients.text).toBe('a/b');
  });

  test('says on its card what is wrong with a model, and reads it again', async () => {
    const failure = new KnownError('checkpoint-missing', { model: 'bank' });
    let damaged = true;
    const { session } = open({
      inspect: async (model) => {
        if (damaged && model.kind === 'demo' && model.name === 'bank') throw failure;
        return factsOf('any');
      },
    });
    await session.openDemo();
    expect(session.ingredients.cards[1]?.state).toMatchObject({ at: 'failed', error: failure });
    expect([session.next, session.obstacle]).toEqual(['wait', 'models-failed']);
    damaged = false;
    await session.ingredients.retry(keyOf(session, 'bank'));
    expect(session.next).toBe('score');
  });

  test.each([
    new KnownError('hub-gated', { id: 'a/b' }),
    new KnownError('hub-unauthorised', { id: 'a/b' }),
    new KnownError('hub-repository-missing', { id: 'a/b' }),
  ])('reads a model again once a token is in use: $code', async (failure) => {
    let token: string | undefined;
    const { session } = open({
      setToken: async (given) => void (token = given),
      inspect: async () => {
        if (token === undefined) throw failure;
        return factsOf('a/b');
      },
    });
    session.ingredients.text = 'a/b';
    await session.ingredients.addText();
    expect(session.ingredients.cards[0]?.state).toMatchObject({ at: 'failed', error: failure });
    await session.ingredients.setToken('hf_token');
    expect(session.ingredients.cards[0]?.state.at).toBe('ready');
  });

  test('leaves a model alone that no token mends', async () => {
    let inspected = 0;
    const { session } = open({
      inspect: async () => {
        inspected++;
        throw new KnownError('checkpoint-missing', { model: 'a/b' });
      },
    });
    await session.ingredients.addModels([{ kind: 'demo', name: 'a/b' }]);
    await session.ingredients.setToken('hf_token');
    expect(inspected).toBe(1);
  });

  test('keeps a model’s colour when others go, and gives the free one to the next', async () => {
    const { session } = open();
    await session.openDemo();
    session.ingredients.remove(keyOf(session, 'bank'));
    await session.ingredients.addModels([{ kind: 'demo', name: 'words' }]);
    expect(session.ingredients.cards.map(({ name, slot }) => [name, slot])).toEqual([
      ['base', 0],
      ['science', 2],
      ['words', 1],
    ]);
  });

  test('forgets a comparison of models that are no longer there', async () => {
    const answers: (() => void)[] = [];
    const { session } = open({
      compare: (models) =>
        new Promise((resolve) =>
          answers.push(() =>
            resolve({ problems: [], output: { tensorCount: models.length, parameterCount: 1, bytes: 4 } }),
          ),
        ),
    });
    const opening = session.openDemo();
    await expect.poll(() => answers.length).toBe(1);
    session.ingredients.remove(keyOf(session, 'bank'));
    // the later question is answered first
    answers[1]?.();
    await Promise.resolve();
    answers[0]?.();
    await opening;
    expect(session.ingredients.fit).toMatchObject({ comparison: { output: { tensorCount: 2 } } });
  });

  test('calls a folder without files by its name', async () => {
    const { session } = open({
      groupLocal: (_, name = '') => {
        throw new KnownError('drop-empty', { name });
      },
    });
    await session.addFiles([], 'my-model');
    expect(session.ingredients.failure).toMatchObject({ facts: { name: 'my-model' } });
  });

  test.each([
    [['config.json', 'model.safetensors'], 'local-model'],
    [['mine/config.json', 'mine/model.safetensors'], undefined],
  ])('calls the model of %j by what the files do not say: %s', async (paths, name) => {
    const names: (string | undefined)[] = [];
    const { session } = open({
      groupLocal: (_, given) => {
        names.push(given);
        return [];
      },
    });
    await session.addFiles(
      paths.map((path) => ({ path, file: new File([], path) })),
      paths.join(', '),
    );
    expect(names).toEqual([name]);
  });

  test('takes dropped examples, and says at the table which line is wrong', async () => {
    const { session } = open();
    const drop = (text: string) =>
      session.addFiles([{ path: 'five.jsonl', file: new File([text], 'five.jsonl') }]);
    await drop('{"query": "q", "pos": ["p"], "neg": ["n"]}\n');
    expect(session.taste.rows).toMatchObject([{ query: 'q', positives: ['p'], negativesText: 'n' }]);
    await drop('{"query": "q"}\nnot JSON\n');
    expect(session.taste.examplesFailure).toMatchObject({ code: 'examples-unreadable', facts: { line: 2 } });
    expect(session.taste.rows).toHaveLength(1);
  });

  test.each<[string, (session: Session) => void]>([
    ['they were given up', (session) => session.taste.forgetUnreadable()],
    ['one is added', (session) => session.taste.addRow()],
    ['one is removed', (session) => session.taste.removeRow(session.taste.rows[0]?.key ?? '')],
    ['one is edited', (session) => session.taste.editRow(session.taste.rows[0]?.key ?? '', { query: 'r' })],
  ])('says no more why examples could not be read once %s', async (_, change) => {
    const { session } = open();
    await session.openDemo();
    session.taste.readExamples('not JSON');
    expect(session.taste.examplesFailure).toMatchObject({ code: 'examples-unreadable' });
    change(session);
    expect(session.taste.examplesFailure).toBeUndefined();
  });

  test('reads negatives one a line, and leaves blank lines out', async () => {
    const { session, jobs } = open();
    await session.openDemo();
    session.taste.editRow(session.taste.rows[0]?.key ?? '', { negativesText: 'first\n\nsecond \n' });
    await session.taste.score();
    expect(jobs.scored[0]?.examples).toEqual([
      { query: 'q', positives: ['p'], negatives: ['first', 'second '] },
    ]);
  });
});
