/**
 * BERT and what shares its computation: MiniLM, BGE, E5, GTE. Post-norm encoder with learned positions.
 *
 *   x = LN(word[ids] + position[positions] + type[types])                    (batch·seq, dim)
 *   per layer: a = softmax(q kᵀ / √head + mask) v;  x = LN(x + a W + b)
 *              x = LN(x + act(x W₁ + b₁) W₂ + b₂)
 *
 * Source: BERT, https://arxiv.org/abs/1810.04805; transformers `BertModel`. The pooler is not computed: sentence
 * embeddings are pooled from the last layer.
 */
import { KnownError } from '../errors.ts';
import type { Config } from '../model/config.ts';
import { activation } from './activation.ts';
import type { EncoderGraph, Parameter, PoolingNode } from './graph.ts';
import { float, GraphWriter, integer, integers } from './onnx.ts';

interface Sizes {
  readonly dim: number;
  readonly innerDim: number;
  readonly layerCount: number;
  readonly headCount: number;
  readonly vocabulary: number;
  readonly maxPositions: number;
  readonly typeCount: number;
  readonly epsilon: number;
  readonly activation: string;
}

/** Far above any encoder's; a number like 10^9 would be built, layer by layer, until memory ends. */
const maxLayerCount = 1024;

/** Builds the graph. Throws `config-field-invalid`, `config-unsupported`, `position-type-unknown`, `activation-unknown`. */
export function buildBert(config: Config, model: string, pooling: PoolingNode): EncoderGraph {
  const sizes = readSizes(config, model);
  const graph = new GraphWriter();
  const parameters: Parameter[] = [];
  const parameter = (name: string, ...shape: readonly number[]): string => {
    parameters.push({ name, shape });
    return graph.input(name, 'float32', shape);
  };
  const block = new BertBlock(graph, parameter, sizes, model);

  let x = block.embeddings();
  for (let layer = 0; layer < sizes.layerCount; layer++) x = block.layer(x, `encoder.layer.${layer}`);
  poolSequence(graph, x, sizes.dim, pooling);

  const { headCount, dim, maxPositions } = sizes;
  return { bytes: graph.finish('bert'), parameters, headCount, dim, maxPositions, pooling };
}

function readSizes(config: Config, model: string): Sizes {
  const positionType = config.string('position_embedding_type', 'absolute');
  if (positionType !== 'absolute') throw new KnownError('position-type-unknown', { model, positionType });
  // either turns the encoder into something else; both are false in every embedding model
  for (const field of ['is_decoder', 'add_cross_attention']) {
    if (config.boolean(field, false))
      throw new KnownError('config-unsupported', { model, field, value: 'true' });
  }
  const size = (field: string, fallback?: number, most = Number.MAX_SAFE_INTEGER) => {
    const value = config.integer(field, fallback);
    if (value >= 1 && value <= most) return value;
    const why = value < 1 ? `${value} is not above 0` : `${value} is above ${most}`;
    throw new KnownError('config-field-invalid', { file: config.file, field, why });
  };
  const dim = size('hidden_size');
  const headCount = config.integer('num_attention_heads');
  if (headCount < 1 || dim % headCount !== 0) {
    const why = `${headCount} does not divide hidden_size ${dim}`;
    throw new KnownError('config-field-invalid', { file: config.file, field: 'num_attention_heads', why });
  }
  return {
    dim,
    headCount,
    innerDim: size('intermediate_size'),
    layerCount: size('num_hidden_layers', undefined, maxLayerCount),
    vocabulary: size('vocab_size'),
    maxPositions: size('max_position_embeddings'),
    typeCount: size('type_vocab_size', 2),
    // transformers' default, when the field is absent
    epsilon: config.number('layer_norm_eps', 1e-12),
    activation: config.string('hidden_act', 'gelu'),
  };
}

class BertBlock {
  readonly #graph: GraphWriter;
  readonly #parameter: (name: string, ...shape: readonly number[]) => string;
  readonly #sizes: Sizes;
  readonly #model: string;

  constructor(
    graph: GraphWriter,
    parameter: (name: string, ...shape: readonly number[]) => string,
    sizes: Sizes,
    model: string,
  ) {
    this.#graph = graph;
    this.#parameter = parameter;
    this.#sizes = sizes;
    this.#model = model;
  }

