import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { KnownError } from '../../src/errors.ts';
import { parseRecipe, recipeLimitBytes } from '../../src/recipe/parse.ts';
import { printRecipe } from '../../src/recipe/print.ts';
import type { Recipe } from '../../src/recipe/recipe.ts';
import { demoModel, hubModel, localModel, recipeOf } from './recipes.ts';

const hub = { kind: 'hub', id: 'kitchen/a', revision: 'main', commit: 'a'.repeat(40) } as const;
const sha256 = 'b'.repeat(64);
const recipe: Recipe = {
  version: 1,
  models: [hub, { ...hub, id: 'kitchen/b' }],
  weights: [0.7, 0.3],
  method: 'linear',
  dtype: 'F32',
  prompts: { query: 'query: ', document: '' },
  reader: { output: { name: 'mix-of-a-b', files: [{ path: 'model.safetensors', sha256 }] } },
};

/** The code and facts that parsing this text throws. */
function refusal(text: string): unknown {
  try {
    parseRecipe(text, 'recipe.json');
  } catch (error) {
    if (error instanceof KnownError) return { code: error.code, facts: error.facts };
    throw error;
  }
  return 'accepted';
}

function print(changes: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ ...recipe, ...changes });
}

describe('printRecipe', () => {
  test('tells what the bytes depend on from what is for the reader, in one order', () => {
    expect(Object.keys(JSON.parse(printRecipe(recipe)) as object)).toEqual([
      ...['version', 'models', 'weights', 'method', 'dtype', 'prompts', 'reader'],
    ]);
    const { reader, ...bytes } = recipe;
    expect(printRecipe({ reader: reader!, ...bytes })).toBe(printRecipe(recipe));
  });

  test('says how large files may be beside what values are stored as, where it was asked', () => {
    const keys = Object.keys(JSON.parse(printRecipe({ ...recipe, shardBytes: 2e9 })) as object);
    expect(keys.slice(4, 7)).toEqual(['dtype', 'shardBytes', 'prompts']);
    expect(printRecipe(recipe)).not.toContain('shardBytes');
  });

  test('is undone by parseRecipe', () => {
    fc.assert(
      fc.property(recipeOf(fc.oneof(hubModel, demoModel, localModel)), (any) => {
        expect(parseRecipe(printRecipe(any), 'recipe.json')).toEqual(any);
      }),
      { numRuns: 50 },
    );
  }, 30_000);

  test('prints what it has read as it was written', () => {
    const text = printRecipe(recipe);
    expect(printRecipe(parseRecipe(text, 'recipe.json'))).toBe(text);
  });
});

