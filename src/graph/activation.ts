/**
 * Activation functions by the names that configurations use. Every name is one formula; an unknown one is refused.
 * Source: transformers, `ACT2FN` (https://github.com/huggingface/transformers/blob/main/src/transformers/activations.py).
 */
import { KnownError } from '../errors.ts';
import { text } from './onnx.ts';
import type { PartWriter } from './part.ts';

const activations: Readonly<Record<string, (part: PartWriter, x: string) => string>> = {
  // exact, with the error function
  gelu: (part, x) => part.node('Gelu', [x]),
  // the tanh approximation under its names
  gelu_new: (part, x) => part.node('Gelu', [x], { approximate: text('tanh') }),
  gelu_fast: (part, x) => part.node('Gelu', [x], { approximate: text('tanh') }),
  gelu_pytorch_tanh: (part, x) => part.node('Gelu', [x], { approximate: text('tanh') }),
  relu: (part, x) => part.node('Relu', [x]),
  silu: (part, x) => part.node('Mul', [x, part.node('Sigmoid', [x])]),
  swish: (part, x) => part.node('Mul', [x, part.node('Sigmoid', [x])]),
  tanh: (part, x) => part.node('Tanh', [x]),
};

/** Adds the activation that `name` stands for. Throws `activation-unknown`. */
export function activation(part: PartWriter, name: string, x: string): string {
  const add = Object.hasOwn(activations, name) ? activations[name] : undefined;
  if (add === undefined) throw new KnownError('activation-unknown', { model: part.model, activation: name });
  return add(part, x);
}
