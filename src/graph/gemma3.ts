/**
 * Gemma 3, text: Llama's layers with scaled embeddings, norms before and after attention and feed-forward layers whose
 * stored scale is one less, a query scale of its own, and near layers that turn by another base.
 * `attn_logit_softcapping` is read by nothing in transformers, and so not here.
 * Source: https://arxiv.org/abs/2503.19786; transformers `Gemma3TextModel`.
 */
import type { Config } from '../model/config.ts';
import { attend } from './attention.ts';
import {
  headOf,
  lastHidden,
  readHeads,
  readSize,
  requireValue,
  step,
  type Body,
  type Family,
} from './family.ts';
import { readWindows, type Sight } from './layer-types.ts';
import { add, flatten, gated, linear, rmsNorm } from './layers.ts';
import type { PartWriter } from './part.ts';
import { readRotary } from './rotary.ts';

export const gemma3: Family = { tasks: ['decoder', 'encoder'], build };

interface Sizes {
  readonly dim: number;
  readonly innerDim: number;
  readonly headCount: number;
  readonly keyHeadCount: number;
  readonly headDim: number;
  readonly scale: number;
  readonly epsilon: number;
  readonly act: string;
  readonly bias: boolean;
}

function build(config: Config, model: string): Body {
  requireValue(config, model, 'is_causal', [true]);
  requireValue(config, model, 'use_bidirectional_attention', [false]);
  const dim = readSize(config, 'hidden_size');
  const headCount = readSize(config, 'num_attention_heads', 8);
  const sizes: Sizes = {
    ...{ dim, headCount },
    keyHeadCount: readHeads(config, 'num_key_value_heads', headCount, 'num_attention_heads', 4),
    headDim: readSize(config, 'head_dim', 256),
    innerDim: readSize(config, 'intermediate_size'),
    scale: 1 / Math.sqrt(config.number('query_pre_attn_scalar', 256)),
    epsilon: config.number('rms_norm_eps', 1e-6),
    act: config.string('hidden_activation', 'gelu_pytorch_tanh'),
    bias: config.boolean('attention_bias', false),
  };
  const vocabulary = readSize(config, 'vocab_size', 262208);
  const table = { name: 'embed_tokens.weight', shape: [vocabulary, dim] };
  const capped = config.raw('final_logit_softcapping') !== undefined;
  const norm = { dim, epsilon: sizes.epsilon, scale: 'one-plus' } as const;
  return {
    stages: [
      (part) => {
        const rows = part.lookup(table.name, vocabulary, dim);
        const scaled = part.node('Mul', [rows, part.scalar(Math.sqrt(dim))]);
        part.give(lastHidden, flatten(part, scaled, dim), dim);
      },
      ...readSights(config, model, sizes.headDim).map((sight, layer) =>
        step(dim, (part, x) => writeLayer(part, x, `layers.${layer}`, sizes, sight)),
      ),
      step(dim, (part, x) => rmsNorm(part, x, 'norm', norm)),
    ],
    dim,
    maxPositions: Infinity,
    head: {
      ...headOf(config, table, true),
      softcap: capped ? config.number('final_logit_softcapping') : undefined,
    },
  };
}

/** (layers,) */
function readSights(config: Config, model: string, headDim: number): readonly Sight[] {
  const every = readSize(config, 'sliding_window_pattern', 6);
  const rule = {
    window: readSize(config, 'sliding_window', 4096),
    isSliding: (layer: number) => (layer + 1) % every !== 0,
  };
  const far = readRotary(config, model, headDim, { layers: 'full_attention', base: 1_000_000 });
  const near = readRotary(config, model, headDim, {
    layers: 'sliding_attention',
    field: 'rope_local_base_freq',
    scales: 'plain',
  });
  return readWindows(config, model, rule).map((reach) => ({
    reach,
    rotary: reach.kind === 'causal' && reach.window === Infinity ? far : near,
  }));
}

function writeLayer(part: PartWriter, x: string, name: string, sizes: Sizes, sight: Sight): string {
  const { dim, innerDim, headCount, keyHeadCount, headDim, scale, epsilon, act, bias } = sizes;
  const norm = (value: string, which: string, size = dim) =>
    rmsNorm(part, value, `${name}.${which}`, { dim: size, epsilon, scale: 'one-plus' });
  const normed = norm(x, 'input_layernorm');
  const project = (which: string, count: number) =>
    linear(part, normed, `${name}.self_attn.${which}_proj`, { inDim: dim, outDim: count * headDim, bias });
  const attended = attend(
    part,
    project('q', headCount),
    project('k', keyHeadCount),
    project('v', keyHeadCount),
    {
      ...{ headCount, keyHeadCount, headDim, scale, ...sight },
      normQuery: (head) => norm(head, 'self_attn.q_norm', headDim),
      normKey: (head) => norm(head, 'self_attn.k_norm', headDim),
    },
  );
  const output = linear(part, attended, `${name}.self_attn.o_proj`, {
    inDim: headCount * headDim,
    outDim: dim,
    bias,
  });
  const middle = add(part, x, norm(output, 'post_attention_layernorm'));
  const inner = norm(middle, 'pre_feedforward_layernorm');
  const names = { gate: `${name}.mlp.gate_proj`, up: `${name}.mlp.up_proj`, down: `${name}.mlp.down_proj` };
  const fed = gated(part, inner, names, { dim, innerDim, act, bias: false });
  return add(part, middle, norm(fed, 'post_feedforward_layernorm'));
}
