/** A batch of token ids as a graph wants it: padded ids, positions, masks, rotary tables, pooling rows (graph/graph.ts). */
import type { Buckets, Feed, Reach, Side } from '../graph/graph.ts';
import { rotaryTables } from '../graph/rotary.ts';
import type { FloatValue, IntegerValue, Value } from '../graph/session.ts';
import type { Pooling } from '../model/pooling.ts';

/** One thing to run: a text, a pair of texts, or an input with the output that is scored. */
export interface Unit {
  /** (seq,) */
  readonly ids: readonly number[];
  /** (seq,) token types; all 0 when absent. */
  readonly types?: readonly number[];
  /** (target seq,) what the decoder of an encoder-decoder reads. */
  readonly target?: readonly number[];
  /** Language models: positions whose logits count (of `target` where there is one), and the ids that should come there. */
  readonly scored?: readonly { readonly position: number; readonly label: number }[];
}

export interface Batch {
  readonly units: readonly Unit[];
  readonly pooling: Pooling;
  /** An id that nobody looks at, wherever it stands: the reference takes its padding for that. */
  readonly hiddenId: number | undefined;
  /** What counts as the length for rotary tables that depend on it; absent is the longest unit's. */
  readonly length: number | undefined;
}

/** Rows of a large table that are placed, by id. */
export type UsedRows = ReadonlyMap<number, number>;

/** As transformers masks: the lowest float32, which softmax turns into exactly 0. */
const lowest = -3.4028234663852886e38;
/** What sentence-transformers puts at padding before a maximum. */
const maxPadding = -1e9;

/** The longest of one side. */
export function seqOf({ units }: Pick<Batch, 'units'>, side: Side): number {
  return Math.max(...units.map((unit) => idsOf(unit, side).length));
}

export function idsOf(unit: Unit, side: Side): readonly number[] {
  return side === 'source' ? unit.ids : (unit.target ?? []);
}

/** @param used of the table that an `ids` feed names */
export function toValue(feed: Feed, batch: Batch, used: UsedRows | undefined): Value {
  const { units } = batch;
  switch (feed.kind) {
    case 'ids':
      return fillRows(units, seqOf(batch, feed.side), (unit) => {
        const ids = idsOf(unit, feed.side);
        return used === undefined ? ids : ids.map((id) => used.get(id)!);
      });
    case 'types':
      return fillRows(units, seqOf(batch, 'source'), ({ types = [] }) => types);
    case 'positions':
      return positionsOf(batch, feed);
    case 'mask':
      return maskOf(batch, feed);
    case 'split':
      return int64([units.length, seqOf(batch, feed.side), feed.headCount, feed.headDim], 4);
    case 'hidden':
      return int64([units.length, seqOf(batch, feed.side), feed.dim], 3);
    case 'cos':
    case 'sin': {
      const seq = seqOf(batch, 'source');
      const tables = rotaryTables(feed.rotary, seq, batch.length ?? seq);
      return float32(tables[feed.kind], 1, 1, seq, feed.rotary.dim);
    }
    case 'buckets':
      return bucketsOf(seqOf(batch, feed.side), seqOf(batch, feed.keySide), feed.buckets);
    case 'pool':
      return poolOf(batch, feed.pooling === 'max' ? 'max' : batch.pooling);
    case 'scored':
      return scoredOf(batch);
    case 'labels': {
      const labels = units.flatMap(({ scored = [] }) => scored.map(({ label }) => label));
      // what is not in this slice is looked up somewhere, and not used
      const local = labels.map((label) => (label >= feed.start && label < feed.end ? label - feed.start : 0));
      return int64(local, local.length, 1);
    }
  }
}

function int64(values: readonly number[], ...shape: readonly number[]): IntegerValue {
  return { type: 'int64', data: BigInt64Array.from(values, BigInt), shape };
}

function float32(data: Float32Array, ...shape: readonly number[]): FloatValue {
  return { type: 'float32', data, shape };
}

/** (batch, seq), 0 at padding. */
function fillRows(
  units: readonly Unit[],
  seq: number,
  rowOf: (unit: Unit) => readonly number[],
): IntegerValue {
  const values = new Array<number>(units.length * seq).fill(0);
  units.forEach((unit, b) => rowOf(unit).forEach((value, s) => (values[b * seq + s] = value)));
  return int64(values, units.length, seq);
}

