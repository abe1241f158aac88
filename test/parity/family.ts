/** A folder laid out as the golden families: one folder a model, and `expected.json`, what the reference computed. */
import { existsSync, readFileSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { basename, join, relative, sep } from 'node:path';
import * as v from 'valibot';
import type { ExampleSet, ModelInput } from '../../src/pipeline.ts';

const example = v.object({ query: v.string(), pos: v.array(v.string()), neg: v.array(v.string()) });
const completion = v.object({ input: v.string(), output: v.string() });
const rows = v.array(v.array(v.number()));
const hashes = v.record(v.string(), v.object({ shape: v.array(v.number()), sha256: v.string() }));
const pairs = v.array(v.pipe(v.tuple([v.string(), v.string()]), v.readonly()));

const expectedSchema = v.object({
  family: v.string(),
  modelType: v.picklist(['encoder', 'decoder', 'encoder-decoder', 'reranker']),
  models: v.array(v.string()),
  /** In `examples.json` where they are not here. */
  examples: v.optional(v.array(v.unknown())),
  fewShot: v.nullish(
    v.array(
      v.object({
        batchSize: v.number(),
        temperature: v.number(),
        maxInputLength: v.number(),
        negNumber: v.optional(v.number(), 0),
        losses: v.array(v.number()),
        weights: v.array(v.number()),
      }),
    ),
    [],
  ),
  own: v.nullish(
    v.object({
      losses: v.array(v.number()),
      weights: v.array(v.object({ temperature: v.number(), weights: v.array(v.number()) })),
    }),
  ),
  merge: v.object({
    weights: v.array(v.number()),
    tensors: hashes,
    /** Of Dense modules, by folder; the reference itself leaves them behind. */
    modules: v.optional(v.record(v.string(), hashes), {}),
  }),
  outputs: v.object({
    pooling: v.nullish(v.string()),
    texts: v.nullish(v.array(v.unknown()), []),
    byModel: v.record(v.string(), v.unknown()),
  }),
  /** Nats per scored token of each model on rows of each kind. */
  perplexity: v.optional(
    v.array(
      v.object({
        task: v.string(),
        rows: v.array(completion),
        natsPerToken: v.record(v.string(), v.number()),
      }),
    ),
  ),
  tokens: v.array(v.object({ text: v.string(), ids: v.array(v.number()) })),
});

export type Expected = v.InferOutput<typeof expectedSchema>;

export interface Family {
  readonly name: string;
  readonly folder: string;
  readonly expected: Expected;
  /** Paths inside each model's folder, in the order of `expected.models`. */
  readonly files: readonly { readonly model: string; readonly paths: readonly string[] }[];
  readonly parameterCount: number;
}

/**
 * The families' folders in `folder`: itself when it has an `expected.json`, else its subfolders that are families.
 * A family whose files are missing is one too, so that it is not passed over in silence. Links are followed.
 */
export function findFamilies(folder: string): readonly string[] {
  if (isFile(join(folder, 'expected.json'))) return [folder];
  return listFolder(folder)
    .map((name) => join(folder, name))
    .filter(isFamily);
}

/** It has the files of one or the folders of models, or it is a link that leads nowhere. */
function isFamily(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return true;
  if (!found.isDirectory()) return false;
  return listFolder(path).some(
    (name) => ['expected.json', 'examples.json'].includes(name) || isFile(join(path, name, 'config.json')),
  );
}

/** Throws when a file that the family needs is not there or is not what it has to be. */
export function readFamily(folder: string): Family {
  const text = readFileSync(join(folder, 'expected.json'), 'utf8');
  const expected = v.parse(expectedSchema, JSON.parse(text));
  const files = expected.models.map((model) => ({ model, paths: [...walk(join(folder, model))] }));
  const shapes = Object.values(expected.merge.tensors).map(({ shape }) => shape);
  const parameterCount = shapes.reduce((sum, shape) => sum + shape.reduce((n, size) => n * size, 1), 0);
  return { name: basename(folder), folder, expected, files, parameterCount };
}

/** The examples, of whichever kind the family's models are scored on. */
export function examplesOf({ expected, folder }: Family): ExampleSet {
  const beside = (): unknown => JSON.parse(readFileSync(join(folder, 'examples.json'), 'utf8'));
  const stated = expected.examples ?? beside();
  if (expected.modelType === 'decoder' || expected.modelType === 'encoder-decoder') {
    return { kind: 'completion', examples: v.parse(v.array(completion), stated) };
  }
  const examples = v.parse(v.array(example), stated);
  return {
    kind: 'contrastive',
    examples: examples.map(({ query, pos, neg }) => ({ query, positives: pos, negatives: neg })),
  };
}

/** The inputs of the outputs: texts of an encoder, pairs of the others. */
export function outputInputs({ outputs, modelType }: Expected): readonly ModelInput[] {
  return modelType === 'encoder'
    ? v.parse(v.array(v.string()), outputs.texts)
    : v.parse(pairs, outputs.texts);
}

/** One model's outputs, (texts, dim) embeddings, scores or next logits. */
export function outputRows({ outputs, modelType }: Expected, model: string): readonly (readonly number[])[] {
  const found = outputs.byModel[model];
  if (modelType !== 'decoder') return v.parse(rows, found);
  const one = v.object({ lastLogits: v.array(v.number()) });
  return Array.isArray(found)
    ? v.parse(v.array(one), found).map(({ lastLogits }) => lastLogits)
    : [v.parse(one, found).lastLogits];
}

/** One encoder-decoder's losses of the outputs' pairs. */
export function outputLosses({ outputs }: Expected, model: string): readonly number[] {
  const found = outputs.byModel[model];
  const one = v.object({ loss: v.number() });
  return (Array.isArray(found) ? v.parse(v.array(one), found) : [v.parse(one, found)]).map(
    ({ loss }) => loss,
  );
}

/** Paths of files below `folder`. Follows links, but not one that leads back to a folder it came through. */
function* walk(folder: string, inside = folder, through: readonly string[] = []): Generator<string> {
  const here = realpathSync(inside);
  if (through.includes(here)) return;
  for (const name of listFolder(inside)) {
    const path = join(inside, name);
    const found = statSync(path, { throwIfNoEntry: false });
    if (found?.isDirectory()) yield* walk(folder, path, [...through, here]);
    else if (found?.isFile()) yield relative(folder, path).split(sep).join('/');
  }
}

/** Names in order, hidden ones left out: what version control and downloads keep there may be large. */
function listFolder(folder: string): readonly string[] {
  return readdirSync(folder)
    .filter((name) => !name.startsWith('.'))
    .sort();
}

function isFile(path: string): boolean {
  return existsSync(path) && statSync(path).isFile();
}
