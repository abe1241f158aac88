/**
 * What base, another model and a mixture that is not written answer, against what transformers computed with torch. Computed by the
 * real runtime, in Node; embedding models, and through a worker: test/browser/try-out.test.ts.
 */
import { join } from 'node:path';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import type { Progress } from '../src/progress.ts';
import { Scorer } from '../src/score/score.ts';
import type { Source } from '../src/source/source.ts';
import { tryOut, type Question, type Tried } from '../src/try-out.ts';
import made from './fixtures/next-tokens.json' with { type: 'json' };
import { folderSource, refusal, sourceOf } from './model/models.ts';
import { outputInputs, outputRows, readFamily } from './parity/family.ts';
import { logitTolerance } from './parity/tolerances.ts';

const fixtures = join(import.meta.dirname, 'fixtures');
const scorer = new Scorer();

// the first one loads the runtime, 26 MB, on a machine that others use too
vi.setConfig({ testTimeout: 30_000 });
// what a browser says of threads: one is enough here
beforeAll(() => void vi.stubGlobal('crossOriginIsolated', false));

interface Asked {
  readonly folder: string;
  readonly models: readonly string[];
  readonly weights: readonly number[];
  readonly other: number;
  readonly question: Question;
}

async function ask({ folder, models, ...asked }: Asked, signal?: AbortSignal) {
  const opening = models.map((name) => folderSource(join(fixtures, folder, name), name));
  return askOf(await Promise.all(opening), asked, signal);
}

async function askOf(
  sources: readonly Source[],
  asked: Omit<Asked, 'folder' | 'models'>,
  signal = new AbortController().signal,
) {
  const named = sources.map((source) => ({
    ref: { kind: 'local', name: source.name, files: [] } as const,
    source,
  }));
  const reports: Progress[] = [];
  const watching = { signal, report: (progress: Progress) => void reports.push(progress) };
  const tried = await tryOut(scorer, named, { ...asked, prompts: [], device: 'cpu' }, watching);
  return { tried, reports };
}

type Answers<K extends Tried['kind']> = Omit<Extract<Tried, { kind: K }>, 'kind'>;

function answersOf<K extends Tried['kind']>(kind: K, { kind: got, ...answers }: Tried): Answers<K> {
  expect(got).toBe(kind);
  return answers as unknown as Answers<K>;
}

const who = ['base', 'other', 'mixture'] as const;

/**
 * Sums in float32 in another order leave a logit within 1e-4 of its size (tolerances.ts), some 1e-5 in truth; a probability moves in
 * proportion by what its logit and all others moved.
 */
const shareTolerance = 1e-3;

