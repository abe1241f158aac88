/**
 * A runnable model as data. A model is a row of stages (the embeddings, one layer, another, the pooling); consecutive stages
 * become one ONNX graph, a part, as large as memory wants (parts.ts). Every parameter is a graph input, so one session
 * serves every layer, every checkpoint and every mixture that computes the same.
 */
import type { PartWriter } from './part.ts';
import type { Rotary } from './rotary.ts';

/** A parameter to feed: its canonical tensor name (model/names.ts) and shape. */
export interface Parameter {
  readonly name: string;
  readonly shape: readonly number[];
}

/** Whose tokens: those that go in, or, in an encoder-decoder, those that are to come out. */
export type Side = 'source' | 'target';

/** Which keys a query sees: all; those up to its own place, and not farther back than the window; those at most so far away. */
export type Reach =
  | { readonly kind: 'all' }
  | { readonly kind: 'causal'; readonly window: number }
  | { readonly kind: 'near'; readonly distance: number };

/**
 * How a sequence becomes one vector. `matrix`: mean, CLS and last-token pooling are one product with a
 * (batch, 1, seq) matrix fed at each run, so that they share a session. `max` has a node of its own.
 */
export type PoolingNode = 'matrix' | 'max';

/**
 * What a run feeds beside parameters and carried values; score/feeds.ts makes it from a batch.
 *
 *   ids         int64 (batch, seq); `among`: places among the rows of that table which are used at all
 *   types       int64 (batch, seq)
 *   positions   int64 (batch, seq), from `first` on; `skipped`: an id that takes no place of its own (it stands at
 *               first − 1), or the one that nobody looks at
 *   mask        float32 (batch, 1, 1, keys) or (batch, 1, queries, keys), added to scores: 0, or the lowest float32
 *   split       int64 (4,) = batch, seq, heads, head dim; a fed shape spares Shape nodes, which only the CPU runs
 *   hidden      int64 (3,) = batch, seq, dim
 *   cos, sin    float32 (1, 1, seq, rotated dims)
 *   buckets     int64 (queries, keys) = relative position buckets
 *   pool        `matrix`: float32 (batch, 1, seq), rows sum as the pooling wants
 *               `max`: float32 (batch, seq, 1), added: 0, or −1e9 at padding
 *   scored      int64 (scored,) = which of the (batch · seq) rows go to the language model's head
 *   labels      int64 (scored, 1) = places among the head's rows [start, end); those outside are fed as 0
 */
export type Feed =
  | { readonly kind: 'ids'; readonly side: Side; readonly among?: string }
  | { readonly kind: 'types' }
  | { readonly kind: 'positions'; readonly first: number; readonly skipped?: number | 'hidden' }
  | { readonly kind: 'mask'; readonly side: Side; readonly keySide: Side; readonly reach: Reach }
  | { readonly kind: 'split'; readonly side: Side; readonly headCount: number; readonly headDim: number }
  | { readonly kind: 'hidden'; readonly side: Side; readonly dim: number }
  | { readonly kind: 'cos' | 'sin'; readonly rotary: Rotary }
  | { readonly kind: 'buckets'; readonly side: Side; readonly keySide: Side; readonly buckets: Buckets }
  | { readonly kind: 'pool'; readonly pooling: PoolingNode }
  | { readonly kind: 'scored' }
  | { readonly kind: 'labels'; readonly start: number; readonly end: number };

/** T5's relative positions: exact ones first, then logarithmic up to a distance. Source: https://arxiv.org/abs/1910.10683, 2.1. */
export interface Buckets {
  readonly count: number;
  readonly maxDistance: number;
  /** `both`: half of the buckets are for keys after the query; `before`: there are none. */
  readonly directions: 'both' | 'before';
}

/** One step of a model: adds itself to a graph. Carried values are how it gets what earlier steps left. */
export type Stage = (part: PartWriter) => void;

/** A parameter as one part wants it. */
export interface PartParameter extends Parameter {
  /** The graph's input; numbered, so that equal layers are equal bytes. */
  readonly input: string;
  /** Which rows of it; `used`: those of ids that occur on this side, and on any other that the part looks up in it, in ascending order. */
  readonly rows: 'all' | { readonly used: Side } | { readonly start: number; readonly end: number };
}

/** One ONNX graph. */
export interface Part {
  readonly bytes: Uint8Array;
  readonly parameters: readonly PartParameter[];
  /** By input name. */
  readonly feeds: ReadonlyMap<string, Feed>;
  /** Names of carried values that it needs from earlier parts. */
  readonly takes: readonly string[];
  /** Carried values that it leaves for later ones: name to output. */
  readonly gives: ReadonlyMap<string, string>;
  /** Names of its outputs that are results. */
  readonly results: readonly string[];
}

/** The last linear layer of a language model, kept apart because it runs in slices of its rows (language-head.ts). */
export interface LanguageHead {
  readonly table: Parameter;
  /** logits = cap · tanh(logits / cap), where there is one. */
  readonly softcap: number | undefined;
}

export type Task = 'encoder' | 'reranker' | 'decoder' | 'encoder-decoder';

/** A whole model. Encoders end in the result `embedding`, rerankers in `score`; the others in rows for the head. */
export interface Architecture {
  readonly task: Task;
  readonly stages: readonly Stage[];
  readonly dim: number;
  /** The longest sequence that its position table has rows for; infinite where there is no table. */
  readonly maxPositions: number;
  readonly head: LanguageHead | undefined;
  /** Encoder-decoders: what the decoder's input begins with. */
  readonly startId: number | undefined;
  /** Encoders: of `embedding`, after Dense modules. Rerankers: labels. Others: `dim`. */
  readonly outputDim: number;
  /** Rerankers: how their classifier pools. */
  readonly pooling: 'cls' | 'mean' | undefined;
}
