/** Which settings of two models' config.json have to be the same for an average of their tensors to mean anything. */
import { KnownError, toProblem, type Problem } from '../errors.ts';
import { checkQuantisation, type Config } from './config.ts';

interface Configured {
  readonly name: string;
  readonly config: Config;
}

/**
 * Settings that change the function that the tensors compute without changing their shapes, or that say most
 * plainly why shapes differ. One thing may have several names by architecture.
 */
const fields: readonly {
  readonly names: readonly string[];
  readonly fallback?: (config: Config) => unknown;
}[] = [
  { names: ['model_type'] },
  { names: ['hidden_size', 'dim', 'd_model', 'n_embd'] },
  { names: ['num_hidden_layers', 'n_layers', 'num_layers', 'n_layer'] },
  { names: ['num_attention_heads', 'n_heads', 'num_heads', 'n_head'] },
  { names: ['num_key_value_heads'], fallback: (config) => config.raw('num_attention_heads') },
  { names: ['intermediate_size', 'hidden_dim', 'd_ff', 'n_inner'] },
  { names: ['hidden_act', 'hidden_activation', 'activation', 'activation_function'] },
  { names: ['position_embedding_type'], fallback: () => 'absolute' },
];

/**
 * `config-differs` for each setting in which `model` is not like `base`, and `config-unsupported` for a
 * quantised model: its integers cannot be averaged. A setting that only one of them states is compared with
 * its default where every architecture has the same; otherwise shapes decide.
 */
export function compareConfigs(base: Configured, model: Configured): readonly Problem[] {
  const refusals = fields.flatMap(({ names, fallback }) => {
    const [baseStated, stated] = [readStated(base.config, names), readStated(model.config, names)];
    if (baseStated === undefined && stated === undefined) return [];
    const value = printSetting(stated ?? fallback?.(model.config));
    const baseValue = printSetting(baseStated ?? fallback?.(base.config));
    if (value === baseValue || value === undefined || baseValue === undefined) return [];
    const facts = { model: model.name, base: base.name, field: names[0]!, value, baseValue };
    return [toProblem(new KnownError('config-differs', facts))];
  });
  return [...quantisation(model), ...refusals];
}

function readStated(config: Config, names: readonly string[]): unknown {
  const name = names.find((candidate) => config.raw(candidate) !== undefined);
  return name === undefined ? undefined : config.raw(name);
}

/** As a message says it; `undefined` for what is not stated. */
export function printSetting(value: unknown): string | undefined {
  return value === undefined || typeof value === 'string' ? value : JSON.stringify(value);
}

function quantisation({ name, config }: Configured): readonly Problem[] {
  try {
    checkQuantisation(config, name);
    return [];
  } catch (error) {
    return [toProblem(error as KnownError)];
  }
}
