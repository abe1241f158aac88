/** What families share: linear layers, norms and gated feed-forward layers, on (tokens, dim), tokens = batch · seq. */
import { activation } from './activation.ts';
import { float, integer, integers } from './onnx.ts';
import type { PartWriter } from './part.ts';

/** Sizes of a linear layer, and whether it has a bias. */
export interface Linear {
  readonly inDim: number;
  readonly outDim: number;
  readonly bias?: boolean;
}

/** x Wᵀ + b with W (out, in), as checkpoints store it: Gemm on the flattened batch is the fastest form on every provider. */
export function linear(
  part: PartWriter,
  x: string,
  name: string,
  { inDim, outDim, bias = true }: Linear,
): string {
  const inputs = [x, part.parameter(`${name}.weight`, outDim, inDim)];
  if (bias) inputs.push(part.parameter(`${name}.bias`, outDim));
  return part.node('Gemm', inputs, { transB: integer(1) });
}

/** GPT-2's linear layer, W (in, out). */
export function conv1d(
  part: PartWriter,
  x: string,
  name: string,
  { inDim, outDim }: Omit<Linear, 'bias'>,
): string {
  const matrix = part.parameter(`${name}.weight`, inDim, outDim);
  return part.node('Gemm', [x, matrix, part.parameter(`${name}.bias`, outDim)]);
}

/** A layer norm over the last dimension. Without a bias the node has none either. */
export function layerNorm(
  part: PartWriter,
  x: string,
  name: string,
  { dim, epsilon, bias = true }: { readonly dim: number; readonly epsilon: number; readonly bias?: boolean },
): string {
  const inputs = [x, part.parameter(`${name}.weight`, dim)];
  if (bias) inputs.push(part.parameter(`${name}.bias`, dim));
  return part.node('LayerNormalization', inputs, { axis: integer(-1), epsilon: float(epsilon) });
}

/**
 * x / sqrt(mean(x²) + ε) · w, over the last dimension; `one-plus`: · (1 + w), as Gemma stores it.
 * Source: https://arxiv.org/abs/1910.07467.
 */
export function rmsNorm(
  part: PartWriter,
  x: string,
  name: string,
  { dim, epsilon, scale = 'plain' }: RmsNorm,
): string {
  const stored = part.parameter(`${name}.weight`, dim);
  const factor = scale === 'plain' ? stored : part.node('Add', [stored, part.scalar(1)]);
  return part.node('SimplifiedLayerNormalization', [x, factor], {
    axis: integer(-1),
    epsilon: float(epsilon),
    stash_type: integer(1),
  });
}

export interface RmsNorm {
  readonly dim: number;
  readonly epsilon: number;
  readonly scale?: 'plain' | 'one-plus';
}

/** W₂ act(W₁ x + b₁) + b₂: `up` and `down` are the layers' names. */
export function feedForward(
  part: PartWriter,
  x: string,
  names: { readonly up: string; readonly down: string },
  { dim, innerDim, act, bias }: FeedForward,
): string {
  const wide = linear(part, x, names.up, { inDim: dim, outDim: innerDim, bias });
  return linear(part, activation(part, act, wide), names.down, { inDim: innerDim, outDim: dim, bias });
}

/** W₃ (act(W₁ x) · W₂ x): `gate`, `up` and `down` are the layers' names. Source: https://arxiv.org/abs/2002.05202. */
export function gated(
  part: PartWriter,
  x: string,
  names: { readonly gate: string; readonly up: string; readonly down: string },
  { dim, innerDim, act, bias }: FeedForward,
): string {
  const wide = { inDim: dim, outDim: innerDim, bias };
  const gate = activation(part, act, linear(part, x, names.gate, wide));
  const product = part.node('Mul', [gate, linear(part, x, names.up, wide)]);
  return linear(part, product, names.down, { inDim: innerDim, outDim: dim, bias });
}

export interface FeedForward {
  readonly dim: number;
  readonly innerDim: number;
  readonly act: string;
  readonly bias: boolean;
}

export function add(part: PartWriter, a: string, b: string): string {
  return part.node('Add', [a, b]);
}

/** (batch, seq, dim) to (tokens, dim). */
export function flatten(part: PartWriter, x: string, dim: number): string {
  return part.node('Reshape', [x, part.shape(-1, dim)]);
}

/** Cuts the last dimension into equal pieces. */
export function cut(part: PartWriter, x: string, count: number, size: number): readonly string[] {
  const sizes = part.shape(...Array.from({ length: count }, () => size));
  return part.nodes('Split', [x, sizes], { axis: integer(-1) }, count);
}

export function transpose(part: PartWriter, x: string, ...order: readonly number[]): string {
  return part.node('Transpose', [x], { perm: integers(...order) });
}
