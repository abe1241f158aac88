/**
 * GPT-NeoX (Pythia): a decoder whose heads turn by a part of their dimensions, and whose two halves of a layer read the same input.
 *
 *   per layer: x + W softmax(q kᵀ / √head + mask) v + W₂ act(W₁ LN₂(x) + b₁) + b₂,  q, k, v = W LN₁(x) + b, head by head
 *              or one half after the other, where `use_parallel_residual` is false
 *   x = LN(x)
 *
 * Source: https://arxiv.org/abs/2204.06745; transformers `GPTNeoXModel`.
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
import { add, cut, feedForward, flatten, layerNorm, linear } from './layers.ts';
import type { PartWriter } from './part.ts';
import { readRotary, readTurningShare, type Rotary } from './rotary.ts';

export const gptNeox: Family = { tasks: ['decoder', 'encoder'], build };

interface Sizes {
  readonly dim: number;
  readonly innerDim: number;
  readonly headCount: number;
  readonly headDim: number;
  readonly epsilon: number;
  readonly act: string;
  /** Of attention; the feed-forward layers always have biases. */
  readonly bias: boolean;
  readonly halves: 'beside' | 'after';
  readonly rotary: Rotary;
}

function build(config: Config, model: string): Body {
  requireValue(config, model, 'is_causal', [true]);
  const dim = readSize(config, 'hidden_size', 6144);
  const headCount = readHeads(config, 'num_attention_heads', dim, 'hidden_size', 64);
  const headDim = dim / headCount;
  // stated, it would make the rotary table alone
  requireValue(config, model, 'head_dim', [headDim]);
  const share = readTurningShare(config, 'rotary_pct', 0.25);
  const sizes: Sizes = {
    ...{ dim, headCount, headDim },
    innerDim: readSize(config, 'intermediate_size', 24576),
    epsilon: config.number('layer_norm_eps', 1e-5),
    act: config.string('hidden_act', 'gelu'),
    bias: config.boolean('attention_bias', true),
    halves: config.boolean('use_parallel_residual', true) ? 'beside' : 'after',
    rotary: readRotary(config, model, Math.trunc(headDim * share), {
      field: 'rotary_emb_base',
      base: config.number('rotary_emb_base', 10000),
    }),
  };
  const vocabulary = readSize(config, 'vocab_size', 50432);
  const layerCount = readLayerCount(config, 'num_hidden_layers', 44);
  const table = { name: 'embed_in.weight', shape: [vocabulary, dim] };
  return {
    stages: [
      (part) => part.give(lastHidden, flatten(part, part.lookup(table.name, vocabulary, dim), dim), dim),
      ...Array.from({ length: layerCount }, (_, layer) =>
        step(dim, (part, x) => writeLayer(part, x, `layers.${layer}`, sizes)),
      ),
      step(dim, (part, x) => layerNorm(part, x, 'final_layer_norm', { dim, epsilon: sizes.epsilon })),
    ],
    dim,
    maxPositions: Infinity,
    head: headOf(config, table, false, 'embed_out.weight'),
  };
}

function writeLayer(part: PartWriter, x: string, name: string, sizes: Sizes): string {
  const { dim, innerDim, epsilon, act, halves } = sizes;
  const norm = (of: string, which: string) => layerNorm(part, of, `${name}.${which}`, { dim, epsilon });
  const attended = writeAttention(part, norm(x, 'input_layernorm'), `${name}.attention`, sizes);
  const middle = add(part, x, attended);
  const inner = norm(halves === 'beside' ? x : middle, 'post_attention_layernorm');
  const names = { up: `${name}.mlp.dense_h_to_4h`, down: `${name}.mlp.dense_4h_to_h` };
  return add(part, middle, feedForward(part, inner, names, { dim, innerDim, act, bias: true }));
}

function writeAttention(part: PartWriter, x: string, name: string, sizes: Sizes): string {
  const { dim, headCount, headDim, bias, rotary } = sizes;
  const joint = linear(part, x, `${name}.query_key_value`, { inDim: dim, outDim: 3 * dim, bias });
  // q, k and v of one head stand together, then those of the next: (tokens · heads, 3 · head dim)
  const byHead = flatten(part, joint, 3 * headDim);
  const [query, key, value] = cut(part, byHead, 3, headDim) as [string, string, string];
  const attended = attend(part, query, key, value, {
    ...{ headCount, keyHeadCount: headCount, headDim, rotary },
    scale: 1 / Math.sqrt(headDim),
    reach: { kind: 'causal', window: Infinity },
  });
  return linear(part, attended, `${name}.dense`, { inDim: dim, outDim: dim, bias });
}
