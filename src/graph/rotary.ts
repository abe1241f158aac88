/**
 * Rotary position embeddings: which angles, and how long contexts change them. The tables are made here, not in the
 * graph: GPUs' sines are inexact.
 *
 *   angle(s, d) = s · f(d),  f(d) = base^(−2d / dim)                      d < dim / 2
 *
 *   linear   f / factor
 *   dynamic  base · (factor · n / max − (factor − 1))^(dim / (dim − 2)),  n = the longer of the sequence and max
 *   llama3   f where the wave is short, f / factor where it is long, between them a line in the wave's count
 *   yarn     f and f / factor mixed by a ramp over d; cos and sin are scaled
 *
 * Source: RoFormer, https://arxiv.org/abs/2104.09864; YaRN, https://arxiv.org/abs/2309.00071; transformers 4.57,
 * `modeling_rope_utils.py`, for what each name means and its defaults.
 */
import { KnownError } from '../errors.ts';
import { Config } from '../model/config.ts';
import { nameOf } from './family.ts';

/** Data alone, so that equal ones are one feed. */
export interface Rotary {
  /** How many of a head's dimensions turn. */
  readonly dim: number;
  readonly base: number;
  readonly scaling: Scaling;
}

type Scaling =
  | { readonly type: 'default' }
  | { readonly type: 'linear'; readonly factor: number }
  | { readonly type: 'dynamic'; readonly factor: number; readonly maxPositions: number }
  | {
      readonly type: 'llama3';
      readonly factor: number;
      readonly lowFactor: number;
      readonly highFactor: number;
      readonly originalPositions: number;
    }
  | {
      readonly type: 'yarn';
      readonly factor: number;
      readonly attentionFactor: number;
      readonly betaFast: number;
      readonly betaSlow: number;
      readonly originalPositions: number;
      readonly truncate: boolean;
    };

/**
 * Settings of one table: transformers 4 writes `rope_theta` and `rope_scaling`, version 5 both in `rope_parameters`, which may
 * have an object for each kind of layer.
 *
 * @param base a field that has the base in version 4, and its default
 * @param scales `plain`: in version 4 the scaling is not of this table
 */
export function readRotary(
  config: Config,
  model: string,
  dim: number,
  { layers, field = 'rope_theta', base = 10000, scales = 'as-stated' }: RotaryFields = {},
): Rotary {
  checkDim(config, dim);
  const newer = sub(config, 'rope_parameters');
  if (newer !== undefined) {
    const own = (layers === undefined ? undefined : sub(newer, layers)) ?? newer;
    return { dim, base: own.number('rope_theta', base), scaling: readScaling(own, config, model) };
  }
  const older = scales === 'plain' ? undefined : sub(config, 'rope_scaling');
  const scaling = older ? readScaling(older, config, model) : ({ type: 'default' } as const);
  return { dim, base: config.number(field, base), scaling };
}

/** What share of a head's dimensions turns: `field` in transformers 4, and in version 5, where `rope_parameters` says nothing else. */
export function readTurningShare(config: Config, field: string, fallback: number): number {
  const share = config.number(field, fallback);
  return sub(config, 'rope_parameters')?.number('partial_rotary_factor', share) ?? share;
}

export interface RotaryFields {
  readonly layers?: 'full_attention' | 'sliding_attention';
  readonly field?: string;
  readonly base?: number;
  readonly scales?: 'as-stated' | 'plain';
}

function checkDim(config: Config, dim: number): void {
  if (Number.isSafeInteger(dim) && dim >= 2 && dim % 2 === 0) return;
  const why = `${dim} dimensions of a head do not make pairs`;
  throw new KnownError('config-field-invalid', { file: config.file, field: 'head_dim', why });
}

function sub(config: Config, field: string): Config | undefined {
  const value = config.raw(field);
  if (value === undefined) return undefined;
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return new Config(value as Record<string, unknown>, `${config.file}, ${field}`);
  }
  throw new KnownError('config-field-invalid', { file: config.file, field, why: 'it is not an object' });
}

