/**
 * Llama and its relatives: pre-norm decoders with rotary positions and gated feed-forward layers. Mistral's layers see a window
 * only; Qwen2's queries, keys and values have biases; Qwen3's queries and keys are normed head by head.
 *
 *   per layer: x = x + W softmax(q kᵀ / √head + mask) v,  q, k, v = W RMS(x), q and k turned
 *              x = x + W₃ (act(W₁ RMS(x)) · W₂ RMS(x))
 *   x = RMS(x)
 *
 * Source: Llama, https://arxiv.org/abs/2302.13971; Mistral, https://arxiv.org/abs/2310.06825; Qwen2,
 * https://arxiv.org/abs/2407.10671; Qwen3, https://arxiv.org/abs/2505.09388; transformers `LlamaModel` and the others.
 */
import type { Config } from '../model/config.ts';
import { attend } from './attention.ts';
import {
  headOf,
  lastHidden,
  readHeads,
  readLayerCount,
  readSize,
  requireValue,
  step,
  type Body,
  type Family,
} from './family.ts';
import { readWindows } from './layer-types.ts';
import type { Reach } from './graph.ts';
import { add, flatten, gated, linear, rmsNorm } from './layers.ts';
import type { PartWriter } from './part.ts';
import { readRotary, type Rotary } from './rotary.ts';

export const llama: Family = {
  tasks: ['decoder', 'encoder'],
  build(config, model) {
    const projection = config.boolean('attention_bias', false);
    return buildLlama(config, model, {
      biases: { query: projection, output: projection, inner: config.boolean('mlp_bias', false) },
      norms: 'none',
      reachOf: () => everything,
    });
  },
};

export const mistral: Family = {
  tasks: ['decoder', 'encoder'],
  build(config, model) {
    const window = config.isNull('sliding_window') ? undefined : readSize(config, 'sliding_window', 4096);
    return buildLlama(config, model, {
      biases: { query: false, output: false, inner: false },
      norms: 'none',
      reachOf: () => (window === undefined ? everything : { kind: 'causal', window }),
    });
  },
};

export const qwen2: Family = {
  tasks: ['decoder', 'encoder'],
  build(config, model) {
    const reaches = readWindows(config, model, qwenWindow(config));
    return buildLlama(config, model, {
      biases: { query: true, output: false, inner: false },
      norms: 'none',
      reachOf: (layer) => reaches[layer]!,
    });
  },
};

export const qwen3: Family = {
  tasks: ['decoder', 'encoder'],
  build(config, model) {
    const reaches = readWindows(config, model, qwenWindow(config));
    const projection = config.boolean('attention_bias', false);
    return buildLlama(config, model, {
      biases: { query: projection, output: projection, inner: false },
      norms: 'heads',
      reachOf: (layer) => reaches[layer]!,
    });
  },
};

const everything: Reach = { kind: 'causal', window: Infinity };

/** Qwen's window is off unless it is switched on, and then from a layer on. */
function qwenWindow(config: Config) {
  const on = config.boolean('use_sliding_window', false);
  return {
    window: on && !config.isNull('sliding_window') ? readSize(config, 'sliding_window', 4096) : undefined,
    isSliding: (layer: number) => layer >= config.integer('max_window_layers', 28),
  };
}

interface Variant {
  readonly biases: { readonly query: boolean; readonly output: boolean; readonly inner: boolean };
  /** `heads`: queries and keys are normed over each head. */
  readonly norms: 'none' | 'heads';
  readonly reachOf: (layer: number) => Reach;
}

interface Sizes {
  readonly dim: number;
  readonly innerDim: number;
  readonly headCount: number;
  readonly keyHeadCount: number;
  readonly headDim: number;
  readonly epsilon: number;
  readonly act: string;
  readonly rotary: Rotary;
}

function buildLlama(config: Config, model: string, variant: Variant): Body {
  requireValue(config, model, 'is_causal', [true]);
  requireValue(config, model, 'partial_rotary_factor', [1]);
  const dim = readSize(config, 'hidden_size');
  const sizes = readSizes(config, model, dim);
  const vocabulary = readSize(config, 'vocab_size');
  const layerCount = readLayerCount(config, 'num_hidden_layers');
  const table = { name: 'embed_tokens.weight', shape: [vocabulary, dim] };
  return {
    stages: [
      (part) => part.give(lastHidden, flatten(part, part.lookup(table.name, vocabulary, dim), dim), dim),
      ...Array.from({ length: layerCount }, (_, layer) =>
        step(dim, (part, x) => writeLayer(part, x, layer, sizes, variant)),
      ),
      step(dim, (part, x) => rmsNorm(part, x, 'norm', { dim, epsilon: sizes.epsilon })),
    ],
    dim,
    maxPositions: Infinity,
    head: headOf(config, table, false),
  };
}

function readSizes(config: Config, model: string, dim: number): Sizes {
  const headCount = readSize(config, 'num_attention_heads');
  const stated = config.raw('head_dim') !== undefined;
  if (!stated) readHeads(config, 'num_attention_heads', dim, 'hidden_size');
  const headDim = stated ? readSize(config, 'head_dim') : dim / headCount;
  const keyHeadCount = readSize(config, 'num_key_value_heads', headCount);
  readHeads(config, 'num_key_value_heads', headCount, 'num_attention_heads', headCount);
  return {
    ...{ dim, headCount, headDim, keyHeadCount },
    innerDim: readSize(config, 'intermediate_size'),
    epsilon: config.number('rms_norm_eps', 1e-6),
    act: config.string('hidden_act', 'silu'),
    rotary: readRotary(config, model, headDim),
  };
}

function writeLayer(
  part: PartWriter,
  x: string,
  layer: number,
  sizes: Sizes,
  { biases, norms, reachOf }: Variant,
): string {
  const { dim, innerDim, headCount, keyHeadCount, headDim, epsilon, act, rotary } = sizes;
  const name = `layers.${layer}`;
  const normed = rmsNorm(part, x, `${name}.input_layernorm`, { dim, epsilon });
  const project = (which: string, count: number) =>
    linear(part, normed, `${name}.self_attn.${which}_proj`, {
      inDim: dim,
      outDim: count * headDim,
      bias: biases.query,
    });
  const norm = (which: string) => (head: string) =>
    rmsNorm(part, head, `${name}.self_attn.${which}_norm`, { dim: headDim, epsilon });
  const attended = attend(
    part,
    project('q', headCount),
    project('k', keyHeadCount),
    project('v', keyHeadCount),
    {
      ...{ headCount, keyHeadCount, headDim, rotary, reach: reachOf(layer) },
      scale: 1 / Math.sqrt(headDim),
      ...(norms === 'heads' ? { normQuery: norm('q'), normKey: norm('k') } : {}),
    },
  );
  const output = linear(part, attended, `${name}.self_attn.o_proj`, {
    inDim: headCount * headDim,
    outDim: dim,
    bias: biases.output,
  });
  const middle = add(part, x, output);
  const inner = rmsNorm(part, middle, `${name}.post_attention_layernorm`, { dim, epsilon });
  const names = { gate: `${name}.mlp.gate_proj`, up: `${name}.mlp.up_proj`, down: `${name}.mlp.down_proj` };
  return add(part, middle, gated(part, inner, names, { dim, innerDim, act, bias: biases.inner }));
}
