/**
 * DistilBERT: BERT's layers under other names, without token types. Positions are a table, also where they started as sines:
 * checkpoints hold it. Source: https://arxiv.org/abs/1910.01108; transformers `DistilBertModel`.
 */
import type { Config } from '../model/config.ts';
import { activation } from './activation.ts';
import { attend } from './attention.ts';
import {
  lastHidden,
  nameOf,
  readHeads,
  readLayerCount,
  readSize,
  step,
  type Body,
  type Family,
} from './family.ts';
import { add, feedForward, flatten, layerNorm, linear } from './layers.ts';
import type { PartWriter } from './part.ts';

/** Fixed in the code, not in the configuration. */
const epsilon = 1e-12;

export const distilbert: Family = { tasks: ['encoder', 'reranker'], build };

function build(config: Config): Body {
  const width = nameOf(config, 'dim', 'hidden_size');
  const dim = readSize(config, width, 768);
  const headCount = readHeads(config, nameOf(config, 'n_heads', 'num_attention_heads'), dim, width, 12);
  const layerCount = readLayerCount(config, nameOf(config, 'n_layers', 'num_hidden_layers'), 6);
  const innerDim = readSize(config, 'hidden_dim', 4 * 768);
  const positions = readSize(config, 'max_position_embeddings', 512);
  const vocabulary = readSize(config, 'vocab_size', 30522);
  const act = config.string('activation', 'gelu');
  const sizes = { dim, headCount, innerDim, act };
  const layers = Array.from({ length: layerCount }, (_, layer) =>
    step(dim, (part, x) => writeLayer(part, x, `transformer.layer.${layer}`, sizes)),
  );
  return {
    stages: [
      (part) => {
        const word = part.lookup('embeddings.word_embeddings.weight', vocabulary, dim);
        const table = part.parameter('embeddings.position_embeddings.weight', positions, dim);
        const place = part.node('Gather', [table, part.feed({ kind: 'positions', first: 0 })]);
        const sum = flatten(part, add(part, word, place), dim);
        part.give(lastHidden, layerNorm(part, sum, 'embeddings.LayerNorm', { dim, epsilon }), dim);
      },
      ...layers,
    ],
    dim,
    maxPositions: positions,
    classifier: {
      pooling: 'cls',
      write: (part, pooled, labelCount) => {
        const dense = linear(part, pooled, 'pre_classifier', { inDim: dim, outDim: dim });
        return linear(part, activation(part, 'relu', dense), 'classifier', {
          inDim: dim,
          outDim: labelCount,
        });
      },
    },
  };
}

function writeLayer(
  part: PartWriter,
  x: string,
  name: string,
  { dim, headCount, innerDim, act }: { dim: number; headCount: number; innerDim: number; act: string },
): string {
  const square = { inDim: dim, outDim: dim };
  const project = (which: string) => linear(part, x, `${name}.attention.${which}`, square);
  const headDim = dim / headCount;
  const attended = attend(part, project('q_lin'), project('k_lin'), project('v_lin'), {
    ...{ headCount, keyHeadCount: headCount, headDim },
    scale: 1 / Math.sqrt(headDim),
    reach: { kind: 'all' },
  });
  const joined = add(part, linear(part, attended, `${name}.attention.out_lin`, square), x);
  const middle = layerNorm(part, joined, `${name}.sa_layer_norm`, { dim, epsilon });
  const names = { up: `${name}.ffn.lin1`, down: `${name}.ffn.lin2` };
  const narrow = feedForward(part, middle, names, { dim, innerDim, act, bias: true });
  return layerNorm(part, add(part, narrow, middle), `${name}.output_layer_norm`, { dim, epsilon });
}
