/**
 * Texts to embeddings: batches of token ids through a session, pooled as the model's own settings (or the reference)
 * say. Sequences are sorted by length, so that little is padded, and come back in the order they were given.
 */
import type { EncoderSession, Feed, Placed } from '../graph/session.ts';
import type { Pooling } from '../model/pooling.ts';

/** About a second of MiniLM on one WASM thread: how soon a stop between batches is seen. */
const batchTokens = 1024;

/** As transformers masks: the lowest float32, which softmax turns into exactly 0. */
const lowest = -3.4028234663852886e38;
/** What sentence-transformers puts at padding before a maximum. */
const maxPadding = -1e9;

export interface EmbedOptions {
  readonly pooling: Pooling;
  readonly signal: AbortSignal;
  /** Called after each batch with the number of batches done. */
  readonly onBatch?: (done: number, total: number) => void;
}

/** (sequences,) indices in batches: by length, each at most `batchTokens` once padded. */
export function planBatches(lengths: readonly number[], limit = batchTokens): readonly (readonly number[])[] {
  const order = lengths.map((_, index) => index).sort((a, b) => lengths[a]! - lengths[b]! || a - b);
  const batches: number[][] = [];
  for (const index of order) {
    const open = batches.at(-1);
    // ascending order: the newcomer is the longest
    if (open !== undefined && (open.length + 1) * lengths[index]! <= limit) open.push(index);
    else batches.push([index]);
  }
  return batches;
}

/**
 * @param sequences (sequences,) token ids
 * @returns (sequences,) embeddings of (dim,), not normalised
 *
 * Throws AbortError between batches, and what the session throws.
 */
export async function embedSequences(
  session: EncoderSession,
  placed: Placed,
  sequences: readonly (readonly number[])[],
  { pooling, signal, onBatch }: EmbedOptions,
): Promise<readonly Float32Array[]> {
  const { dim } = session.graph;
  const embeddings: Float32Array[] = sequences.map(() => new Float32Array(0));
  const batches = planBatches(sequences.map(({ length }) => length));
  for (const [done, batch] of batches.entries()) {
    await breathe();
    signal.throwIfAborted();
    const rows = await session.run(
      placed,
      feedsOf(
        batch.map((index) => sequences[index]!),
        pooling,
        session,
      ),
    );
    batch.forEach((index, b) => (embeddings[index] = rows.slice(b * dim, (b + 1) * dim)));
    onBatch?.(done + 1, batches.length);
  }
  return embeddings;
}

/** Lets messages in: a run on the CPU leaves no gap in which a stop could arrive. */
function breathe(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

function feedsOf(
  sequences: readonly (readonly number[])[],
  pooling: Pooling,
  { graph }: EncoderSession,
): Record<string, Feed> {
  const batch = sequences.length;
  const seq = Math.max(...sequences.map(({ length }) => length));
  const ids = new BigInt64Array(batch * seq);
  const mask = new Float32Array(batch * seq).fill(lowest);
  const pool = new Float32Array(batch * seq).fill(pooling === 'max' ? maxPadding : 0);
  sequences.forEach((sequence, b) => {
    const row = b * seq;
    sequence.forEach((id, s) => (ids[row + s] = BigInt(id)));
    mask.fill(0, row, row + sequence.length);
    fillPool(pool.subarray(row, row + sequence.length), pooling);
  });
  const int64 = (data: BigInt64Array, ...shape: number[]): Feed => ({ type: 'int64', data, shape });
  const float32 = (data: Float32Array, ...shape: number[]): Feed => ({ type: 'float32', data, shape });
  const sizes = (...values: number[]) => int64(BigInt64Array.from(values.map(BigInt)), values.length);
  return {
    ids: int64(ids, batch, seq),
    types: int64(new BigInt64Array(batch * seq), batch, seq),
    positions: int64(
      BigInt64Array.from({ length: seq }, (_, s) => BigInt(s)),
      1,
      seq,
    ),
    mask: float32(mask, batch, 1, 1, seq),
    heads: sizes(batch, seq, graph.headCount, graph.dim / graph.headCount),
    hidden: sizes(batch, seq, graph.dim),
    pool: pooling === 'max' ? float32(pool, batch, seq, 1) : float32(pool, batch, 1, seq),
  };
}

/** One sequence's row of the pooling matrix (seq,), see graph/graph.ts. */
function fillPool(row: Float32Array, pooling: Pooling): void {
  switch (pooling) {
    case 'mean':
      row.fill(1 / row.length);
      break;
    case 'cls':
      row[0] = 1;
      break;
    case 'lasttoken':
      row[row.length - 1] = 1;
      break;
    case 'max':
      row.fill(0);
      break;
  }
}
