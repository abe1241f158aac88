import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { KnownError } from '../../src/errors.ts';
import { isLink, linkLimit, parseLink, printLink } from '../../src/recipe/link.ts';
import type { Recipe } from '../../src/recipe/recipe.ts';
import { demoModel, hubModel, recipeOf } from './recipes.ts';

const commit = 'a'.repeat(40);
const sha256 = 'b'.repeat(64);
const recipe: Recipe = {
  version: 1,
  models: [
    { kind: 'hub', id: 'kitchen/a', revision: 'main', commit },
    { kind: 'hub', id: 'kitchen/b', revision: 'refs/pr/1', commit },
    { kind: 'demo', name: 'bank', files: [] },
  ],
  weights: [0.5, 0.25, 0.25],
  method: 'linear',
  dtype: 'F16',
  prompts: { query: 'q & a: ', document: '' },
  reader: { output: { name: 'mix', files: [{ path: 'model.safetensors', sha256 }] } },
};
const fragment = `recipe=1&m=kitchen/a@${commit}&m=kitchen/b@${commit}:refs/pr/1&m=demo:bank&w=0.5,0.25,0.25&method=linear&dtype=F16&q=q%20%26%20a:%20&name=mix&sha256=${sha256}`;

function refusal(text: string): unknown {
  try {
    parseLink(text);
  } catch (error) {
    if (error instanceof KnownError) return { code: error.code, facts: error.facts };
    throw error;
  }
  return 'accepted';
}

describe('printLink', () => {
  test('is a fragment that a person can read', () => {
    expect(printLink(recipe)).toEqual({ at: 'made', fragment });
  });

  test('names the hashes of all files of a checkpoint in shards, in their order', () => {
    const other = 'c'.repeat(64);
    const files = [
      { path: 'config.json', sha256: other },
      { path: 'model-00002-of-00002.safetensors', sha256: other },
      { path: 'model-00001-of-00002.safetensors', sha256 },
      { path: 'model.safetensors.index.json', sha256: other },
    ];
    const link = printLink({ ...recipe, shardBytes: 2e9, reader: { output: { name: 'mix', files } } });
    const sharded = fragment
      .replace('&dtype=F16', '&dtype=F16&shard=2000000000')
      .replace(sha256, `${sha256},${other}`);
    expect(link).toEqual({ at: 'made', fragment: sharded });
    expect(parseLink(sharded)).toMatchObject({
      shardBytes: 2e9,
      reader: { output: { name: 'mix', files: [files[2], files[1]] } },
    });
  });

  test('is undone by parseLink, but for what is for the reader', () => {
    fc.assert(
      fc.property(recipeOf(fc.oneof(hubModel, demoModel)), (any) => {
        const link = printLink(any);
        fc.pre(link.at === 'made');
        const bare = any.models.map((model) => (model.kind === 'demo' ? { ...model, files: [] } : model));
        const { reader, ...back } = parseLink(`#${link.fragment}`);
        // a revision that is the commit itself comes back as the default
        expect({ ...back, reader: any.reader }).toEqual({ reader: undefined, ...any, models: bare });
        const stated = any.reader?.output?.files.find(({ path }) => path === 'model.safetensors');
        expect(reader?.output?.files[0]?.sha256).toBe(stated?.sha256);
      }),
      { numRuns: 50 },
    );
  }, 30_000);

  test('is not made for models that only this computer has', () => {
    const files = [{ path: 'model.safetensors', bytes: 1, sha256 }];
    const models = [...recipe.models, { kind: 'local' as const, name: 'secret-project', files }];
    expect(printLink({ ...recipe, models })).toEqual({ at: 'local', names: ['secret-project'] });
  });

  test('is not made longer than programs pass on', () => {
    const long = { ...recipe, prompts: { query: '为'.repeat(2000), document: '' } };
    expect(printLink(long)).toMatchObject({ at: 'long' });
  });

  test('fits 16 models with the longest ids and random commits', () => {
    const id = `${'o'.repeat(96)}/${'n'.repeat(96)}`;
    const models = Array.from({ length: 16 }, () => ({ kind: 'hub', id, revision: 'main', commit }) as const);
    const weights = models.map(() => 0.0625);
    const link = printLink({ ...recipe, models, weights });
    expect(link.at === 'made' && link.fragment.length).toBeLessThan(5_000);
  });
});

