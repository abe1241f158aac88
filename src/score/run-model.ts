/**
 * Runs a model on units: batches go through part after part, and what one part leaves is fed to the next. A model of one part
 * is placed once; a larger one part by part, so that its memory is that of its largest part. Units are sorted by length, so
 * that little is padded; results come back in the order they were given.
 */
import { KnownError } from '../errors.ts';
import type { Architecture, Part, PartParameter } from '../graph/graph.ts';
import { scoredRows, type HeadWants } from '../graph/language-head.ts';
import { placedBytes, sumBytes } from '../graph/memory.ts';
import { headElements, planHead, planParts } from '../graph/parts.ts';
import type { FloatValue, GraphSession, Placed } from '../graph/session.ts';
import type { Pooling } from '../model/pooling.ts';
import { idsOf, toValue, type Batch, type Unit, type UsedRows } from './feeds.ts';
import { joinLoss, joinLogits } from './language-slices.ts';
import { RunProgress } from './run-progress.ts';

/** About a second of MiniLM on one WASM thread: how soon a stop between batches is seen. */
const batchTokens = 1024;

/** Of values carried between parts, for all batches that go through together; more batches go in another turn. */
const carriedBytes = 256 * 1024 * 1024;

/** What a model needs to run, and who watches. */
export interface Running {
  readonly architecture: Pick<Architecture, 'dim' | 'head'>;
  /** Of `partsOf`, for what is wanted. */
  readonly parts: ModelParts;
  /** What the model is called in refusals. */
  readonly model: string;
  /** A session of these bytes, kept or new. */
  readonly open: (bytes: Uint8Array) => Promise<GraphSession>;
  /** `ids`: of a table of which only some rows are wanted, ascending. */
  readonly read: (parameter: PartParameter, ids: readonly number[] | undefined) => Promise<FloatValue>;
  readonly pooling: Pooling;
  readonly hiddenId?: number | undefined;
  readonly length?: number | undefined;
  /** Most bytes of values that are carried between parts at a time; 256 MiB where it is not stated. */
  readonly waveBytes?: number;
  readonly signal: AbortSignal;
  /** Bytes of parameters that were read so far, of all that will be. */
  readonly onLoad?: (done: number, total: number) => void;
  /** Runs that are over, of all. */
  readonly onRun?: (done: number, total: number) => void;
}

/** (units,) indices in batches: by length, each at most `limit` tokens once padded. */
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

/** What of a model is placed at once, and which graphs there are. */
export interface ModelParts {
  readonly body: readonly Part[];
  /** Of a language model, for what is wanted of it. */
  readonly head: readonly Part[];
}

/** Writes the graphs: once for a run, and to see before it what memory it wants. */
export function partsOf(architecture: Architecture, model: string, wants: HeadWants = 'loss'): ModelParts {
  const { head } = architecture;
  return {
    body: planParts(architecture, model, undefined, head === undefined ? [] : [scoredRows]),
    head: head === undefined ? [] : planHead(head, wants, model),
  };
}

export function allOf({ body, head }: ModelParts): readonly Part[] {
  return [...body, ...head];
}

/**
 * @param wants of a language model: the loss of each scored position, or its logits
 * @returns (units,) embeddings (dim,), scores (labels,), losses (scored,) in nats, or logits (scored · vocabulary,)
 *
 * Throws AbortError between runs, and what sessions and reading throw.
 */
export async function runUnits(
  running: Running,
  units: readonly Unit[],
  wants: HeadWants = 'loss',
): Promise<readonly Float32Array[]> {
  if (units.length === 0) return [];
  const { pooling, hiddenId, length, architecture, parts } = running;
  const plans = planBatches(units.map((unit) => unit.ids.length + (unit.target?.length ?? 0)));
  const items = plans.map((indices): Item => {
    const batch = { units: indices.map((index) => units[index]!), pooling, hiddenId, length };
    return { indices, batch, carried: new Map(), results: new Map() };
  });
  const results: Float32Array[] = units.map(() => new Float32Array(0));
  const isOne = parts.body.length + parts.head.length === 1;
  const waves = isOne ? [items] : planWaves(items, architecture.dim, running.waveBytes ?? carriedBytes);
  const progress = new RunProgress(running, items, waves.length);
  for (const wave of waves) {
    await runParts(parts.body, wave, running, progress);
    if (architecture.head === undefined) {
      for (const item of wave) {
        takeRows(item, results);
        empty(item);
      }
      continue;
    }
    const slices = wave.flatMap((item) => sliceScored(item, parts.head));
    await runParts(parts.head, slices, running, progress);
    const vocabulary = architecture.head.table.shape[0]!;
    for (const item of wave) {
      const own = slices.filter(({ of }) => of === item);
      const joined = wants === 'loss' ? joinLoss(own, parts.head) : joinLogits(own, parts.head, vocabulary);
      giveBack(item, joined, wants === 'loss' ? 1 : vocabulary, results);
      empty(item);
    }
  }
  return results;
}

/** A batch on its way. */
export interface Item {
  readonly indices: readonly number[];
  readonly batch: Batch;
  readonly carried: Map<string, FloatValue>;
  /** By name; of several parts in their order. */
  readonly results: Map<string, FloatValue[]>;
}

/** Some scored rows of a batch, on their way through the head. */
export interface HeadItem extends Item {
  readonly of: Item;
}

/** What a batch carried has been used: the next wave wants its room. */
function empty({ carried, results }: Item): void {
  carried.clear();
  results.clear();
}

