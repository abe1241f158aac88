/** A folder laid out as the golden families: one folder a model, and `expected.json`, what the reference computed. */
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { basename, join, relative, sep } from 'node:path';
import * as v from 'valibot';

const example = v.object({ query: v.string(), pos: v.array(v.string()), neg: v.array(v.string()) });
const rows = v.array(v.array(v.number()));

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
    tensors: v.record(v.string(), v.object({ shape: v.array(v.number()), sha256: v.string() })),
  }),
  outputs: v.object({
    pooling: v.nullish(v.string()),
    texts: v.nullish(v.array(v.unknown()), []),
    byModel: v.record(v.string(), v.unknown()),
  }),
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

/** The families in `folder`: itself when it has an `expected.json`, else its subfolders that have one. Links are followed. */
export function findFamilies(folder: string): readonly Family[] {
  if (isFile(join(folder, 'expected.json'))) return [readFamily(folder)];
  return readdirSync(folder)
    .sort()
    .map((name) => join(folder, name))
    .filter((path) => isFile(join(path, 'expected.json')))
    .map(readFamily);
}

function readFamily(folder: string): Family {
  const text = readFileSync(join(folder, 'expected.json'), 'utf8');
  const expected = v.parse(expectedSchema, JSON.parse(text));
  const files = expected.models.map((model) => ({ model, paths: [...walk(join(folder, model))] }));
  const shapes = Object.values(expected.merge.tensors).map(({ shape }) => shape);
  const parameterCount = shapes.reduce((sum, shape) => sum + shape.reduce((n, size) => n * size, 1), 0);
  return { name: basename(folder), folder, expected, files, parameterCount };
}

/** The examples of an encoder. */
export function encoderExamples({ expected, folder }: Family): readonly v.InferOutput<typeof example>[] {
  const beside = (): unknown => JSON.parse(readFileSync(join(folder, 'examples.json'), 'utf8'));
  return v.parse(v.array(example), expected.examples ?? beside());
}

/** The texts of an encoder's outputs. */
export function outputTexts({ outputs }: Expected): readonly string[] {
  return v.parse(v.array(v.string()), outputs.texts);
}

/** One model's embeddings, (texts, dim). */
export function outputRows({ outputs }: Expected, model: string): readonly (readonly number[])[] {
  return v.parse(rows, outputs.byModel[model]);
}

function* walk(folder: string, inside = folder): Generator<string> {
  for (const name of readdirSync(inside).sort()) {
    const path = join(inside, name);
    // statSync follows links, and so does the walk
    if (statSync(path).isDirectory()) yield* walk(folder, path);
    else yield relative(folder, path).split(sep).join('/');
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}
