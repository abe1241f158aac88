/**
 * A runnable model as data: the ONNX bytes, the parameters that must be fed, and what else a run needs.
 * Every parameter is a graph input, so one session serves every checkpoint and every mixture of an architecture.
 */

/** A parameter to feed: its canonical tensor name (model/names.ts) and shape. */
export interface Parameter {
  readonly name: string;
  readonly shape: readonly number[];
}

/**
 * How a sequence becomes one vector. `matrix`: mean, CLS and last-token pooling are one product with a
 * (batch, 1, seq) matrix fed at each run, so that they share a session. `max` has a node of its own.
 */
export type PoolingNode = 'matrix' | 'max';

/**
 * An encoder's graph. Inputs beside the parameters, all made by score/embed.ts:
 *
 *   ids, types    int64 (batch, seq)
 *   positions     int64 (1, seq)
 *   mask          float32 (batch, 1, 1, seq), added to the attention scores: 0, or the lowest float32 at padding
 *   heads         int64 (4,) = batch, seq, heads, head dim; a fed shape spares Shape nodes, which only the CPU runs
 *   hidden        int64 (3,) = batch, seq, dim
 *   pool          `matrix`: float32 (batch, 1, seq), rows sum as the pooling wants
 *                 `max`: float32 (batch, seq, 1), added: 0, or −1e9 at padding
 *
 * Output `embedding`: float32 (batch, 1, dim), not normalised.
 */
export interface EncoderGraph {
  readonly bytes: Uint8Array;
  readonly parameters: readonly Parameter[];
  readonly headCount: number;
  readonly dim: number;
  /** Rows of the position table: the longest sequence. */
  readonly maxPositions: number;
  readonly pooling: PoolingNode;
}