function planWaves(items: readonly Item[], dim: number, limitBytes: number): readonly (readonly Item[])[] {
  const waves: Item[][] = [];
  let sum = Infinity;
  for (const item of items) {
    const tokens = item.batch.units.reduce((n, { ids, target = [] }) => n + ids.length + target.length, 0);
    const bytes = 4 * dim * tokens;
    if (sum + bytes > limitBytes) {
      waves.push([]);
      sum = 0;
    }
    waves.at(-1)!.push(item);
    sum += bytes;
  }
  return waves;
}

async function runParts(
  parts: readonly Part[],
  items: readonly Item[],
  { model, open, read, signal }: Running,
  progress: RunProgress,
): Promise<void> {
  for (const part of parts) {
    const session = await open(part.bytes);
    const used = usedRowsOf(part, items);
    let loadedBytes = 0;
    const placing = session.place(part.parameters, async (parameter) => {
      signal.throwIfAborted();
      const rows = used.get(parameter.name);
      const value = await read(parameter, rows === undefined ? undefined : [...rows.keys()]);
      loadedBytes += placedBytes(parameter);
      progress.loaded(value.data.byteLength);
      return value;
    });
    const placed = await placing.catch((error: unknown) => {
      throw asMissing(error, model, sumBytes(part.parameters), loadedBytes);
    });
    try {
      for (const item of items) {
        await breathe();
        signal.throwIfAborted();
        await runItem(session, placed, part, item, used);
        progress.ran();
      }
    } finally {
      placed.free();
    }
  }
}

/** The browser refuses memory in words of its own: of what a part needs, this much had found room. */
function asMissing(error: unknown, model: string, needBytes: number, limitBytes: number): unknown {
  if (!(error instanceof RangeError && /alloc/i.test(error.message))) return error;
  const facts = { model, needBytes, limitBytes, missingBytes: needBytes - limitBytes };
  return new KnownError('memory-missing', facts, { cause: error });
}

async function runItem(
  session: GraphSession,
  placed: Placed,
  part: Part,
  { batch, carried, results }: Item,
  used: ReadonlyMap<string, UsedRows>,
): Promise<void> {
  const feeds = Object.fromEntries([
    ...[...part.feeds].map(([input, feed]) => {
      const table = feed.kind === 'ids' && feed.among !== undefined ? used.get(feed.among) : undefined;
      return [input, toValue(feed, batch, table)] as const;
    }),
    ...part.takes.map((name) => [`carried_${name}`, carried.get(name)!] as const),
  ]);
  const outputs = await session.run(placed, feeds);
  for (const [name, output] of part.gives) carried.set(name, outputs.get(output)!);
  for (const name of part.results) results.set(name, [...(results.get(name) ?? []), outputs.get(name)!]);
}

/** By table: which rows any unit needs, and where they are placed. */
function usedRowsOf(part: Part, items: readonly Item[]): ReadonlyMap<string, UsedRows> {
  const tables = new Map<string, UsedRows>();
  for (const { name, rows } of part.parameters) {
    if (typeof rows !== 'object' || !('used' in rows)) continue;
    const ids = new Set(items.flatMap(({ batch }) => batch.units.flatMap((unit) => idsOf(unit, rows.used))));
    for (const id of tables.get(name)?.keys() ?? []) ids.add(id);
    const sorted = [...ids].sort((a, b) => a - b);
    tables.set(name, new Map(sorted.map((id, row) => [id, row])));
  }
  return tables;
}

/** Rows of one output, one a unit. */
function takeRows({ indices, results }: Item, into: Float32Array[]): void {
  const [value] = [...results.values()].flat();
  const { data, shape } = value!;
  const width = shape.at(-1)!;
  indices.forEach((index, b) => (into[index] = data.slice(b * width, (b + 1) * width)));
}

/** The head's rows of one batch in pieces whose logits stay small. */
function sliceScored(item: Item, head: readonly Part[]): readonly HeadItem[] {
  const { data, shape } = item.carried.get(scoredRows)!;
  const [count, dim] = shape as readonly [number, number];
  const sliceRows = Math.max(
    ...head.flatMap(({ parameters }) =>
      parameters.flatMap(({ rows }) =>
        typeof rows === 'object' && 'end' in rows ? rows.end - rows.start : [],
      ),
    ),
  );
  const atOnce = Math.max(1, Math.floor(headElements / sliceRows));
  const all = item.batch.units.flatMap(({ scored = [] }) => scored);
  const slices: HeadItem[] = [];
  for (let start = 0; start < count; start += atOnce) {
    const end = Math.min(start + atOnce, count);
    const rows: FloatValue = {
      type: 'float32',
      data: data.subarray(start * dim, end * dim),
      shape: [end - start, dim],
    };
    const units = [{ ids: [0], scored: all.slice(start, end) }];
    const batch = { ...item.batch, units };
    slices.push({
      of: item,
      indices: [],
      batch,
      carried: new Map([[scoredRows, rows]]),
      results: new Map(),
    });
  }
  return slices;
}

/** What was computed for all scored positions of a batch, unit by unit. */
function giveBack({ indices, batch }: Item, joined: Float32Array, width: number, into: Float32Array[]): void {
  let start = 0;
  batch.units.forEach(({ scored = [] }, b) => {
    const end = start + scored.length * width;
    into[indices[b]!] = joined.slice(start, end);
    start = end;
  });
}

/** Lets messages in: a run on the CPU leaves no gap in which a stop could arrive. */
function breathe(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
