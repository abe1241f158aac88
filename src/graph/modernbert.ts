/**
 * ModernBERT: pre-norm encoder with rotary positions; most layers see only near tokens and turn by another base.
 *
 *   x = LN(word[ids])
 *   per layer: x = x + W softmax(q kᵀ / √head + mask) v,  q, k, v = W LN(x), in the first layer W x
 *              x = x + W₂ (act(a) · b),  (a, b) = W₁ LN(x)
 *   x = LN(x)
 *
 * Source: https://arxiv.org/abs/2412.13663; transformers `ModernBertModel`.
 */
import { KnownError } from '../errors.ts';
import type { Config } from '../model/config.ts';
import { activation } from './activation.ts';
import { attend } from './attention.ts';
import {
  lastHidden,
  readHeads,
  readLayerCount,
  readSize,
  step,
  type Body,
  type Classifier,
  type Family,
} from './family.ts';
import { readLayerTypes, type Sight } from './layer-types.ts';
import { add, cut, flatten, layerNorm, linear } from './layers.ts';
import type { PartWriter } from './part.ts';
import { readRotary } from './rotary.ts';

export const modernbert: Family = { tasks: ['encoder', 'reranker'], build };

interface Sizes {
  readonly dim: number;
  readonly innerDim: number;
  readonly headCount: number;
  readonly act: string;
  readonly epsilon: number;
  readonly normBias: boolean;
  readonly attentionBias: boolean;
  readonly innerBias: boolean;
}

function build(config: Config, model: string): Body {
  const dim = readSize(config, 'hidden_size', 768);
  const sizes: Sizes = {
    dim,
    innerDim: readSize(config, 'intermediate_size', 1152),
    headCount: readHeads(config, 'num_attention_heads', dim, 'hidden_size', 12),
    act: config.string('hidden_activation', 'gelu'),
    epsilon: config.number('norm_eps', 1e-5),
    normBias: config.boolean('norm_bias', false),
    attentionBias: config.boolean('attention_bias', false),
    innerBias: config.boolean('mlp_bias', false),
  };
  const { epsilon, normBias: bias } = sizes;
  const vocabulary = readSize(config, 'vocab_size', 50368);
  const sights = readSights(config, model, dim / sizes.headCount);
  const norm = { dim, epsilon, bias };
  return {
    stages: [
      (part) => {
        const word = flatten(part, part.lookup('embeddings.tok_embeddings.weight', vocabulary, dim), dim);
        part.give(lastHidden, layerNorm(part, word, 'embeddings.norm', norm), dim);
      },
      ...sights.map((sight, layer) => step(dim, (part, x) => writeLayer(part, x, layer, sizes, sight))),
      step(dim, (part, x) => layerNorm(part, x, 'final_norm', norm)),
    ],
    dim,
    maxPositions: Infinity,
    classifier: readClassifier(config, sizes),
  };
}

/** (layers,) */
function readSights(config: Config, model: string, headDim: number): readonly Sight[] {
  const layerCount = readLayerCount(config, 'num_hidden_layers', 22);
  const every = readSize(config, 'global_attn_every_n_layers', 3);
  const distance = Math.floor(readSize(config, 'local_attention', 128) / 2);
  const globalFields = { layers: 'full_attention', field: 'global_rope_theta', base: 160000 } as const;
  const far = readRotary(config, model, headDim, globalFields);
  // a null for the local base means the global one
  const field = config.isNull('local_rope_theta') ? 'global_rope_theta' : 'local_rope_theta';
  const near = readRotary(config, model, headDim, { layers: 'sliding_attention', field, base: 10000 });
  const byRule = (layer: number) => (layer % every === 0 ? 'full_attention' : 'sliding_attention');
  return readLayerTypes(config, model, layerCount, byRule).map((type) =>
    type === 'full_attention'
      ? { reach: { kind: 'all' }, rotary: far }
      : { reach: { kind: 'near', distance }, rotary: near },
  );
}

function writeLayer(part: PartWriter, x: string, layer: number, sizes: Sizes, sight: Sight): string {
  const { dim, innerDim, headCount, act, epsilon, normBias, attentionBias, innerBias } = sizes;
  const name = `layers.${layer}`;
  const norm = { dim, epsilon, bias: normBias };
  const headDim = dim / headCount;
  const normed = layer === 0 ? x : layerNorm(part, x, `${name}.attn_norm`, norm);
  const joint = linear(part, normed, `${name}.attn.Wqkv`, {
    inDim: dim,
    outDim: 3 * dim,
    bias: attentionBias,
  });
  const [query, key, value] = cut(part, joint, 3, dim) as [string, string, string];
  const attended = attend(part, query, key, value, {
    ...{ headCount, keyHeadCount: headCount, headDim, ...sight },
    scale: 1 / Math.sqrt(headDim),
  });
  const square = { inDim: dim, outDim: dim, bias: attentionBias };
  const middle = add(part, x, linear(part, attended, `${name}.attn.Wo`, square));
  const wide = linear(part, layerNorm(part, middle, `${name}.mlp_norm`, norm), `${name}.mlp.Wi`, {
    inDim: dim,
    outDim: 2 * innerDim,
    bias: innerBias,
  });
  const [input, gate] = cut(part, wide, 2, innerDim) as [string, string];
  const product = part.node('Mul', [activation(part, act, input), gate]);
  const narrow = { inDim: innerDim, outDim: dim, bias: innerBias };
  return add(part, middle, linear(part, product, `${name}.mlp.Wo`, narrow));
}

function readClassifier(config: Config, { dim, epsilon, normBias }: Sizes): Classifier {
  const pooling = config.string('classifier_pooling', 'cls');
  if (pooling !== 'cls' && pooling !== 'mean') {
    const why = `${JSON.stringify(pooling)} is neither "cls" nor "mean"`;
    throw new KnownError('config-field-invalid', { file: config.file, field: 'classifier_pooling', why });
  }
  const bias = config.boolean('classifier_bias', false);
  const act = config.string('classifier_activation', 'gelu');
  return {
    pooling,
    write: (part, pooled, labelCount) => {
      const dense = linear(part, pooled, 'head.dense', { inDim: dim, outDim: dim, bias });
      const normed = layerNorm(part, activation(part, act, dense), 'head.norm', {
        dim,
        epsilon,
        bias: normBias,
      });
      return linear(part, normed, 'classifier', { inDim: dim, outDim: labelCount });
    },
  };
}
