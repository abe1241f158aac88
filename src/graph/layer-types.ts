/** Which layers see a window only: stated layer by layer, or by a rule of the family. */
import { KnownError } from '../errors.ts';
import type { Config } from '../model/config.ts';
import { readLayerCount } from './family.ts';
import type { Reach } from './graph.ts';
import type { Rotary } from './rotary.ts';

export type LayerType = 'full_attention' | 'sliding_attention';

/** What one layer sees, and how it turns. */
export interface Sight {
  readonly reach: Reach;
  readonly rotary: Rotary;
}

/** (layers,) Throws `config-unsupported` for a kind of layer that is not built, `config-field-invalid`. */
export function readLayerTypes(
  config: Config,
  model: string,
  layerCount: number,
  byRule: (layer: number) => LayerType,
): readonly LayerType[] {
  const stated = readStated(config, layerCount);
  return Array.from({ length: layerCount }, (_, layer) => {
    const type = stated?.[layer] ?? byRule(layer);
    if (type === 'full_attention' || type === 'sliding_attention') return type;
    throw new KnownError('config-unsupported', { model, field: 'layer_types', value: String(type) });
  });
}

export interface WindowRule {
  /** Tokens that a layer sees, its own counted; `undefined` where no layer has a window. */
  readonly window: number | undefined;
  readonly isSliding: (layer: number) => boolean;
}

/** (layers,) of a decoder. Throws as `readLayerTypes`. */
export function readWindows(config: Config, model: string, rule: WindowRule): readonly Reach[] {
  const { window, isSliding } = rule;
  const layerCount = readLayerCount(config, 'num_hidden_layers');
  const byRule = (layer: number) =>
    window !== undefined && isSliding(layer) ? 'sliding_attention' : 'full_attention';
  return readLayerTypes(config, model, layerCount, byRule).map((type) => {
    if (type === 'full_attention') return { kind: 'causal', window: Infinity };
    if (window === undefined) throw missingWindow(config);
    return { kind: 'causal', window };
  });
}

function missingWindow({ file }: Config): KnownError {
  const why = 'layers that slide have no window';
  return new KnownError('config-field-invalid', { file, field: 'sliding_window', why });
}

function readStated(config: Config, layerCount: number): readonly unknown[] | undefined {
  const stated = config.raw('layer_types');
  if (stated === undefined) return undefined;
  if (Array.isArray(stated) && stated.length === layerCount) return stated;
  const why = `it does not name ${layerCount} layers`;
  throw new KnownError('config-field-invalid', { file: config.file, field: 'layer_types', why });
}
