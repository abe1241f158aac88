/**
 * Activation functions by the names that configurations use. Every name is one formula; an unknown one is refused.
 * Source: transformers, `ACT2FN` (https://github.com/huggingface/transformers/blob/main/src/transformers/activations.py).
 */
import { KnownError } from '../errors.ts';
import { type GraphWriter, text } from './onnx.ts';

const activations: Readonly<Record<string, (graph: GraphWriter, x: string) => string>> = {
  // exact, with the error function
  gelu: (graph, x) => graph.node('Gelu', [x]),
  // the tanh approximation under its two names
  gelu_new: (graph, x) => graph.node('Gelu', [x], { attributes: { approximate: text('tanh') } }),
  gelu_pytorch_tanh: (graph, x) => graph.node('Gelu', [x], { attributes: { approximate: text('tanh') } }),
  relu: (graph, x) => graph.node('Relu', [x]),
  silu: (graph, x) => graph.node('Mul', [x, graph.node('Sigmoid', [x])]),
  swish: (graph, x) => graph.node('Mul', [x, graph.node('Sigmoid', [x])]),
  tanh: (graph, x) => graph.node('Tanh', [x]),
};

/** Adds the activation that `name` stands for. Throws `activation-unknown`. */
export function activation(graph: GraphWriter, name: string, x: string, model: string): string {
  const add = Object.hasOwn(activations, name) ? activations[name] : undefined;
  if (add === undefined) throw new KnownError('activation-unknown', { model, activation: name });
  return add(graph, x);
}
