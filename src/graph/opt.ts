/**
 * OPT: a decoder with learned positions whose table begins two rows early, norms before or after each half of a layer, and, in the
 * smallest sizes, narrower embeddings than layers.
 *
 *   x = P word[ids] + position[2 + positions]                      P only where the widths differ
 *   per layer: x = x + W softmax(q kᵀ / √head + mask) v,  q, k, v = W LN(x) + b
 *              x = x + W₂ act(W₁ LN(x) + b₁) + b₂                    or LN after each sum instead
 *   x = LN(x) where norms come before, then the width of the embeddings again
 *
 * Source: https://arxiv.org/abs/2205.01068; transformers `OPTModel`.
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
import { add, feedForward, flatten, layerNorm, linear } from './layers.ts';
import type { PartWriter } from './part.ts';

export const opt: Family = { tasks: ['decoder', 'encoder'], build };

/** The table's rows before the first position. */
const offset = 2;
/** Fixed in the source. */
const epsilon = 1e-5;

interface Sizes {
  readonly dim: number;
  readonly innerDim: number;
  readonly headCount: number;
  readonly act: string;
  readonly bias: boolean;
  readonly norms: 'before' | 'after';
}

function build(config: Config, model: string): Body {
  requireValue(config, model, 'is_causal', [true]);
  requireValue(config, model, 'layer_norm_elementwise_affine', [true]);
  const dim = readSize(config, 'hidden_size', 768);
  const sizes: Sizes = {
    dim,
    innerDim: readSize(config, 'ffn_dim', 3072),
    headCount: readHeads(config, 'num_attention_heads', dim, 'hidden_size', 12),
    act: config.string('activation_function', 'relu'),
    bias: config.boolean('enable_bias', true),
    norms: config.boolean('do_layer_norm_before', true) ? 'before' : 'after',
  };
  const tableDim =
    config.raw('word_embed_proj_dim') === undefined ? dim : readSize(config, 'word_embed_proj_dim');
  const positions = readSize(config, 'max_position_embeddings', 2048);
  const vocabulary = readSize(config, 'vocab_size', 50272);
  const layerCount = readLayerCount(config, 'num_hidden_layers', 12);
  const table = { name: 'decoder.embed_tokens.weight', shape: [vocabulary, tableDim] };
  const hasLastNorm = sizes.norms === 'before' && !config.boolean('_remove_final_layer_norm', false);
  const project = (part: PartWriter, x: string, name: string, inDim: number, outDim: number) =>
    inDim === outDim ? x : linear(part, x, `decoder.${name}`, { inDim, outDim, bias: false });
  return {
    stages: [
      (part) => {
        const word = flatten(part, part.lookup(table.name, vocabulary, tableDim), tableDim);
        const places = part.parameter('decoder.embed_positions.weight', positions + offset, dim);
        // the source counts the attention mask's ones
        const feed = part.feed({ kind: 'positions', first: offset, skipped: 'hidden' });
        const place = part.node('Gather', [places, feed]);
        const wide = project(part, word, 'project_in', tableDim, dim);
        part.give(lastHidden, add(part, wide, flatten(part, place, dim)), dim);
      },
      ...Array.from({ length: layerCount }, (_, layer) =>
        step(dim, (part, x) => writeLayer(part, x, `decoder.layers.${layer}`, sizes)),
      ),
      (part) => {
        const x = part.take(lastHidden, dim);
        const normed = hasLastNorm ? layerNorm(part, x, 'decoder.final_layer_norm', { dim, epsilon }) : x;
        part.give(lastHidden, project(part, normed, 'project_out', dim, tableDim), tableDim);
      },
    ],
    dim: tableDim,
    maxPositions: positions,
    head: headOf(config, table, true),
  };
}

function writeLayer(part: PartWriter, x: string, name: string, sizes: Sizes): string {
  const { dim, innerDim, headCount, act, bias, norms } = sizes;
  const square = { inDim: dim, outDim: dim, bias };
  /** x + work(LN(x)), or LN(x + work(x)). */
  const half = (value: string, norm: string, work: (inner: string) => string) => {
    const normed = (of: string) => layerNorm(part, of, `${name}.${norm}`, { dim, epsilon });
    return norms === 'before' ? add(part, value, work(normed(value))) : normed(add(part, value, work(value)));
  };
  const middle = half(x, 'self_attn_layer_norm', (inner) => {
    const project = (which: string) => linear(part, inner, `${name}.self_attn.${which}_proj`, square);
    const attended = attend(part, project('q'), project('k'), project('v'), {
      ...{ headCount, keyHeadCount: headCount, headDim: dim / headCount },
      scale: 1 / Math.sqrt(dim / headCount),
      reach: { kind: 'causal', window: Infinity },
    });
    return linear(part, attended, `${name}.self_attn.out_proj`, square);
  });
  const names = { up: `${name}.fc1`, down: `${name}.fc2` };
  return half(middle, 'final_layer_norm', (inner) =>
    feedForward(part, inner, names, { dim, innerDim, act, bias }),
  );
}