  /** (batch·seq, dim) */
  embeddings(): string {
    const { vocabulary, maxPositions, typeCount, dim } = this.#sizes;
    const graph = this.#graph;
    const ids = graph.input('ids', 'int64', ['batch', 'seq']);
    const types = graph.input('types', 'int64', ['batch', 'seq']);
    const positions = graph.input('positions', 'int64', [1, 'seq']);
    graph.input('mask', 'float32', ['batch', 1, 1, 'seq']);
    graph.input('heads', 'int64', [4]);

    const word = graph.node('Gather', [
      this.#parameter('embeddings.word_embeddings.weight', vocabulary, dim),
      ids,
    ]);
    const place = graph.node('Gather', [
      this.#parameter('embeddings.position_embeddings.weight', maxPositions, dim),
      positions,
    ]);
    const type = graph.node('Gather', [
      this.#parameter('embeddings.token_type_embeddings.weight', typeCount, dim),
      types,
    ]);
    // in transformers' order: word + type, then + position
    const sum = graph.node('Add', [graph.node('Add', [word, type]), place]);
    return this.#norm(graph.node('Reshape', [sum, graph.shape(-1, dim)]), 'embeddings.LayerNorm');
  }

  /** (batch·seq, dim) to the same. */
  layer(x: string, name: string): string {
    const { dim, innerDim } = this.#sizes;
    const graph = this.#graph;
    const attended = this.#linear(this.#attention(x, name), `${name}.attention.output.dense`, dim, dim);
    const middle = this.#norm(graph.node('Add', [attended, x]), `${name}.attention.output.LayerNorm`);
    const wide = this.#linear(middle, `${name}.intermediate.dense`, innerDim, dim);
    const active = activation(graph, this.#sizes.activation, wide, this.#model);
    const narrow = this.#linear(active, `${name}.output.dense`, dim, innerDim);
    return this.#norm(graph.node('Add', [narrow, middle]), `${name}.output.LayerNorm`);
  }

  #attention(x: string, name: string): string {
    const { dim, headCount } = this.#sizes;
    const graph = this.#graph;
    // (batch·seq, dim) → (batch, heads, seq, head), or (batch, heads, head, seq) for the keys
    const split = (part: string, order: readonly number[]) => {
      const flat = this.#linear(x, `${name}.attention.self.${part}`, dim, dim);
      const heads = graph.node('Reshape', [flat, 'heads']);
      return graph.node('Transpose', [heads], { attributes: { perm: integers(...order) } });
    };
    const query = split('query', [0, 2, 1, 3]);
    const key = split('key', [0, 2, 3, 1]);
    const value = split('value', [0, 2, 1, 3]);
    const scale = graph.scalar(1 / Math.sqrt(dim / headCount));
    const scores = graph.node('Mul', [graph.node('MatMul', [query, key]), scale]);
    const shares = graph.node('Softmax', [graph.node('Add', [scores, 'mask'])], {
      attributes: { axis: integer(-1) },
    });
    const mixed = graph.node('Transpose', [graph.node('MatMul', [shares, value])], {
      attributes: { perm: integers(0, 2, 1, 3) },
    });
    return graph.node('Reshape', [mixed, graph.shape(-1, dim)]);
  }

  /** x Wᵀ + b with W (out, in), as checkpoints store it: Gemm on the flattened batch is the fastest form on every provider. */
  #linear(x: string, name: string, outDim: number, inDim: number): string {
    const matrix = this.#parameter(`${name}.weight`, outDim, inDim);
    const bias = this.#parameter(`${name}.bias`, outDim);
    return this.#graph.node('Gemm', [x, matrix, bias], { attributes: { transB: integer(1) } });
  }

  #norm(x: string, name: string): string {
    const { dim, epsilon } = this.#sizes;
    const scale = this.#parameter(`${name}.weight`, dim);
    const bias = this.#parameter(`${name}.bias`, dim);
    return this.#graph.node('LayerNormalization', [x, scale, bias], {
      attributes: { axis: integer(-1), epsilon: float(epsilon) },
    });
  }
}

/** (batch·seq, dim) to the output `embedding` (batch, 1, dim). */
function poolSequence(graph: GraphWriter, x: string, dim: number, pooling: PoolingNode): void {
  graph.input('hidden', 'int64', [3]);
  const hidden = graph.node('Reshape', [x, 'hidden']);
  switch (pooling) {
    case 'matrix':
      graph.node('MatMul', [graph.input('pool', 'float32', ['batch', 1, 'seq']), hidden], {}, 'embedding');
      break;
    case 'max': {
      const kept = graph.node('Add', [hidden, graph.input('pool', 'float32', ['batch', 'seq', 1])]);
      graph.node('ReduceMax', [kept, graph.shape(1)], { attributes: { keepdims: integer(1) } }, 'embedding');
      break;
    }
  }
  graph.output('embedding', 'float32', ['batch', 1, dim]);
}