describe('parseLink', () => {
  test.each<[what: string, text: string, code: string, fact: string]>([
    ['what is huge', `${fragment}&q=${'x'.repeat(linkLimit)}`, 'recipe-link-too-long', ''],
    ['a broken escape', fragment.replace('%20', '%2'), 'recipe-unreadable', ''],
    ['a later version', fragment.replace('recipe=1', 'recipe=2'), 'recipe-version-unknown', '2'],
    ['another method', fragment.replace('linear', 'ties'), 'recipe-method-unknown', 'ties'],
    ['an unknown field', `${fragment}&x=1`, 'recipe-field-unknown', 'x'],
    ['a field called __proto__', `${fragment}&__proto__=1`, 'recipe-field-unknown', '__proto__'],
    ['a field twice', `${fragment}&dtype=F32`, 'recipe-unreadable', 'dtype comes twice'],
    ['a model of another computer', fragment.replace('demo:bank', 'local'), 'recipe-unreadable', 'local'],
    ['a path for an embedded model', fragment.replace('demo:bank', 'demo:../x'), 'recipe-unreadable', '../x'],
    [
      'an address for an id',
      fragment.replace('kitchen/a@', 'https://evil.example/@'),
      'recipe-unreadable',
      'evil',
    ],
    ['an id that climbs', fragment.replace('kitchen/a@', 'a/../b@'), 'recipe-unreadable', 'a/../b'],
    ['a branch for a commit', fragment.replace(`a@${commit}`, 'a@main'), 'recipe-unreadable', 'main'],
    ['a revision that climbs', fragment.replace('refs/pr/1', 'x/../../y'), 'recipe-unreadable', 'x/../../y'],
    ['17 models', fragment.replace('m=demo', `${'m=demo:bank&'.repeat(14)}m=demo`), 'models-too-many', '17'],
    ['one model', `recipe=1&m=demo:bank&w=1&method=linear&dtype=F32`, 'models-too-few', '1'],
    ['no weights', fragment.replace('w=0.5,0.25,0.25&', ''), 'recipe-unreadable', 'weights'],
    ['NaN', fragment.replace('0.5,', 'NaN,'), 'recipe-unreadable', 'weights.0'],
    ['an infinite weight', fragment.replace('0.5,', 'Infinity,'), 'recipe-unreadable', 'weights.0'],
    ['a hexadecimal weight', fragment.replace('0.5,', '0x1,'), 'recipe-unreadable', 'weights.0'],
    ['an empty weight', fragment.replace('0.5,', ','), 'recipe-unreadable', 'weights.0'],
    ['weights that do not sum to 1', fragment.replace('0.5,', '0.9,'), 'recipe-weights-invalid', '1.4'],
    ['a file too small', fragment.replace('&q=', '&shard=999999&q='), 'recipe-unreadable', 'shardBytes'],
    ['a size in words', fragment.replace('&q=', '&shard=2GB&q='), 'recipe-unreadable', 'shardBytes'],
    ['a hash that is missing', `${fragment},`, 'recipe-unreadable', 'sha256'],
    ['a hash that is none', fragment.replace(sha256, 'zz'), 'recipe-unreadable', 'sha256'],
  ])('refuses %s', (_, text, code, fact) => {
    const refused = refusal(text);
    expect(refused).toMatchObject({ code });
    expect(JSON.stringify(refused)).toContain(fact);
  });

  test('throws nothing but known errors, whatever the fragment', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(['accepted', expect.any(Object)]).toContainEqual(refusal(`recipe=1&${text}`));
      }),
    );
  });
});

describe('isLink', () => {
  test.each([
    [`#${fragment}`, true],
    [fragment, true],
    ['#recipe=', true],
    ['#m=none', false],
    ['', false],
    ['#recipes', false],
  ])('of %s is %s', (text, is) => {
    expect(isLink(text)).toBe(is);
  });
});
