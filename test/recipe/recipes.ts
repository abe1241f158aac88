/** Any recipe that a page could have written, for properties. */
import fc from 'fast-check';
import type { Recipe, RecipeModel } from '../../src/recipe/recipe.ts';

const hexOf = (digits: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: digits, maxLength: digits });
const name = fc
  .stringMatching(/^[A-Za-z0-9]([\w.]{0,20}[A-Za-z0-9])?$/)
  .filter((text) => !text.includes('..'));
/** Text without halves of pairs, which no link can carry. */
const text = fc.string({ unit: 'grapheme', maxLength: 40 });
const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
const bytes = fc.nat();

export const hubModel: fc.Arbitrary<RecipeModel> = fc.record({
  kind: fc.constant('hub' as const),
  // not a place of the Hub itself, such as `docs`
  id: fc.tuple(name, name).map(([owner, own]) => `o${owner}/${own}`),
  revision: fc.constantFrom('main', 'v1.0', 'refs/pr/3', 'a-b_c'),
  commit: hexOf(40),
});

export const demoModel: fc.Arbitrary<RecipeModel> = fc.record({
  kind: fc.constant('demo' as const),
  name: fc.stringMatching(/^[a-z0-9][a-z0-9_-]{0,20}$/),
  files: fc.array(fc.record({ path, bytes, sha256: hexOf(64) }), { maxLength: 2 }),
});

export const localModel: fc.Arbitrary<RecipeModel> = fc.record({
  kind: fc.constant('local' as const),
  name: fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }),
  files: fc.array(fc.record({ path, bytes, sha256: hexOf(64) }, { requiredKeys: ['path', 'bytes'] }), {
    minLength: 1,
    maxLength: 3,
  }),
});

/** The last weight makes the sum 1; negative ones and tiny ones are among them. */
function weightsOf(count: number): fc.Arbitrary<readonly number[]> {
  const weight = fc.float({ min: -1, max: 1, noNaN: true }).map((value) => value + 0);
  return fc.array(weight, { minLength: count - 1, maxLength: count - 1 }).map((first) => {
    const last = Math.fround(1 - first.reduce((sum, value) => sum + value, 0));
    return [...first, last];
  });
}

export function recipeOf(model: fc.Arbitrary<RecipeModel>): fc.Arbitrary<Recipe> {
  return fc.array(model, { minLength: 2, maxLength: 16 }).chain((models) =>
    fc.record(
      {
        version: fc.constant(1 as const),
        models: fc.constant(models),
        weights: weightsOf(models.length),
        method: fc.constant('linear' as const),
        dtype: fc.constantFrom('F32', 'F16', 'BF16', 'as-model-1'),
        shardBytes: fc.integer({ min: 1e6, max: Number.MAX_SAFE_INTEGER }),
        prompts: fc.record({ query: text, document: text }),
        reader: fc.record(
          {
            scoring: fc
              .record(
                {
                  task: fc.constantFrom('reranker', 'decoder', 'encoder-decoder'),
                  definition: fc.constantFrom('own', 'reference'),
                  settings: fc.record({
                    batchSize: fc.nat(),
                    maxInputTokens: fc.nat(),
                    negativeCount: fc.nat(),
                  }),
                  temperature: fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
                  losses: fc.array(
                    fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
                    { minLength: models.length, maxLength: models.length },
                  ),
                  exampleCount: fc.nat(),
                  examplesSha256: hexOf(64),
                },
                { requiredKeys: ['definition', 'temperature', 'losses', 'exampleCount', 'examplesSha256'] },
              )
              // which the reference cannot score
              .filter(({ task, definition }) => task !== 'reranker' || definition === 'own'),
            alpha: fc.record({
              tuned: fc.nat(models.length - 1),
              alpha: fc.double({ min: 0, max: 1, noNaN: true }).map((value) => value + 0),
            }),
            output: fc.record({
              name,
              files: fc.array(fc.record({ path, sha256: hexOf(64) }), { maxLength: 4 }),
            }),
          },
          { requiredKeys: [] },
        ),
      },
      { requiredKeys: ['version', 'models', 'weights', 'method', 'dtype', 'prompts', 'reader'] },
    ),
  );
}
