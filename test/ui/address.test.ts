import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { KnownError } from '../../src/errors.ts';
import { isAddress, parseAddress, printAddress, type PageState } from '../../src/ui/address.ts';
import { demoModel, hubModel } from '../recipe/recipes.ts';

const commit = 'a'.repeat(40);
const state: PageState = {
  models: [
    { kind: 'hub', id: 'kitchen/a', revision: 'v1', commit },
    { kind: 'local' },
    { kind: 'demo', name: 'bank' },
  ],
  prompts: [undefined, undefined, { query: 'find, & keep: ', document: '' }],
  weights: [0.5, NaN, 0.5],
  alpha: undefined,
  temperature: 0.25,
  runAs: 'decoder',
  definition: 'reference',
  reference: { batchSize: 2, maxInputTokens: 512, negativeCount: 3 },
  dtype: 'BF16',
  shardBytes: 2e9,
};
const fragment = `m=kitchen/a@${commit}:v1&m=local&m=demo:bank&q3=find,%20%26%20keep:%20&d3=&w=0.5,,0.5&t=0.25&loss=reference,2,512,3&dtype=BF16&as=decoder&shard=2000000000`;

function refusal(text: string): unknown {
  try {
    parseAddress(text);
  } catch (error) {
    if (error instanceof KnownError) return error.code;
    throw error;
  }
  return 'accepted';
}

describe('printAddress', () => {
  test('is a fragment that a person can read', () => {
    expect(printAddress(state)).toBe(fragment);
  });

  test('names the fine-tuned model by its number, and its share', () => {
    const alpha = { ...state, weights: undefined, alpha: { tuned: 1, alpha: 0.75 } };
    expect(printAddress(alpha)).toContain('&w=alpha,2,0.75&');
    expect(parseAddress(printAddress(alpha))).toEqual(alpha);
  });

  test('says that the bar is empty', () => {
    const empty = { ...state, models: [], prompts: [], weights: undefined };
    expect(printAddress(empty)).toMatch(/^m=none&w=examples&/);
    expect(parseAddress(printAddress(empty)).models).toEqual([]);
  });

  test('is undone by parseAddress', () => {
    const number = fc.oneof(
      fc.double({ noDefaultInfinity: true, noNaN: true }).map((value) => value + 0),
      fc.constant(NaN),
    );
    const bare = fc.oneof(
      hubModel,
      demoModel.map((model) => ({ kind: 'demo' as const, name: model.kind === 'demo' ? model.name : '' })),
      fc.constant({ kind: 'local' as const }),
    );
    const text = fc.string({ unit: 'grapheme' });
    const any = fc.array(bare, { minLength: 1, maxLength: 16 }).chain((models) =>
      fc.record({
        models: fc.constant(models),
        prompts: fc.array(fc.option(fc.record({ query: text, document: text }), { nil: undefined }), {
          minLength: models.length,
          maxLength: models.length,
        }),
        weights: fc.array(number, { minLength: models.length, maxLength: models.length }),
        alpha: fc.record({ tuned: fc.nat(models.length - 1), alpha: number }),
        origin: fc.constantFrom('examples' as const, 'alpha' as const, 'hand' as const),
        temperature: number,
        runAs: fc.constantFrom(undefined, 'encoder' as const, 'reranker' as const),
        definition: fc.constant('reference' as const),
        reference: fc.record({ batchSize: number, maxInputTokens: number, negativeCount: number }),
        dtype: fc.constantFrom('F32', 'F16', 'BF16', 'as-model-1'),
        shardBytes: fc.oneof(number, fc.constantFrom(undefined, 5e9)),
      }),
    );
    fc.assert(
      fc.property(any, ({ origin, ...drawn }) => {
        const weights = origin === 'hand' ? drawn.weights : undefined;
        const alpha = origin === 'alpha' ? drawn.alpha : undefined;
        const value = { ...drawn, weights, alpha };
        const printed = printAddress(value as PageState);
        // longer ones are refused: 16 models with long prompts
        fc.pre(printed.length < 16_000);
        expect(parseAddress(`#${printed}`)).toEqual(value);
      }),
      { numRuns: 50 },
    );
  }, 30_000);
});

describe('parseAddress', () => {
  test('leaves out what an address does not state', () => {
    expect(parseAddress('#m=demo:bank')).toEqual({
      models: [{ kind: 'demo', name: 'bank' }],
      prompts: [undefined],
      weights: undefined,
      alpha: undefined,
      runAs: undefined,
      shardBytes: 5e9,
    });
  });

  test('states the largest file only where it is not the default', () => {
    expect(printAddress({ ...state, shardBytes: 5e9 })).not.toContain('shard');
    expect(printAddress({ ...state, shardBytes: undefined })).toMatch(/&shard=none$/);
  });

  test.each([
    ['what is huge', `${fragment}&x=${'x'.repeat(20_000)}`],
    ['an unknown field', `${fragment}&x=1`],
    ['a token', `${fragment}&token=hf_x`],
    ['a field twice', `${fragment}&t=1`],
    ['a broken escape', `${fragment}&q1=%`],
    ['17 models', Array.from({ length: 17 }, () => 'm=demo:bank').join('&')],
    ['an id that climbs', `m=../x@${commit}`],
    ['an address for an id', `m=https://evil.example/x@${commit}`],
    ['a branch for a commit', 'm=kitchen/a@main'],
    ['a model beside none', 'm=none&m=demo:bank'],
    ['a path of this computer', 'm=local:/home/me'],
    ['a weight too many', 'm=demo:bank&w=0.5,0.5'],
    ['a fine-tuned model that is not there', 'm=demo:bank&w=alpha,2,0.5'],
    ['an alpha that is no number', 'm=demo:bank&w=alpha,1,much'],
    ['alpha without a model', 'm=demo:bank&w=alpha'],
    ['an infinite weight', 'm=demo:bank&w=1e999'],
    ['a weight that is no number', 'm=demo:bank&w=x'],
    ['a temperature that is no number', 'm=demo:bank&t=warm'],
    ['another loss', 'm=demo:bank&loss=best'],
    ['half of the reference’s settings', 'm=demo:bank&loss=reference,2'],
    ['another dtype', 'm=demo:bank&dtype=F8'],
    ['a size that is no number', 'm=demo:bank&shard=5GB'],
    ['prompts of a model that is not there', 'm=demo:bank&q2=x'],
    ['prompts of model 0', 'm=demo:bank&q0=x'],
  ])('refuses %s', (_, text) => {
    expect(refusal(text)).toBe('address-unreadable');
  });

  test('throws nothing but known errors, whatever the fragment', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(['accepted', 'address-unreadable']).toContain(refusal(`m=demo:bank&${text}`));
      }),
    );
  });
});

describe('isAddress', () => {
  test.each([
    ['#m=none', true],
    [`#${fragment}`, true],
    ['#recipe=1', false],
    ['#main', false],
    ['', false],
  ])('of %s is %s', (text, is) => {
    expect(isAddress(text)).toBe(is);
  });
});
