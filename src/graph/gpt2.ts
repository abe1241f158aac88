/**
 * GPT-2: pre-norm decoder with learned positions; its linear layers store W (in, out).
 *
 *   x = word[ids] + position[positions]
 *   per layer: x = x + softmax(q kᵀ / √head + mask) v W + b,  (q, k, v) = LN(x) W + b
 *              x = x + act(LN(x) W₁ + b₁) W₂ + b₂
 *   x = LN(x)
 *
 * Source: https://cdn.openai.com/better-language-models/language_models_are_unsupervised_multitask_learners.pdf;
 * transformers `GPT2Model`.
 */
import type { Config } from '../model/config.ts';
import { activation } from './activation.ts';
import { attend } from './attention.ts';
import {
  headOf,
  lastHidden,
  nameOf,
  readHeads,
  readLayerCount,
  readSize,
  requireValue,
  step,
  type Body,
  type Family,
} from './family.ts';
import { add, conv1d, cut, flatten, layerNorm } from './layers.ts';
import type { PartWriter } from './part.ts';

export const gpt2: Family = { tasks: ['decoder', 'encoder'], build };

interface Sizes {
  readonly dim: number;
  readonly innerDim: number;
  readonly headCount: number;
  readonly epsilon: number;
  readonly act: string;
  /** Of one layer's scores. */
  readonly scaleOf: (layer: number) => number;
}

function build(config: Config, model: string): Body {
  requireValue(config, model, 'is_causal', [true]);
  requireValue(config, model, 'add_cross_attention', [false]);
  const width = nameOf(config, 'n_embd', 'hidden_size');
  const dim = readSize(config, width, 768);
  const headCount = readHeads(config, nameOf(config, 'n_head', 'num_attention_heads'), dim, width, 12);
  const byHead = config.boolean('scale_attn_weights', true) ? 1 / Math.sqrt(dim / headCount) : 1;
  const byLayer = config.boolean('scale_attn_by_inverse_layer_idx', false);
  const sizes: Sizes = {
    ...{ dim, headCount },
    innerDim: config.raw('n_inner') === undefined ? 4 * dim : readSize(config, 'n_inner'),
    epsilon: config.number('layer_norm_epsilon', 1e-5),
    act: config.string('activation_function', 'gelu_new'),
    scaleOf: (layer) => (byLayer ? byHead / (layer + 1) : byHead),
  };
  const { epsilon } = sizes;
  const positions = readSize(config, nameOf(config, 'n_positions', 'max_position_embeddings'), 1024);
  const layerCount = readLayerCount(config, nameOf(config, 'n_layer', 'num_hidden_layers'), 12);
  const vocabulary = readSize(config, 'vocab_size', 50257);
  const table = { name: 'wte.weight', shape: [vocabulary, dim] };
  return {
    stages: [
      (part) => {
        const places = part.parameter('wpe.weight', positions, dim);
        const place = part.node('Gather', [places, part.feed({ kind: 'positions', first: 0 })]);
        const sum = add(part, part.lookup(table.name, vocabulary, dim), place);
        part.give(lastHidden, flatten(part, sum, dim), dim);
      },
      ...Array.from({ length: layerCount }, (_, layer) =>
        step(dim, (part, x) => writeLayer(part, x, layer, sizes)),
      ),
      step(dim, (part, x) => layerNorm(part, x, 'ln_f', { dim, epsilon })),
    ],
    dim,
    maxPositions: positions,
    head: headOf(config, table, true),
  };
}

function writeLayer(part: PartWriter, x: string, layer: number, sizes: Sizes): string {
  const { dim, innerDim, headCount, epsilon, act, scaleOf } = sizes;
  const name = `h.${layer}`;
  const normed = layerNorm(part, x, `${name}.ln_1`, { dim, epsilon });
  const joint = conv1d(part, normed, `${name}.attn.c_attn`, { inDim: dim, outDim: 3 * dim });
  const [query, key, value] = cut(part, joint, 3, dim) as [string, string, string];
  const attended = attend(part, query, key, value, {
    ...{ headCount, keyHeadCount: headCount, headDim: dim / headCount },
    scale: scaleOf(layer),
    reach: { kind: 'causal', window: Infinity },
  });
  const output = conv1d(part, attended, `${name}.attn.c_proj`, { inDim: dim, outDim: dim });
  const middle = add(part, x, output);
  const inner = layerNorm(part, middle, `${name}.ln_2`, { dim, epsilon });
  const wide = conv1d(part, inner, `${name}.mlp.c_fc`, { inDim: dim, outDim: innerDim });
  const narrow = conv1d(part, activation(part, act, wide), `${name}.mlp.c_proj`, {
    inDim: innerDim,
    outDim: dim,
  });
  return add(part, middle, narrow);
}
