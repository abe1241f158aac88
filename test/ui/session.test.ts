import { describe, expect, test } from 'vitest';
import { KnownError, type Problem } from '../../src/errors.ts';
import type { ScoreJob, Scores } from '../../src/pipeline.ts';
import type { MergeJob } from '../../src/pour.ts';
import type { Check } from '../../src/proof.ts';
import { weigh, weighAround } from '../../src/score/weights.ts';
import { Session } from '../../src/ui/session.svelte.ts';
import { Task } from '../../src/ui/task.svelte.ts';
import type { Client, KeptItem } from '../../src/worker/client.ts';
import { factsOf, planned, ranOn, standIn } from './client.ts';

const examplesSha256 = 'e'.repeat(64);

const queryOf = (session: Session) => {
  const [row] = session.taste.examples.rows;
  return row?.kind === 'contrastive' ? row.example.query : undefined;
};

/** The stand-in client with losses as given, and what it was asked to do. */
function open(
  answers: Partial<Client> = {},
  losses: readonly number[] = [0.1, 0.5, 2],
  lossesWithout: Scores['lossesWithout'] = [],
) {
  const jobs: { scored: ScoreJob[]; merged: MergeJob[]; removed: KeptItem[] } = {
    scored: [],
    merged: [],
    removed: [],
  };
  const client = standIn({
    score: async (job) => {
      jobs.scored.push(job);
      return {
        losses: losses.slice(0, job.models.length),
        lossesWithout,
        ranOn,
        problems: [],
        seconds: 1,
        continuedBytes: 0,
        examplesSha256,
      };
    },
    merge: async (job) => {
      jobs.merged.push(job);
      return {
        job: `job-${jobs.merged.length}`,
        name: 'mixture',
        madeMs: 0,
        files: [],
        seconds: 1,
        continuedBytes: 0,
        proof: { checks: [] },
      };
    },
    removeKept: async (item) => void jobs.removed.push(item),
    ...answers,
  });
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

  test('hands on the largest file where several files come of it, and refuses a wrong one', async () => {
    const { session, jobs } = open();
    await session.openDemo();
    await session.taste.score();
    await session.pour.mix();
    expect(jobs.merged[0]).not.toHaveProperty('shardBytes');
    session.recipe.largestFile.restore(undefined);
    // nothing would be written otherwise
    expect(session.pour.stale).toBe(false);
    session.recipe.largestFile.restore(4_100_000);
    expect(session.pour.stale).toBe(true);
    await session.pour.mix();
    expect(jobs.merged[1]).toMatchObject({ shardBytes: 4_100_000 });
    session.recipe.largestFile.restore(1000);
    expect([session.next, session.obstacle]).toEqual(['wait', 'size-wrong']);
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
    session.taste.examples.editRow(session.taste.examples.rows[0]?.key ?? '', 'query', 'another');
    expect(session.taste.stale).toBe(true);
    expect(session.recipe.weights).toEqual({ at: 'missing', why: 'stale' });
    expect(session.next).toBe('score');
    session.taste.examples.editRow(session.taste.examples.rows[0]?.key ?? '', 'query', 'q');
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
    answer({ losses: [0.1, 0.5, 2], lossesWithout: [], ranOn, problems: [], seconds: 1, examplesSha256 });
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
        return { losses: [1, 1, 1], lossesWithout: [], ranOn, problems: [], seconds: 1, examplesSha256 };
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
    session.taste.examples.editRow(session.taste.examples.rows[0]?.key ?? '', 'query', 'another');
    expect(session.taste.failure).toBeUndefined();
  });

  test('says why scoring failed even if an example was edited meanwhile', async () => {
    const failure = new KnownError('gpu-lost', { why: 'reset' });
    let fail: (error: Error) => void = () => undefined;
    const { session } = open({ score: () => new Promise((_, reject) => (fail = reject)) });
    await session.openDemo();
    const scoring = session.taste.score();
    session.taste.examples.editRow(session.taste.examples.rows[0]?.key ?? '', 'query', 'another');
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
        return { problems: [], output: planned };
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

  test('knows a mixture of an earlier recipe, and keeps it when the next is ready', async () => {
    const { session, jobs } = open();
    await session.openDemo();
    await session.taste.score();
    await session.pour.mix();
    session.recipe.temperature = 0.1;
    expect([session.pour.stale, session.next]).toEqual([true, 'mix']);
    await session.pour.mix();
    expect([session.pour.stale, session.next]).toEqual([false, 'download']);
    expect(session.pour.poured?.output.job).toBe('job-2');
    expect(jobs.removed).toEqual([]);
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
          answers.push(() => resolve({ problems: [], output: { ...planned, tensorCount: models.length } })),
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
      groupLocal: (_, name = '') => Promise.reject(new KnownError('drop-empty', { name })),
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
        return Promise.resolve([]);
      },
    });
    await session.addFiles(
      paths.map((path) => ({ path, file: new File([], path) })),
      paths.join(', '),
    );
    expect(names).toEqual([name]);
  });

  test('shows how far each weight moves when one example is left out, at the temperature that stands', async () => {
    const without = [
      [0.2, 0.4, 2],
      [0.3, 0.1, 2],
    ];
    const { session } = open({}, [0.1, 0.5, 2], without);
    expect(session.recipe.steadiness).toBeUndefined();
    await session.openDemo();
    await session.taste.score();
    for (const temperature of [1, 0.1]) {
      session.recipe.temperature = temperature;
      const [first, second] = without.map((losses) => weigh(losses, temperature));
      expect(session.recipe.steadiness).toEqual({
        ranges: [0, 1, 2].map((m) => ({
          lowest: Math.min(first![m]!, second![m]!),
          highest: Math.max(first![m]!, second![m]!),
        })),
        first: 0,
        others: [{ model: 1, examples: [2] }],
      });
    }
    session.recipe.setOrigin('hand');
    expect(session.recipe.steadiness).toBeUndefined();
  });

  test('asks what the columns of dropped examples are before it takes them', async () => {
    const { session } = open();
    await session.openDemo();
    await session.addFiles([{ path: 'five.csv', file: new File(['query,pos\na,b\n'], 'five.csv') }]);
    expect(session.taste.examples.intake.phase).toMatchObject({ at: 'mapping', name: 'five.csv' });
    expect(queryOf(session)).toBe('q');
    await session.taste.examples.intake.use();
    expect(session.taste.examples.rows).toMatchObject([{ example: { query: 'a', positives: ['b'] } }]);
    expect(session.ingredients.cards).toHaveLength(3);
  });

  test.each<[string, (session: Session) => void]>([
    ['they were given up', (session) => session.taste.examples.intake.forgetFailure()],
    ['one is added', (session) => session.taste.examples.addRow()],
    [
      'one is removed',
      (session) => session.taste.examples.removeRow(session.taste.examples.rows[0]?.key ?? ''),
    ],
    [
      'one is edited',
      (session) => session.taste.examples.editRow(session.taste.examples.rows[0]?.key ?? '', 'query', 'r'),
    ],
  ])('says no more why examples could not be read once %s', async (_, change) => {
    const { session } = open();
    await session.openDemo();
    await session.taste.examples.intake.readText('not examples', 'a text');
    expect(session.taste.examples.intake.failure).toMatchObject({ code: 'examples-columns-few' });
    change(session);
    expect(session.taste.examples.intake.failure).toBeUndefined();
  });

  test('reads negatives one a line, and leaves blank lines out', async () => {
    const { session, jobs } = open();
    await session.openDemo();
    session.taste.examples.editRow(
      session.taste.examples.rows[0]?.key ?? '',
      'negatives',
      'first\n\nsecond \n',
    );
    await session.taste.score();
    expect(jobs.scored[0]?.set).toEqual({
      kind: 'contrastive',
      examples: [{ query: 'q', positives: ['p'], negatives: ['first', 'second '] }],
    });
  });

  test('mixes a fine-tuned model with the rest by alpha, which needs losses only where the rest are several', async () => {
    const { session, jobs } = open();
    await session.openDemo();
    session.recipe.setOrigin('alpha');
    expect(session.next).toBe('score');
    await session.taste.score();
    session.recipe.alpha = 0.5;
    const { weights } = session.recipe;
    // bank is the second card; base and science share by their losses, 0.1 and 2
    expect(weights).toEqual({ at: 'known', values: weighAround([0.1, 0.5, 2], 1, 0.5, 1) });

    session.ingredients.remove(keyOf(session, 'science'));
    await expect.poll(() => session.next).toBe('mix');
    session.recipe.tuned = keyOf(session, 'base');
    session.recipe.setAlphaText('0.75');
    await session.pour.mix();
    expect(jobs.merged[0]?.weights).toEqual([0.75, 0.25]);
    expect(jobs.merged[0]?.scoring).toBeUndefined();
    expect(jobs.merged[0]?.alpha).toEqual({ tuned: 0, alpha: 0.75 });

    session.recipe.setAlphaText('2');
    expect(session.recipe.weights).toMatchObject({ at: 'failed', error: { code: 'setting-invalid' } });
    expect(session.obstacle).toBe('weights-wrong');
  });
});

