/**
 * T5 and Flan-T5: an encoder and a decoder that looks at it, with biases by relative position that all layers of a side share,
 * norms without a shift and unscaled scores. Version 1.1 gates its feed-forward layers and unties its head.
 *
 *   per layer: x = x + W softmax(q kᵀ + bias + mask) v,  q, k, v = W RMS(x)
 *   decoder:   x = x + W softmax(q mᵀ + mask) m',  m the encoder's output
 *              x = x + W₂ act(W₁ RMS(x)), or gated
 *
 * Source: https://arxiv.org/abs/1910.10683; https://arxiv.org/abs/2002.05202; transformers `T5ForConditionalGeneration`.
 */
import { KnownError } from '../errors.ts';
import type { Config } from '../model/config.ts';
import { attend, relativeBias } from './attention.ts';
import {
  lastHidden,
  nameOf,
  readLayerCount,
  readSize,
  requireValue,
  step,
  type Body,
  type Family,
} from './family.ts';
import type { Side, Stage, Task } from './graph.ts';
import { add, feedForward, flatten, gated, linear, rmsNorm } from './layers.ts';
import type { PartWriter } from './part.ts';

export const t5: Family = { tasks: ['encoder-decoder', 'encoder'], build };

/** The carried value that holds the encoder's output while the decoder runs. */
const memory = 'memory';

interface Sizes {
  readonly dim: number;
  readonly innerDim: number;
  readonly headCount: number;
  readonly headDim: number;
  readonly epsilon: number;
  readonly act: string;
  readonly isGated: boolean;
  readonly buckets: { readonly count: number; readonly maxDistance: number };
}

function build(config: Config, model: string, task: Task): Body {
  requireValue(config, model, 'is_decoder', [false]);
  const sizes = readSizes(config, model);
  const { dim } = sizes;
  const vocabulary = readSize(config, 'vocab_size', 32128);
  const layerCount = readLayerCount(config, nameOf(config, 'num_layers', 'num_hidden_layers'), 6);
  const shared = { name: 'shared.weight', shape: [vocabulary, dim] };
  const start = (side: Side): Stage => {
    return (part) =>
      part.give(lastHidden, flatten(part, part.lookup(shared.name, vocabulary, dim, side), dim), dim);
  };
  const encoder = [
    start('source'),
    ...layersOf('encoder', layerCount, sizes),
    step(dim, (part, x) => finalNorm(part, x, 'encoder', sizes)),
  ];
  if (task === 'encoder') return { stages: encoder, dim, maxPositions: Infinity };

  const tied = config.boolean('tie_word_embeddings', true);
  // transformers 5 writes every T5 as tied, and in this field what version 4 took from tie_word_embeddings
  const scaled = config.boolean('scale_decoder_outputs', tied);
  const end = step(dim, (part, x) => {
    const normed = finalNorm(part, x, 'decoder', sizes);
    return scaled ? part.node('Mul', [normed, part.scalar(1 / Math.sqrt(dim))]) : normed;
  });
  // the source fills it in before it looks at num_hidden_layers
  const decoderCount =
    config.raw('num_decoder_layers') === undefined
      ? readLayerCount(config, 'num_layers', 6)
      : readLayerCount(config, 'num_decoder_layers');
  const keep: Stage = (part) => part.give(memory, part.take(lastHidden, dim), dim);
  return {
    stages: [...encoder, keep, start('target'), ...layersOf('decoder', decoderCount, sizes), end],
    dim,
    maxPositions: Infinity,
    head: {
      table: tied && scaled ? shared : { ...shared, name: 'lm_head.weight' },
      softcap: undefined,
    },
    startId: config.integer('decoder_start_token_id', config.integer('pad_token_id', 0)),
  };
}

function readSizes(config: Config, model: string): Sizes {
  const stated = config.string('feed_forward_proj', 'relu');
  const [first, second, ...rest] = stated.split('-');
  if (rest.length > 0 || (second !== undefined && first !== 'gated')) {
    const why = `${JSON.stringify(stated)} is neither an activation nor gated- and one`;
    throw new KnownError('config-field-invalid', { file: config.file, field: 'feed_forward_proj', why });
  }
  // the source's own exception: this name means the approximation
  const act = stated === 'gated-gelu' ? 'gelu_new' : (second ?? first!);
  const isGated = second !== undefined;
  // stated, they win in the source
  requireValue(config, model, 'dense_act_fn', [act]);
  requireValue(config, model, 'is_gated_act', [isGated]);
  return {
    dim: readSize(config, nameOf(config, 'd_model', 'hidden_size'), 512),
    innerDim: readSize(config, 'd_ff', 2048),
    headCount: readSize(config, nameOf(config, 'num_heads', 'num_attention_heads'), 8),
    headDim: readSize(config, nameOf(config, 'd_kv', 'head_dim'), 64),
    epsilon: config.number('layer_norm_epsilon', 1e-6),
    ...{ act, isGated },
    buckets: {
      count: readSize(config, 'relative_attention_num_buckets', 32),
      maxDistance: readSize(config, 'relative_attention_max_distance', 128),
    },
  };
}

