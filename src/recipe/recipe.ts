/**
 * What a recipe is: everything that a mixture's bytes depend on, and, told apart under `reader`, what is only good to
 * know. Its JSON lies beside the model as recipe.json; `link.ts` prints it into an address.
 *
 *   version … prompts   what the bytes depend on: replaying takes these and nothing else
 *   reader              where the weights came from, and the hashes to compare a replay with
 *
 * The examples are private text: only their number and their hash are here.
 */
import * as v from 'valibot';
import { shardBytesMin } from '../safetensors/split.ts';
import { isDemoName, isHubModel } from './model-text.ts';

/** Another number is another meaning, which this code does not know. */
export const recipeVersion = 1;

/** As many as are compared, see model/compare.ts. */
export const modelLimit = 16;

/** No model's own prompt is near this; a stranger's file shall not fill the page. */
const promptLength = 20_000;
/** A path of the file system is seldom longer. */
const nameLength = 1024;

function hex(digits: number) {
  return v.pipe(v.string(), v.regex(new RegExp(`^[0-9a-f]{${digits}}$`), `${digits} digits of 0-9 and a-f`));
}

function isPlainPath(path: string): boolean {
  return path.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
}

const path = v.pipe(
  v.string(),
  v.minLength(1),
  v.maxLength(nameLength),
  v.check(isPlainPath, 'a path inside the folder'),
);
const bytes = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const finite = v.pipe(v.number(), v.finite());
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const prompt = v.pipe(v.string(), v.maxLength(promptLength));

const hubModel = v.pipe(
  v.strictObject({ kind: v.literal('hub'), id: v.string(), revision: v.string(), commit: hex(40) }),
  v.check((model) => isHubModel(model), 'an id and a revision of the Hub'),
  v.readonly(),
);

const demoModel = v.pipe(
  v.strictObject({
    kind: v.literal('demo'),
    name: v.pipe(v.string(), v.check(isDemoName, 'the name of an embedded model')),
    /** Of its checkpoint; empty where they are not stated (links). */
    files: v.pipe(
      v.array(v.pipe(v.strictObject({ path, bytes, sha256: hex(64) }), v.readonly())),
      v.maxLength(nameLength),
      v.readonly(),
    ),
  }),
  v.readonly(),
);

const localModel = v.pipe(
  v.strictObject({
    kind: v.literal('local'),
    name: v.pipe(v.string(), v.minLength(1), v.maxLength(nameLength)),
    /** Of its checkpoint, which these tell from any other. */
    files: v.pipe(
      v.array(v.pipe(v.strictObject({ path, bytes, sha256: v.exactOptional(hex(64)) }), v.readonly())),
      v.minLength(1),
      v.maxLength(nameLength),
      v.readonly(),
    ),
  }),
  v.readonly(),
);

const scoring = v.pipe(
  v.strictObject({
    /** What the models were run as; embedding models where it is absent. */
    task: v.exactOptional(v.picklist(['reranker', 'decoder', 'encoder-decoder'])),
    definition: v.picklist(['own', 'reference']),
    /** The reference's definition depends on these. */
    settings: v.exactOptional(
      v.pipe(v.strictObject({ batchSize: count, maxInputTokens: count, negativeCount: count }), v.readonly()),
    ),
    temperature: finite,
    /** (models,) nats. */
    losses: v.pipe(v.array(finite), v.maxLength(modelLimit), v.readonly()),
    exampleCount: count,
    /** Of the examples as JSON Lines. */
    examplesSha256: hex(64),
  }),
  v.check(
    ({ task, definition }) => task !== 'reranker' || definition === 'own',
    'the reference cannot score rerankers',
  ),
  v.readonly(),
);

const alpha = v.pipe(
  v.strictObject({
    /** Index of the fine-tuned model. */
    tuned: v.pipe(count, v.maxValue(modelLimit - 1)),
    /** Its share; the others have the rest, by the losses where there are several. */
    alpha: v.pipe(finite, v.minValue(0), v.maxValue(1)),
  }),
  v.readonly(),
);

const output = v.pipe(
  v.strictObject({
    name: v.pipe(v.string(), v.maxLength(nameLength)),
    files: v.pipe(
      v.array(v.pipe(v.strictObject({ path, sha256: hex(64) }), v.readonly())),
      v.maxLength(nameLength),
      v.readonly(),
    ),
  }),
  v.readonly(),
);

export const recipeSchema = v.pipe(
  v.strictObject({
    version: v.literal(recipeVersion),
    models: v.pipe(
      v.array(v.variant('kind', [hubModel, demoModel, localModel])),
      v.minLength(1),
      v.maxLength(modelLimit),
      v.readonly(),
    ),
    /** (models,) float32 values, as their shortest decimals. */
    weights: v.pipe(v.array(finite), v.maxLength(modelLimit), v.readonly()),
    method: v.literal('linear'),
    /** What is asked for; `as-model-1` is each tensor's own dtype in the first model. */
    dtype: v.picklist(['F32', 'F16', 'BF16', 'as-model-1']),
    /** Most bytes of values in one file of the checkpoint. Absent where it is one file: then nothing depends on it. */
    shardBytes: v.exactOptional(v.pipe(v.number(), v.safeInteger(), v.minValue(shardBytesMin))),
    /** The first model's, as edited: they are written beside the mixture. */
    prompts: v.pipe(v.strictObject({ query: prompt, document: prompt }), v.readonly()),
    reader: v.exactOptional(
      v.pipe(
        v.strictObject({
          scoring: v.exactOptional(scoring),
          alpha: v.exactOptional(alpha),
          output: v.exactOptional(output),
        }),
        v.readonly(),
      ),
    ),
  }),
  v.readonly(),
);

export type Recipe = v.InferOutput<typeof recipeSchema>;
export type RecipeModel = Recipe['models'][number];
export type RecipeOutput = NonNullable<NonNullable<Recipe['reader']>['output']>;
