/**
 * Attention of every kind that the families need, from linear layers' outputs (tokens, heads · head dim) to the same.
 *
 *   softmax(scale · q kᵀ + bias + mask) v
 *
 * Fewer key heads than query heads (https://arxiv.org/abs/2305.13245): head h reads key head h / group, so that q
 * (batch, heads, seq, head) is also (batch, key heads, group · seq, head), in the same order of memory.
 */
import type { Reach, Side } from './graph.ts';
import { cut, transpose } from './layers.ts';
import { integer } from './onnx.ts';
import type { PartWriter } from './part.ts';
import type { Rotary } from './rotary.ts';

export interface Attention {
  readonly headCount: number;
  readonly keyHeadCount: number;
  readonly headDim: number;
  readonly scale: number;
  readonly reach: Reach;
  readonly side?: Side;
  readonly keySide?: Side;
  /** Turns queries and keys by their positions. */
  readonly rotary?: Rotary;
  /** (1, heads, queries, keys), added to the scores. */
  readonly bias?: string;
  /** Norms of queries and keys, (…, head dim) to the same, before they are turned. */
  readonly normQuery?: (x: string) => string;
  readonly normKey?: (x: string) => string;
}

export function attend(
  part: PartWriter,
  query: string,
  key: string,
  value: string,
  attention: Attention,
): string {
  const { headCount, keyHeadCount, headDim, reach, bias, scale } = attention;
  const { side = 'source', keySide = 'source', normQuery = same, normKey = same } = attention;
  const heads = (x: string, count: number, of: Side) =>
    part.node('Reshape', [x, part.feed({ kind: 'split', side: of, headCount: count, headDim })]);
  const turned = (x: string) => {
    const ordered = transpose(part, x, 0, 2, 1, 3);
    return attention.rotary === undefined ? ordered : rotate(part, ordered, attention.rotary, headDim);
  };
  const q = turned(normQuery(heads(query, headCount, side)));
  const k = transpose(part, turned(normKey(heads(key, keyHeadCount, keySide))), 0, 1, 3, 2);
  const v = transpose(part, heads(value, keyHeadCount, keySide), 0, 2, 1, 3);

  const grouped = keyHeadCount !== headCount;
  const reshape = (x: string, ...sizes: readonly number[]) => part.node('Reshape', [x, part.shape(...sizes)]);
  // 0 keeps a dimension as it is
  const dense = grouped ? reshape(q, 0, keyHeadCount, -1, headDim) : q;
  let scores = part.node('MatMul', [dense, k]);
  if (scale !== 1) scores = part.node('Mul', [scores, part.scalar(scale)]);
  if (grouped) scores = reshape(scores, 0, headCount, -1, 0);
  if (bias !== undefined) scores = part.node('Add', [scores, bias]);
  const masked = part.node('Add', [scores, part.feed({ kind: 'mask', side, keySide, reach })]);
  let shares = part.node('Softmax', [masked], { axis: integer(-1) });
  if (grouped) shares = reshape(shares, 0, keyHeadCount, -1, 0);
  let mixed = part.node('MatMul', [shares, v]);
  if (grouped) mixed = reshape(mixed, 0, headCount, -1, headDim);
  return reshape(transpose(part, mixed, 0, 2, 1, 3), -1, headCount * headDim);
}

function same(x: string): string {
  return x;
}

/** x · cos + (−x₂, x₁) · sin for the halves x₁, x₂ of what turns; dimensions beyond `rotary.dim` stay. (batch, heads, seq, head) */
function rotate(part: PartWriter, x: string, rotary: Rotary, headDim: number): string {
  const [turning, rest] =
    rotary.dim === headDim
      ? [x, undefined]
      : (part.nodes('Split', [x, part.shape(rotary.dim, headDim - rotary.dim)], { axis: integer(-1) }, 2) as [
          string,
          string,
        ]);
  const [first, second] = cut(part, turning, 2, rotary.dim / 2) as [string, string];
  const crossed = part.node('Concat', [part.node('Neg', [second]), first], { axis: integer(-1) });
  const turned = part.node('Add', [
    part.node('Mul', [turning, part.feed({ kind: 'cos', rotary })]),
    part.node('Mul', [crossed, part.feed({ kind: 'sin', rotary })]),
  ]);
  return rest === undefined ? turned : part.node('Concat', [turned, rest], { axis: integer(-1) });
}

/**
 * T5's and MPNet's bias by relative position, from a table (buckets, heads): (1, heads, queries, keys).
 * Source: https://arxiv.org/abs/1910.10683, 2.1.
 */
export function relativeBias(
  part: PartWriter,
  name: string,
  headCount: number,
  directions: 'both' | 'before',
  { count, maxDistance, rows = count }: { count: number; maxDistance: number; rows?: number },
  side: Side = 'source',
): string {
  const buckets = part.feed({
    kind: 'buckets',
    side,
    keySide: side,
    buckets: { count, maxDistance, directions },
  });
  const table = part.parameter(name, rows, headCount);
  const bias = transpose(part, part.node('Gather', [table, buckets]), 2, 0, 1);
  return part.node('Unsqueeze', [bias, part.shape(0)]);
}
