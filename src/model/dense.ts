/**
 * A Dense module of sentence-transformers: a linear layer after the pooling, and an activation. Its values lie in a folder of
 * their own, as `linear.weight` (out, in) and `linear.bias` (out,).
 *
 * Source: https://github.com/huggingface/sentence-transformers, `Dense`.
 */
import { KnownError } from '../errors.ts';
import type { Source } from '../source/source.ts';
import { Config } from './config.ts';
import { readJsonObject, settingsLimitBytes } from './json-file.ts';
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

/** Throws `module-unknown` for an activation that is not built, `config-field-invalid`, `json-invalid`. */
export async function readDense(source: Source, folder: string): Promise<Dense> {
  const path = joinPath(folder, 'config.json');
  const fields = await readJsonObject(source, path, settingsLimitBytes);
  const settings = new Config(fields ?? {}, nameFile(source, path));
  // the package's own default
  const stated = settings.string('activation_function', 'torch.nn.modules.activation.Tanh');
  const name = stated.slice(stated.lastIndexOf('.') + 1);
  const act = stated.startsWith('torch.nn.') && Object.hasOwn(acts, name) ? acts[name] : undefined;
  if (act === undefined) {
    throw new KnownError('module-unknown', { model: source.name, module: `Dense (${stated})` });
  }
  return {
    folder,
    inDim: settings.integer('in_features'),
    outDim: settings.integer('out_features'),
    bias: settings.boolean('bias', true),
    act,
  };
}