function readScaling(scaling: Config, config: Config, model: string): Scaling {
  const type = scaling.string(nameOf(scaling, 'rope_type', 'type'), 'default');
  const positions = () => config.integer('max_position_embeddings');
  switch (type) {
    case 'default':
      return { type };
    case 'linear':
      return { type, factor: scaling.number('factor') };
    case 'dynamic':
      return { type, factor: scaling.number('factor'), maxPositions: positions() };
    case 'llama3':
      return {
        type,
        factor: scaling.number('factor'),
        lowFactor: scaling.number('low_freq_factor'),
        highFactor: scaling.number('high_freq_factor'),
        originalPositions: scaling.integer('original_max_position_embeddings'),
      };
    case 'yarn':
      return {
        type,
        factor: scaling.number('factor'),
        attentionFactor: attentionFactorOf(scaling),
        betaFast: scaling.number('beta_fast', 32) || 32,
        betaSlow: scaling.number('beta_slow', 1) || 1,
        originalPositions: scaling.integer('original_max_position_embeddings', 0) || positions(),
        truncate: scaling.boolean('truncate', true),
      };
    default:
      throw new KnownError('config-unsupported', { model, field: 'rope_scaling', value: type });
  }
}

/** YaRN's temperature, 3.4: stated, or from the factor. */
function attentionFactorOf(scaling: Config): number {
  const factor = scaling.number('factor');
  const stretch = (scale: number) => (factor <= 1 ? 1 : 0.1 * scale * Math.log(factor) + 1);
  if (scaling.raw('attention_factor') !== undefined) return scaling.number('attention_factor');
  const [scale, all] = [scaling.number('mscale', 0), scaling.number('mscale_all_dim', 0)];
  return scale !== 0 && all !== 0 ? stretch(scale) / stretch(all) : stretch(1);
}

/**
 * cos and sin of every position: (seq, dim) each, the half of the dimensions twice, as float32.
 *
 * @param length what counts as the sequence's length for `dynamic`: the longest that was fed at once
 */
export function rotaryTables(
  rotary: Rotary,
  seq: number,
  length: number,
): { readonly cos: Float32Array; readonly sin: Float32Array } {
  const { dim, scaling } = rotary;
  const frequencies = frequenciesOf(rotary, length);
  const scale = scaling.type === 'yarn' ? Math.fround(scaling.attentionFactor) : 1;
  const cos = new Float32Array(seq * dim);
  const sin = new Float32Array(seq * dim);
  const half = dim / 2;
  for (let s = 0; s < seq; s++) {
    for (let d = 0; d < half; d++) {
      const angle = Math.fround(s * frequencies[d]!);
      cos[s * dim + d] = cos[s * dim + d + half] = Math.fround(Math.cos(angle)) * scale;
      sin[s * dim + d] = sin[s * dim + d + half] = Math.fround(Math.sin(angle)) * scale;
    }
  }
  return { cos, sin };
}

/** (dim / 2,) */
function frequenciesOf({ dim, base, scaling }: Rotary, length: number): Float32Array {
  const plain = (from: number) =>
    Float32Array.from({ length: dim / 2 }, (_, d) => 1 / Math.fround(from ** Math.fround((2 * d) / dim)));
  switch (scaling.type) {
    case 'default':
      return plain(base);
    case 'linear':
      return plain(base).map((frequency) => frequency / scaling.factor);
    case 'dynamic': {
      const { factor, maxPositions } = scaling;
      const longest = Math.max(length, maxPositions);
      return plain(base * ((factor * longest) / maxPositions - (factor - 1)) ** (dim / (dim - 2)));
    }
    case 'llama3':
      return plain(base).map((frequency) => stretchLong(frequency, scaling));
    case 'yarn':
      return stretchRamp(plain(base), dim, base, scaling);
  }
}

function stretchLong(frequency: number, scaling: Extract<Scaling, { type: 'llama3' }>): number {
  const { factor, lowFactor, highFactor, originalPositions } = scaling;
  const wave = (2 * Math.PI) / frequency;
  if (wave > originalPositions / lowFactor) return frequency / factor;
  if (wave < originalPositions / highFactor) return frequency;
  const smooth = (originalPositions / wave - lowFactor) / (highFactor - lowFactor);
  return ((1 - smooth) * frequency) / factor + smooth * frequency;
}

function stretchRamp(
  plain: Float32Array,
  dim: number,
  base: number,
  { factor, betaFast, betaSlow, originalPositions, truncate }: Extract<Scaling, { type: 'yarn' }>,
): Float32Array {
  const placeOf = (turns: number) =>
    (dim * Math.log(originalPositions / (turns * 2 * Math.PI))) / (2 * Math.log(base));
  const [fast, slow] = [placeOf(betaFast), placeOf(betaSlow)];
  const low = Math.max(truncate ? Math.floor(fast) : fast, 0);
  let high = Math.min(truncate ? Math.ceil(slow) : slow, dim - 1);
  // as the source does, so that the ramp has a slope
  if (low === high) high += 0.001;
  return plain.map((frequency, d) => {
    const ramp = Math.min(1, Math.max(0, (d - low) / (high - low)));
    return (frequency / factor) * ramp + frequency * (1 - ramp);
  });
}