describe('tryOut, of language models', () => {
  const questions = made.next.map((one) => ({ ...one, what: one.models.join(', ') }));

  test.each(questions)(
    'of $folder, $what: says what comes after "$text"',
    async ({ answers, text, ...of }) => {
      const { tried, reports } = await ask({ ...of, question: { kind: 'text', text } });
      const got = answersOf('text', tried);
      for (const name of who) {
        const want = answers[name] as [id: number, share: number][];
        expect(got[name].map(({ id }) => id)).toEqual(want.map(([id]) => id));
        want.forEach(([, share], i) => {
          expect(Math.abs(got[name][i]!.probability / share - 1)).toBeLessThan(shareTolerance);
        });
      }
      expect(new Set(reports.map(({ subject }) => subject))).toEqual(
        new Set([of.models[0], of.models[of.other], 'mixture']),
      );
    },
  );

  test('writes tokens as they would stand in the text', async () => {
    const question = { kind: 'text', text: 'Once upon a time, there was a' } as const;
    const models = ['base', 'banking'];
    const { tried } = await ask({ folder: 'stories260k', models, weights: [0.4, 0.6], other: 1, question });
    const { base } = answersOf('text', tried);
    expect(base.map(({ text }) => text).slice(0, 3)).toEqual([' little', ' big', ' b']);
  });

  test('takes the next token of a decoder from the logits that transformers gives after a text', async () => {
    const family = readFamily(join(fixtures, 'families/llama-five'));
    const [input] = outputInputs(family.expected) as [[string, string]];
    const question = { kind: 'text', text: input.join(' ') } as const;
    const { weights } = family.expected.merge;
    const { tried } = await ask({
      folder: 'families/llama-five',
      models: ['a', 'b'],
      weights,
      other: 1,
      question,
    });
    const got = answersOf('text', tried);
    for (const [name, model] of [
      ['base', 'a'],
      ['other', 'b'],
      ['mixture', 'merged'],
    ] as const) {
      const [logits] = outputRows(family.expected, model);
      const total = logits!.reduce((sum, logit) => sum + Math.exp(logit), 0);
      const shares = logits!.map((logit, id) => ({ id, share: Math.exp(logit) / total }));
      const want = shares.toSorted((one, two) => two.share - one.share).slice(0, 10);
      expect(got[name].map(({ id }) => id)).toEqual(want.map(({ id }) => id));
      want.forEach(({ share }, i) => {
        expect(Math.abs(got[name][i]!.probability / share - 1)).toBeLessThan(shareTolerance);
      });
    }
  });

  test('refuses a text beyond the table of positions', async () => {
    const question = { kind: 'text', text: 'salt '.repeat(300) } as const;
    const asked = {
      folder: 'families/gpt2-scaled',
      models: ['a', 'b'],
      weights: [0.5, 0.5],
      other: 1,
      question,
    };
    const [code, facts] = await refusal(ask(asked));
    expect([code, facts]).toEqual(['text-too-long', { model: 'a', tokens: expect.any(Number), limit: 256 }]);
  });
});

describe('tryOut, of rerankers', () => {
  test.each(['rerank-electra', 'rerank-modernbert-mean'])('%s scores as torch does', async (name) => {
    const { expected } = readFamily(join(fixtures, 'families', name));
    const pairs = outputInputs(expected) as readonly (readonly [string, string])[];
    const question = {
      kind: 'documents',
      query: pairs[0]![0],
      documents: pairs.map(([, document]) => document),
    } as const;
    const { weights } = expected.merge;
    const { tried } = await ask({
      folder: `families/${name}`,
      models: ['a', 'b'],
      weights,
      other: 1,
      question,
    });
    const got = answersOf('documents', tried);
    for (const [who, model] of [
      ['base', 'a'],
      ['other', 'b'],
      ['mixture', 'merged'],
    ] as const) {
      const want = outputRows(expected, model).map(([score]) => score!);
      expect(got[who]).toHaveLength(want.length);
      want.forEach((score, d) =>
        expect(Math.abs(got[who][d]! - score)).toBeLessThanOrEqual(logitTolerance(score)),
      );
    }
  });

  test('run as what the first is, whatever they say of themselves', async () => {
    const folder = 'families/rerank-electra';
    const [a, b] = await Promise.all(
      ['a', 'b'].map((name) => folderSource(join(fixtures, folder, name), name)),
    );
    const config = JSON.parse(await (await a!.open('config.json'))!.text()) as object;
    const encoder = sourceOf({ 'config.json': { ...config, architectures: ['ElectraModel'] } });
    const sources: Source[] = [
      { ...a!, open: (path) => (path === 'config.json' ? encoder : a!).open(path) },
      b!,
    ];
    const question = { kind: 'documents', query: 'salt', documents: ['salt'] } as const;
    const { other } = answersOf(
      'documents',
      (await askOf(sources, { weights: [0.5, 0.5], other: 1, question })).tried,
    );
    // the cosine of a text with itself, and no score; float32 sums leave a few units in the last place
    expect(other[0]).toBeCloseTo(1, 5);
  });
});

test('tryOut stops where it is told to', async () => {
  const asked = { folder: 'stories260k', models: ['base', 'banking'], weights: [0.5, 0.5], other: 1 };
  const stopped = ask({ ...asked, question: { kind: 'text', text: 'a' } }, AbortSignal.abort());
  await expect(stopped).rejects.toMatchObject({ name: 'AbortError' });
});
