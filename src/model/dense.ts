/**
 * A Dense module of sentence-transformers: a linear layer after the pooling, and an activation. Its values lie in a folder of
 * their own, as `linear.weight` (out, in) and `linear.bias` (out,); in the model's checkpoint they are `2_Dense/linear.weight`.
 *
 * Source: https://github.com/huggingface/sentence-transformers, `Dense`.
 */
import { KnownError } from '../errors.ts';
import { openCheckpoint, type Checkpoint } from '../safetensors/checkpoint.ts';
import type { Source } from '../source/source.ts';
import { Config } from './config.ts';
import { damageCodes, readJsonObject, settingsLimitBytes, type JsonObject } from './json-file.ts';
import { readDenseFolders } from './module-list.ts';
import { joinPath, nameFile } from './small-file.ts';

export interface Dense {
  /** Where it lies: `2_Dense`. */
  readonly folder: string;
  readonly inDim: number;
  readonly outDim: number;
  readonly bias: boolean;
  /** `identity`, or as configurations name activations. */
  readonly act: string;
}

/** By the last part of torch's class names. */
const acts: Readonly<Record<string, string>> = {
  Identity: 'identity',
  Tanh: 'tanh',
  GELU: 'gelu',
  ReLU: 'relu',
  SiLU: 'silu',
};

/** The package's own. */
export const denseDefaults = { bias: true, activation_function: 'torch.nn.modules.activation.Tanh' } as const;

/** Throws `module-unknown` for an activation that is not built, `config-field-invalid`, `json-invalid`. */
export async function readDense(source: Source, folder: string): Promise<Dense> {
  const path = joinPath(folder, 'config.json');
  const fields = await readJsonObject(source, path, settingsLimitBytes);
  const settings = new Config(fields ?? {}, nameFile(source, path));
  const stated = settings.string('activation_function', denseDefaults.activation_function);
  const name = stated.slice(stated.lastIndexOf('.') + 1);
  const act = stated.startsWith('torch.nn.') && Object.hasOwn(acts, name) ? acts[name] : undefined;
  if (act === undefined) {
    throw new KnownError('module-unknown', { model: source.name, module: `Dense (${stated})` });
  }
  return {
    folder,
    inDim: settings.integer('in_features'),
    outDim: settings.integer('out_features'),
    bias: settings.boolean('bias', denseDefaults.bias),
    act,
  };
}

/** What a Dense module states, whether or not it can be run. */
export interface DenseSettings {
  readonly folder: string;
  /** Of its config.json; empty where that cannot be read. */
  readonly fields: JsonObject;
}

/** Of all Dense modules. Reads small files only; throws what the source throws. */
export async function readDenseSettings(source: Source): Promise<readonly DenseSettings[]> {
  const folders = await readDenseFolders(source);
  return Promise.all(
    folders.map(async (folder) => {
      const reading = readJsonObject(source, joinPath(folder, 'config.json'), settingsLimitBytes);
      const fields = await reading.catch((error: unknown) => {
        if (error instanceof KnownError && damageCodes.has(error.code)) return undefined;
        throw error;
      });
      return { folder, fields: fields ?? {} };
    }),
  );
}

/** A model's checkpoint, with the tensors of its Dense modules. Throws what `openCheckpoint` throws. */
export async function openModelCheckpoint(source: Source): Promise<Checkpoint> {
  return openCheckpoint(source, await readDenseFolders(source));
}