function finalNorm(part: PartWriter, x: string, stack: string, { dim, epsilon }: Sizes): string {
  return rmsNorm(part, x, `${stack}.final_layer_norm`, { dim, epsilon });
}

function layersOf(stack: 'encoder' | 'decoder', count: number, sizes: Sizes): readonly Stage[] {
  return Array.from({ length: count }, (_, layer) =>
    step(sizes.dim, (part, x) => {
      const name = `${stack}.block.${layer}.layer`;
      const own = attendSelf(part, x, stack, `${name}.0`, sizes);
      if (stack === 'encoder') return feed(part, own, `${name}.1`, sizes);
      return feed(part, attendMemory(part, own, `${name}.1`, sizes), `${name}.2`, sizes);
    }),
  );
}

function attendSelf(
  part: PartWriter,
  x: string,
  stack: 'encoder' | 'decoder',
  name: string,
  sizes: Sizes,
): string {
  const { dim, headCount, headDim, epsilon, buckets } = sizes;
  const side = stack === 'encoder' ? 'source' : 'target';
  const directions = stack === 'encoder' ? 'both' : 'before';
  const table = `${stack}.block.0.layer.0.SelfAttention.relative_attention_bias.weight`;
  const bias = relativeBias(part, table, headCount, directions, buckets, side);
  const normed = rmsNorm(part, x, `${name}.layer_norm`, { dim, epsilon });
  const project = (which: string) => toHeads(part, normed, `${name}.SelfAttention.${which}`, sizes);
  const attended = attend(part, project('q'), project('k'), project('v'), {
    ...{ headCount, keyHeadCount: headCount, headDim, bias, side, keySide: side },
    scale: 1,
    reach: stack === 'encoder' ? { kind: 'all' } : { kind: 'causal', window: Infinity },
  });
  return add(part, x, fromHeads(part, attended, `${name}.SelfAttention.o`, sizes));
}

function attendMemory(part: PartWriter, x: string, name: string, sizes: Sizes): string {
  const { dim, headCount, headDim, epsilon } = sizes;
  const normed = rmsNorm(part, x, `${name}.layer_norm`, { dim, epsilon });
  const source = part.take(memory, dim);
  const project = (value: string, which: string) =>
    toHeads(part, value, `${name}.EncDecAttention.${which}`, sizes);
  const attended = attend(part, project(normed, 'q'), project(source, 'k'), project(source, 'v'), {
    ...{ headCount, keyHeadCount: headCount, headDim },
    scale: 1,
    reach: { kind: 'all' },
    side: 'target',
    keySide: 'source',
  });
  return add(part, x, fromHeads(part, attended, `${name}.EncDecAttention.o`, sizes));
}

function toHeads(part: PartWriter, x: string, name: string, { dim, headCount, headDim }: Sizes): string {
  return linear(part, x, name, { inDim: dim, outDim: headCount * headDim, bias: false });
}

function fromHeads(part: PartWriter, x: string, name: string, { dim, headCount, headDim }: Sizes): string {
  return linear(part, x, name, { inDim: headCount * headDim, outDim: dim, bias: false });
}

function feed(part: PartWriter, x: string, name: string, sizes: Sizes): string {
  const { dim, innerDim, act, epsilon, isGated } = sizes;
  const normed = rmsNorm(part, x, `${name}.layer_norm`, { dim, epsilon });
  const inside = `${name}.DenseReluDense`;
  const down = `${inside}.wo`;
  const shape = { dim, innerDim, act, bias: false };
  const fed = isGated
    ? gated(part, normed, { gate: `${inside}.wi_0`, up: `${inside}.wi_1`, down }, shape)
    : feedForward(part, normed, { up: `${inside}.wi`, down }, shape);
  return add(part, x, fed);
}