describe('Pour', () => {
  const finite = { kind: 'finite', state: 'passed', valueCount: 1 } as const;
  const hashed = { kind: 'sha256', state: 'passed', fileCount: 1 } as const;

  test('mixes into the dtype that was chosen, and is of another recipe once that changes', async () => {
    const { session, jobs } = open();
    await session.openDemo();
    await session.taste.score();
    session.recipe.dtype = 'BF16';
    await session.pour.mix();
    expect(jobs.merged[0]).toMatchObject({ dtype: 'BF16' });
    expect([session.pour.stale, session.next]).toEqual([false, 'download']);
    session.recipe.dtype = 'F32';
    expect([session.pour.stale, session.next]).toEqual([true, 'mix']);
  });

  test('has the output tried with the first query on the device and as the kind of model that are chosen, beside the job', async () => {
    const trials: unknown[] = [];
    const { session, jobs } = open({
      inspect: async () => ({ ...factsOf('base'), tasks: ['encoder', 'reranker'] }),
      merge: async (job, _, trial) => {
        jobs.merged.push(job);
        trials.push(trial);
        return {
          job: 'job',
          name: 'mixture',
          madeMs: 0,
          files: [],
          seconds: 1,
          continuedBytes: 0,
          proof: { checks: [] },
        };
      },
    });
    await session.openDemo();
    session.taste.device = 'cpu';
    session.recipe.setOrigin('hand');
    await session.pour.mix();
    session.taste.runAs = 'reranker';
    await session.pour.mix();
    expect(trials).toEqual([
      { text: 'q', device: 'cpu' },
      { text: 'q', device: 'cpu', task: 'reranker' },
    ]);
    expect(JSON.stringify(jobs.merged)).not.toContain('"q"');
  });

  test('shows each check as it passes, and none that comes late from an earlier mixing', async () => {
    const hear: ((check: Check) => void)[] = [];
    const { session } = open({
      merge: (_, watch) => {
        hear.push(watch!.check!);
        return hear.length === 1 ? Promise.reject(new Error('failed')) : new Promise(() => undefined);
      },
    });
    await session.openDemo();
    session.recipe.setOrigin('hand');
    await session.pour.mix();
    void session.pour.mix();
    expect(session.pour.checks).toEqual([]);
    hear[1]!(finite);
    hear[0]!(hashed);
    expect(session.pour.checks).toEqual([finite]);
  });
});
