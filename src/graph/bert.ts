/**
 * BERT and what shares its layers: MiniLM, BGE, E5, GTE; RoBERTa and XLM-R, whose positions count from the padding id on;
 * ELECTRA, whose tables are narrower than its layers. Post-norm encoders with learned positions.
 *
 *   x = LN(word[ids] + position[positions] + type[types])                    (tokens, dim)
 *   per layer: a = softmax(q kᵀ / √head + mask) v;  x = LN(x + a W + b)
 *              x = LN(x + act(x W₁ + b₁) W₂ + b₂)
 *
 * Source: BERT, https://arxiv.org/abs/1810.04805; RoBERTa, https://arxiv.org/abs/1907.11692; ELECTRA,
 * https://arxiv.org/abs/2003.10555; transformers `BertModel`, `RobertaModel`, `ElectraModel`. BERT's pooler is computed for its
 * classifier only: sentence embeddings are pooled from the last layer.
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
  requireValue,
  step,
  type Body,
  type Classifier,
  type Family,
} from './family.ts';
import { add, feedForward, flatten, layerNorm, linear } from './layers.ts';
import type { PartWriter } from './part.ts';

interface Sizes {
  readonly dim: number;
  readonly innerDim: number;
  readonly layerCount: number;
  readonly headCount: number;
  readonly vocabulary: number;
  readonly positions: number;
  readonly typeCount: number;
  readonly epsilon: number;
  readonly act: string;
  /** Of the tables. */
  readonly tableDim: number;
  /** The position of the first token, and the id that has none of its own. */
  readonly first: number;
  readonly skipped: number | undefined;
}

export const bert: Family = {
  tasks: ['encoder', 'reranker'],
  build: (config, model) =>
    buildBert(config, model, {
      positions: 'from-zero',
      tables: 'wide',
      classifier: { pooling: 'cls', write: pooledClassifier },
    }),
};

export const roberta: Family = {
  tasks: ['encoder', 'reranker'],
  build: (config, model) =>
    buildBert(config, model, {
      positions: 'after-padding',
      tables: 'wide',
      classifier: denseClassifier('tanh'),
    }),
};

export const electra: Family = {
  tasks: ['encoder', 'reranker'],
  build: (config, model) =>
    buildBert(config, model, {
      positions: 'from-zero',
      tables: 'narrow',
      classifier: denseClassifier('gelu'),
    }),
};

interface Variant {
  readonly positions: 'from-zero' | 'after-padding';
  readonly tables: 'wide' | 'narrow';
  readonly classifier: Classifier;
}

function buildBert(config: Config, model: string, variant: Variant): Body {
  const sizes = readSizes(config, model, variant);
  const { dim, layerCount, positions, first } = sizes;
  const layers = Array.from({ length: layerCount }, (_, layer) =>
    step(dim, (part, x) => writeLayer(part, x, `encoder.layer.${layer}`, sizes)),
  );
  return {
    stages: [(part) => part.give(lastHidden, writeEmbeddings(part, sizes), dim), ...layers],
    dim,
    maxPositions: positions - first,
    classifier: variant.classifier,
  };
}

function readSizes(config: Config, model: string, { positions, tables }: Variant): Sizes {
  const positionType = config.string('position_embedding_type', 'absolute');
  if (positionType !== 'absolute') throw new KnownError('position-type-unknown', { model, positionType });
  // either turns the encoder into something else; both are false in every embedding model
  for (const field of ['is_decoder', 'add_cross_attention']) requireValue(config, model, field, [false]);
  const dim = readSize(config, 'hidden_size');
  const padding = positions === 'after-padding' ? config.integer('pad_token_id', 1) : undefined;
  const sizes: Sizes = {
    dim,
    headCount: readHeads(config, 'num_attention_heads', dim, 'hidden_size'),
    innerDim: readSize(config, 'intermediate_size'),
    layerCount: readLayerCount(config, 'num_hidden_layers'),
    vocabulary: readSize(config, 'vocab_size'),
    positions: readSize(config, 'max_position_embeddings'),
    typeCount: readSize(config, 'type_vocab_size', 2),
    // transformers' default, when the field is absent
    epsilon: config.number('layer_norm_eps', 1e-12),
    act: config.string('hidden_act', 'gelu'),
    tableDim: tables === 'narrow' ? readSize(config, 'embedding_size', 128) : dim,
    first: padding === undefined ? 0 : padding + 1,
    skipped: padding,
  };
  if (sizes.positions > sizes.first) return sizes;
  const why = `${sizes.positions} leaves no row after the padding's`;
  throw new KnownError('config-field-invalid', { file: config.file, field: 'max_position_embeddings', why });
}

/** (tokens, dim) */
function writeEmbeddings(part: PartWriter, sizes: Sizes): string {
  const { vocabulary, positions, typeCount, tableDim, dim, epsilon, first, skipped } = sizes;
  const word = part.lookup('embeddings.word_embeddings.weight', vocabulary, tableDim);
  const place = part.node('Gather', [
    part.parameter('embeddings.position_embeddings.weight', positions, tableDim),
    part.feed({ kind: 'positions', first, ...(skipped === undefined ? {} : { skipped }) }),
  ]);
  const type = part.node('Gather', [
    part.parameter('embeddings.token_type_embeddings.weight', typeCount, tableDim),
    part.feed({ kind: 'types' }),
  ]);
  // in transformers' order: word + type, then + position
  const sum = flatten(part, add(part, add(part, word, type), place), tableDim);
  const normed = layerNorm(part, sum, 'embeddings.LayerNorm', { dim: tableDim, epsilon });
  if (tableDim === dim) return normed;
  return linear(part, normed, 'embeddings_project', { inDim: tableDim, outDim: dim });
}

function writeLayer(part: PartWriter, x: string, name: string, sizes: Sizes): string {
  const { dim, innerDim, headCount, epsilon, act } = sizes;
  const square = { inDim: dim, outDim: dim };
  const project = (which: string) => linear(part, x, `${name}.attention.self.${which}`, square);
  const headDim = dim / headCount;
  const attended = attend(part, project('query'), project('key'), project('value'), {
    ...{ headCount, keyHeadCount: headCount, headDim },
    scale: 1 / Math.sqrt(headDim),
    reach: { kind: 'all' },
  });
  const joined = add(part, linear(part, attended, `${name}.attention.output.dense`, square), x);
  const middle = layerNorm(part, joined, `${name}.attention.output.LayerNorm`, { dim, epsilon });
  const names = { up: `${name}.intermediate.dense`, down: `${name}.output.dense` };
  const narrow = feedForward(part, middle, names, { dim, innerDim, act, bias: true });
  return layerNorm(part, add(part, narrow, middle), `${name}.output.LayerNorm`, { dim, epsilon });
}

/** BERT's: tanh of the pooler's layer, then one linear layer. */
function pooledClassifier(part: PartWriter, pooled: string, labelCount: number, dim: number): string {
  const dense = linear(part, pooled, 'pooler.dense', { inDim: dim, outDim: dim });
  return linear(part, activation(part, 'tanh', dense), 'classifier', { inDim: dim, outDim: labelCount });
}

/** RoBERTa's and its relatives': a head with two layers of its own. */
export function denseClassifier(act: string): Classifier {
  return {
    pooling: 'cls',
    write: (part, pooled, labelCount, dim) => {
      const dense = linear(part, pooled, 'classifier.dense', { inDim: dim, outDim: dim });
      const active = activation(part, act, dense);
      return linear(part, active, 'classifier.out_proj', { inDim: dim, outDim: labelCount });
    },
  };
}