describe('parseRecipe', () => {
  const local = { kind: 'local', name: 'mine', files: [{ path: 'model.safetensors', bytes: 1 }] };
  const models = (...list: unknown[]) => print({ models: list, weights: list.map(() => 1 / list.length) });
  const long = JSON.stringify({ ...recipe, prompts: { query: 'q'.repeat(recipeLimitBytes), document: '' } });

  test.each<[what: string, text: string, code: string, fact: string]>([
    ['nothing', '', 'recipe-unreadable', 'Unexpected end'],
    ['what is no JSON', '{', 'recipe-unreadable', ''],
    ['a list', '[]', 'recipe-unreadable', 'not an object'],
    ['null', 'null', 'recipe-unreadable', 'not an object'],
    ['what is huge', long, 'file-too-large', String(recipeLimitBytes)],
    ['what is deep', `${'['.repeat(100_000)}${']'.repeat(100_000)}`, 'recipe-unreadable', ''],
    [
      'a deep field',
      print({ prompts: JSON.parse('['.repeat(999) + ']'.repeat(999)) }),
      'recipe-unreadable',
      'prompts',
    ],
    ['no version', print({ version: undefined }), 'recipe-unreadable', 'no version'],
    ['a file too small', print({ shardBytes: 999_999 }), 'recipe-unreadable', 'shardBytes'],
    ['a part of a byte', print({ shardBytes: 2e9 + 0.5 }), 'recipe-unreadable', 'shardBytes'],
    ['an absent size', print({ shardBytes: null }), 'recipe-unreadable', 'shardBytes'],
    ['a later version', print({ version: 2, surprise: [] }), 'recipe-version-unknown', '2'],
    ['a version in quotes', print({ version: '1' }), 'recipe-version-unknown', '1'],
    ['another method', print({ method: 'slerp' }), 'recipe-method-unknown', 'slerp'],
    ['no method', print({ method: undefined }), 'recipe-unreadable', 'method'],
    ['an unknown field', print({ surprise: 1 }), 'recipe-field-unknown', 'surprise'],
    [
      'an unknown field within',
      print({ prompts: { query: '', document: '', x: 1 } }),
      'recipe-field-unknown',
      'prompts.x',
    ],
    [
      'a field called __proto__',
      `{"__proto__": {}, ${print({}).slice(1)}`,
      'recipe-field-unknown',
      '__proto__',
    ],
    ['a field called constructor', print({ constructor: 1 }), 'recipe-field-unknown', 'constructor'],
    ['a field called toString', print({ toString: 1 }), 'recipe-field-unknown', 'toString'],
    ['an unknown dtype', print({ dtype: 'F8' }), 'recipe-unreadable', 'dtype'],
    ['one model', models(hub), 'models-too-few', '1'],
    ['17 models', models(...Array.from({ length: 17 }, () => hub)), 'models-too-many', '17'],
    ['models that are no list', print({ models: { length: 2 } }), 'recipe-unreadable', 'models'],
    ['a model of no kind', models(hub, { id: 'a' }), 'recipe-unreadable', 'models.1'],
    ['an id that climbs', models(hub, { ...hub, id: '../../etc' }), 'recipe-unreadable', 'models.1'],
    [
      'an id that is an address',
      models(hub, { ...hub, id: 'https://evil.example/a' }),
      'recipe-unreadable',
      'models.1',
    ],
    ['an id with a question mark', models(hub, { ...hub, id: 'a/b?x=1' }), 'recipe-unreadable', 'models.1'],
    ['an id in quotes', models(hub, { ...hub, id: '"a/b"' }), 'recipe-unreadable', 'models.1'],
    ['the id of a data set', models(hub, { ...hub, id: 'datasets/a' }), 'recipe-unreadable', 'models.1'],
    ['a revision that climbs', models(hub, { ...hub, revision: '../x' }), 'recipe-unreadable', 'models.1'],
    [
      'a branch for a commit',
      models(hub, { ...hub, commit: 'main' }),
      'recipe-unreadable',
      'models.1.commit',
    ],
    [
      'a commit that climbs',
      models(hub, { ...hub, commit: `${'a'.repeat(37)}/..` }),
      'recipe-unreadable',
      'models.1.commit',
    ],
    [
      'an embedded model elsewhere',
      models(hub, { kind: 'demo', name: '../x', files: [] }),
      'recipe-unreadable',
      'models.1.name',
    ],
    [
      'a path that climbs',
      models(hub, { ...local, files: [{ path: 'a/../../b', bytes: 1 }] }),
      'recipe-unreadable',
      'models.1.files.0.path',
    ],
    [
      'a negative size',
      models(hub, { ...local, files: [{ path: 'a', bytes: -1 }] }),
      'recipe-unreadable',
      'models.1.files.0.bytes',
    ],
    ['a model without files', models(hub, { ...local, files: [] }), 'recipe-unreadable', 'models.1.files'],
    [
      'a short hash',
      models(hub, { ...local, files: [{ path: 'a', bytes: 1, sha256: 'ab' }] }),
      'recipe-unreadable',
      'models.1.files.0.sha256',
    ],
    ['NaN', print({}).replace('0.7', 'NaN'), 'recipe-unreadable', ''],
    ['an infinite weight', print({}).replace('0.7', '1e999'), 'recipe-unreadable', 'weights.0'],
    [
      'a weight beyond float32',
      print({ models: [hub, hub, hub], weights: [1e39, -1e39, 1] }),
      'recipe-weights-invalid',
      'Infinity',
    ],
    ['a weight in quotes', print({ weights: ['0.7', 0.3] }), 'recipe-unreadable', 'weights.0'],
    ['null for a weight', print({ weights: [null, 1] }), 'recipe-unreadable', 'weights.0'],
    ['weights that do not sum to 1', print({ weights: [0.7, 0.7] }), 'recipe-weights-invalid', '1.4'],
    ['a weight too few', print({ weights: [1] }), 'recipe-weights-invalid', '1 ≠ 2'],
    [
      'a prompt that is no text',
      print({ prompts: { query: 1, document: '' } }),
      'recipe-unreadable',
      'prompts.query',
    ],
    [
      'losses of other models',
      print({
        reader: {
          scoring: {
            definition: 'own',
            temperature: 1,
            losses: [1],
            exampleCount: 1,
            examplesSha256: sha256,
          },
        },
      }),
      'recipe-unreadable',
      'losses',
    ],
    ['an alpha of 2', print({ reader: { alpha: { tuned: 1, alpha: 2 } } }), 'recipe-unreadable', 'alpha'],
    [
      'alpha of a model that is not there',
      print({ reader: { alpha: { tuned: 2, alpha: 0.5 } } }),
      'recipe-unreadable',
      'reader.alpha.tuned: 2 ≥ 2',
    ],
    [
      'losses of rerankers by the reference, which cannot score them',
      print({
        reader: {
          scoring: {
            ...{ task: 'reranker', definition: 'reference', temperature: 1, losses: [1, 1] },
            ...{ exampleCount: 5, examplesSha256: sha256 },
          },
        },
      }),
      'recipe-unreadable',
      'reader.scoring: the reference cannot score rerankers',
    ],
    ['examples', print({ reader: { examples: ['private'] } }), 'recipe-field-unknown', 'reader.examples'],
  ])('refuses %s', (_, text, code, fact) => {
    const refused = refusal(text);
    expect(refused).toMatchObject({ code });
    expect(JSON.stringify(refused)).toContain(fact);
    // a sentence, not a page
    expect(JSON.stringify(refused).length).toBeLessThan(400);
  });

  test('gives no object a prototype that the text asks for', () => {
    const text = print({ prompts: { query: '', document: '' } }).replace(
      '"query"',
      '"__proto__":{"x":1},"query"',
    );
    expect(refusal(text)).toMatchObject({
      code: 'recipe-field-unknown',
      facts: { field: 'prompts.__proto__' },
    });
    expect('x' in {}).toBe(false);
  });

  test('throws nothing but known errors, whatever the text', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.json(),
          fc.string(),
          fc.object().map((o) => print(o as never)),
        ),
        (text) => {
          expect(['accepted', expect.any(Object)]).toContainEqual(refusal(text));
        },
      ),
    );
  }, 30_000);
});
