/**
 * MPNet: BERT's layers under other names, without token types, with a bias by relative position that all layers share.
 * Two numbers are fixed in the source, whatever the configuration says: 32 buckets, and positions count from id 1 on.
 * Source: https://arxiv.org/abs/2004.09297; transformers `MPNetModel`.
 */
import { KnownError } from '../errors.ts';
import type { Config } from '../model/config.ts';
import { attend, relativeBias } from './attention.ts';
import { denseClassifier } from './bert.ts';
import { lastHidden, readHeads, readLayerCount, readSize, step, type Body, type Family } from './family.ts';
import { add, feedForward, flatten, layerNorm, linear } from './layers.ts';
import type { PartWriter } from './part.ts';

const buckets = { count: 32, maxDistance: 128 };
const padding = 1;

export const mpnet: Family = { tasks: ['encoder', 'reranker'], build };

function build(config: Config): Body {
  const dim = readSize(config, 'hidden_size', 768);
  const sizes: Sizes = {
    dim,
    headCount: readHeads(config, 'num_attention_heads', dim, 'hidden_size', 12),
    innerDim: readSize(config, 'intermediate_size', 3072),
    bucketRows: readBucketRows(config),
    act: config.string('hidden_act', 'gelu'),
    epsilon: config.number('layer_norm_eps', 1e-12),
  };
  const { epsilon } = sizes;
  const positions = readSize(config, 'max_position_embeddings', 512);
  const vocabulary = readSize(config, 'vocab_size', 30527);
  const layers = Array.from({ length: readLayerCount(config, 'num_hidden_layers', 12) }, (_, layer) =>
    step(dim, (part, x) => writeLayer(part, x, `encoder.layer.${layer}`, sizes)),
  );
  return {
    stages: [
      (part) => {
        const word = part.lookup('embeddings.word_embeddings.weight', vocabulary, dim);
        const table = part.parameter('embeddings.position_embeddings.weight', positions, dim);
        const places = part.feed({ kind: 'positions', first: padding + 1, skipped: padding });
        const sum = flatten(part, add(part, word, part.node('Gather', [table, places])), dim);
        part.give(lastHidden, layerNorm(part, sum, 'embeddings.LayerNorm', { dim, epsilon }), dim);
      },
      ...layers,
    ],
    dim,
    maxPositions: positions - padding - 1,
    classifier: denseClassifier('tanh'),
  };
}

/** A smaller table has no row for keys after the query: the source fails there. */
function readBucketRows(config: Config): number {
  const field = 'relative_attention_num_buckets';
  const rows = readSize(config, field, buckets.count);
  if (rows >= buckets.count) return rows;
  const why = `${rows} rows are fewer than the ${buckets.count} that are used`;
  throw new KnownError('config-field-invalid', { file: config.file, field, why });
}

interface Sizes {
  readonly dim: number;
  readonly headCount: number;
  readonly innerDim: number;
  readonly bucketRows: number;
  readonly act: string;
  readonly epsilon: number;
}

function writeLayer(part: PartWriter, x: string, name: string, sizes: Sizes): string {
  const { dim, headCount, innerDim, bucketRows, act, epsilon } = sizes;
  const square = { inDim: dim, outDim: dim };
  const project = (which: string) => linear(part, x, `${name}.attention.attn.${which}`, square);
  const headDim = dim / headCount;
  const bias = relativeBias(part, 'encoder.relative_attention_bias.weight', headCount, 'both', {
    ...buckets,
    rows: bucketRows,
  });
  const attended = attend(part, project('q'), project('k'), project('v'), {
    ...{ headCount, keyHeadCount: headCount, headDim, bias },
    scale: 1 / Math.sqrt(headDim),
    reach: { kind: 'all' },
  });
  const joined = add(part, linear(part, attended, `${name}.attention.attn.o`, square), x);
  const middle = layerNorm(part, joined, `${name}.attention.LayerNorm`, { dim, epsilon });
  const names = { up: `${name}.intermediate.dense`, down: `${name}.output.dense` };
  const narrow = feedForward(part, middle, names, { dim, innerDim, act, bias: true });
  return layerNorm(part, add(part, narrow, middle), `${name}.output.LayerNorm`, { dim, epsilon });
}