function positionsOf(
  { units, hiddenId }: Batch,
  { first, skipped }: { readonly first: number; readonly skipped?: number | 'hidden' },
): IntegerValue {
  const seq = seqOf({ units }, 'source');
  const placeless = skipped === 'hidden' ? hiddenId : skipped;
  const values = new Array<number>(units.length * seq).fill(Math.max(0, first - 1));
  units.forEach(({ ids }, b) => {
    let next = first;
    ids.forEach((id, s) => {
      if (id !== placeless) values[b * seq + s] = next++;
    });
  });
  return int64(values, units.length, seq);
}

function maskOf(
  batch: Batch,
  { side, keySide, reach }: { readonly side: Side; readonly keySide: Side; readonly reach: Reach },
): FloatValue {
  const { units, hiddenId } = batch;
  const keys = seqOf(batch, keySide);
  const queries = reach.kind === 'all' ? 1 : seqOf(batch, side);
  const mask = new Float32Array(units.length * queries * keys).fill(lowest);
  units.forEach((unit, b) => {
    const ids = idsOf(unit, keySide);
    for (let query = 0; query < queries; query++) {
      const row = (b * queries + query) * keys;
      const [start, end] = reachOf(reach, query, ids.length);
      for (let key = start; key < end; key++) if (ids[key] !== hiddenId) mask[row + key] = 0;
    }
  });
  return float32(mask, units.length, 1, queries, keys);
}

/** Keys [start, end) that a query sees. */
function reachOf(reach: Reach, query: number, keyCount: number): readonly [number, number] {
  switch (reach.kind) {
    case 'all':
      return [0, keyCount];
    case 'causal':
      return [Math.max(0, query - reach.window + 1), Math.min(query + 1, keyCount)];
    case 'near':
      return [Math.max(0, query - reach.distance), Math.min(query + reach.distance + 1, keyCount)];
  }
}

/** (queries, keys) Source: transformers, `T5Attention._relative_position_bucket`; MPNet's is the same with both directions. */
function bucketsOf(queries: number, keys: number, buckets: Buckets): IntegerValue {
  const values: number[] = [];
  for (let query = 0; query < queries; query++) {
    for (let key = 0; key < keys; key++) values.push(bucketOf(key - query, buckets));
  }
  return int64(values, queries, keys);
}

function bucketOf(offset: number, { count, maxDistance, directions }: Buckets): number {
  const size = directions === 'both' ? Math.floor(count / 2) : count;
  const side = directions === 'both' && offset > 0 ? size : 0;
  const distance = directions === 'both' ? Math.abs(offset) : Math.max(0, -offset);
  const exact = Math.floor(size / 2);
  if (distance < exact) return side + distance;
  // in float32, as the source: at powers of two the quotient is just a whole number
  const share = Math.fround(
    Math.fround(Math.log(Math.fround(distance / exact))) / Math.log(maxDistance / exact),
  );
  return side + Math.min(exact + Math.trunc(Math.fround(share * (size - exact))), size - 1);
}

function poolOf(batch: Batch, pooling: Pooling): FloatValue {
  const { units } = batch;
  const seq = seqOf(batch, 'source');
  const pool = new Float32Array(units.length * seq).fill(pooling === 'max' ? maxPadding : 0);
  units.forEach(({ ids }, b) => {
    const row = pool.subarray(b * seq, b * seq + ids.length);
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
      // the later, the more: 1, 2, 3, … of their sum
      case 'weightedmean':
        row.forEach((_, s) => (row[s] = (2 * (s + 1)) / (row.length * (row.length + 1))));
        break;
      case 'mean_sqrt_len_tokens':
        row.fill(1 / Math.sqrt(row.length));
        break;
    }
  });
  return pooling === 'max' ? float32(pool, units.length, seq, 1) : float32(pool, units.length, 1, seq);
}

/** Rows of (batch · seq). */
function scoredOf(batch: Batch): IntegerValue {
  const side = batch.units.some(({ target }) => target !== undefined) ? 'target' : 'source';
  const seq = seqOf(batch, side);
  const rows = batch.units.flatMap(({ scored = [] }, b) => scored.map(({ position }) => b * seq + position));
  return int64(rows, rows.length);
}
