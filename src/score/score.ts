/**
 * Few-shot scoring: one loss a model, on the same examples. Models go through one at a time; what is kept between
 * them (and between calls) is the device and the session, which any checkpoint of the architecture can use.
 */
import { KnownError, type Problem } from '../errors.ts';
import type { EncoderGraph } from '../graph/graph.ts';
import { openRuntime, type Device, type RanOn, type Runtime } from '../graph/runtime.ts';
import { EncoderSession } from '../graph/session.ts';
import type { Pooling } from '../model/pooling.ts';
import type { Prompts } from '../model/prompts.ts';
import type { Report } from '../progress.ts';
import { planOwn, planReference, toUnit, type Batch } from './contrastive.ts';
import { embedSequences } from './embed.ts';
import type { Example } from './examples.ts';
import { lossesWithoutEach, lossOf } from './losses.ts';
import { graphOf, ownPooling, readerOf, type Scorable } from './scorable.ts';
import type { TextTokenizer } from './tokenize.ts';
import { checkLosses } from './weights.ts';

export type LossDefinition =
  | {
      /** Each model's own pooling and normalisation, these prompts; cosine / 0.05; all examples in one batch. */
      readonly kind: 'own';
      /** (models,) in model order. */
      readonly prompts: readonly Prompts[];
    }
  | {
      /** The reference package's definition: CLS, no prompt, model 1's tokenizer, batches in order. */
      readonly kind: 'reference';
      readonly batchSize: number;
      readonly maxInputTokens: number;
      readonly negativeCount: number;
    };

export interface Watching {
  readonly signal: AbortSignal;
  readonly report: Report;
}

export interface Losses {
  /** (models,) nats. */
  readonly losses: readonly number[];
  /** (examples, models) nats, had that example not been there; empty where there would be nothing left to score. */
  readonly lossesWithout: readonly (readonly number[])[];
  readonly ranOn: RanOn;
  /** Notes: what was truncated. */
  readonly problems: readonly Problem[];
}

/** The device and the session of one worker, made when first needed and kept for as long as they fit. */
export class Scorer {
  #asked: Device | undefined;
  #runtime: Promise<Runtime> | undefined;
  #session: EncoderSession | undefined;
  /** Settles when the last job that was begun is over. */
  #turn: Promise<unknown> = Promise.resolve();

  /**
   * Throws what the examples, the settings, the models and the device earn: `examples-empty`, `negatives-too-few`,
   * `example-too-long`, `architecture-unknown`, `gpu-missing`, `gpu-lost`, `loss-not-finite`, …; AbortError between
   * batches. Memory: one model in float32, on the CPU twice: the values, and the runtime's copy.
   */
  score(
    models: readonly Scorable[],
    examples: readonly Example[],
    definition: LossDefinition,
    device: Device,
    watching: Watching,
  ): Promise<Losses> {
    return this.#alone(watching.signal, async () => {
      const batches =
        definition.kind === 'own'
          ? planOwn(examples)
          : planReference(examples, definition.batchSize, definition.negativeCount);
      const plans = models.map((model, m) => planModel(model, models[0]!, m, definition, batches));
      // the runtime is fetched when it is first needed: how large it is and how far is the browser's to know
      watching.report({ stage: 'fetch', subject: 'onnxruntime', done: 0, total: 0, unit: 'bytes' });
      const runtime = await this.#open(device);
      const losses: number[] = [];
      // `own` takes all examples in one batch
      const batchSize = definition.kind === 'own' ? Infinity : definition.batchSize;
      /** (models, examples) */
      const without: (readonly number[])[] = [];
      for (const [m, model] of models.entries()) {
        const { texts, pooling } = plans[m]!;
        const graph = graphOf(donorOf(model, models[0]!, definition), pooling);
        const session = await this.#sessionOf(graph, runtime);
        const rows = await embedModel(session, model, texts, pooling, watching);
        losses.push(lossOf(batches, rows));
        without.push(lossesWithoutEach(batches, batchSize, rows));
        // before the next model is loaded: a NaN makes the rest worthless
        checkLosses(
          losses,
          models.map(({ name }) => name),
        );
      }
      return {
        losses,
        lossesWithout: (without[0] ?? []).map((_, e) => without.map((row) => row[e]!)),
        ranOn: runtime.ranOn,
        problems: plans.flatMap(({ problems }) => problems),
      };
    });
  }

  /** Embeddings of `texts` under the model's own settings, with `prompt` before each: (texts,) of (dim,), normalised if the model does. */
  async embed(
    model: Scorable,
    texts: readonly string[],
    prompt: string,
    device: Device,
    watching: Watching,
  ): Promise<{ readonly embeddings: readonly Float32Array[]; readonly ranOn: RanOn }> {
    const pooling = ownPooling(model);
    const sequences = texts.map((text) => encodeOwn(model, prompt + text).ids);
    return this.#alone(watching.signal, async () => {
      const runtime = await this.#open(device);
      const session = await this.#sessionOf(graphOf(model, pooling), runtime);
      const rows = await embedModel(session, model, sequences, pooling, watching);
      return { embeddings: model.modules.normalised ? rows.map(toUnit) : rows, ranOn: runtime.ranOn };
    });
  }

  /** What computes when `device` is asked for; loads no model. Throws `gpu-missing`, `gpu-lost`. */
  ranOn(device: Device, signal: AbortSignal): Promise<RanOn> {
    return this.#alone(signal, async () => (await this.#open(device)).ranOn);
  }

  /**
   * One job at a time: another's graph would replace the session under this one, and a run then computes with
   * whatever session took its place. A job that is stopped while it waits goes at once; one that has begun goes
   * between batches, so that a run that hangs is never taken for one that stopped.
   */
  async #alone<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    let begun = false;
    const job = this.#turn.then(() => {
      signal.throwIfAborted();
      begun = true;
      return work();
    });
    this.#turn = job.catch(() => undefined);
    const stopped = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => begun || reject(signal.reason as Error), { once: true });
    });
    return Promise.race([job, stopped]);
  }

  async #open(device: Device): Promise<Runtime> {
    if (this.#asked !== device) {
      await this.#session?.release();
      this.#session = undefined;
      (await this.#runtime?.catch(() => undefined))?.gpu?.destroy();
      this.#asked = device;
      this.#runtime = openRuntime(device);
    }
    try {
      return await this.#runtime!;
    } catch (error) {
      // asked again, it may have appeared
      this.#asked = undefined;
      throw error;
    }
  }

  async #sessionOf(graph: EncoderGraph, runtime: Runtime): Promise<EncoderSession> {
    if (this.#session !== undefined && isSame(this.#session.graph.bytes, graph.bytes)) return this.#session;
    // one live session a device: the runtime does not free a second one's memory
    await this.#session?.release();
    this.#session = undefined;
    this.#session = await EncoderSession.open(graph, runtime);
    return this.#session;
  }
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** Whose settings a model runs under: the reference loads every model's tensors into one module, made from model 1's. */
function donorOf(model: Scorable, first: Scorable, { kind }: LossDefinition): Scorable {
  return kind === 'reference' ? first : model;
}

interface ModelPlan {
  /** Token ids: all queries of all batches, then all passages. */
  readonly texts: readonly (readonly number[])[];
  readonly pooling: Pooling;
  readonly problems: readonly Problem[];
}

/** Tokenises everything before anything large is loaded, so that what is wrong with the texts is said at once. */
function planModel(
  model: Scorable,
  first: Scorable,
  m: number,
  definition: LossDefinition,
  batches: readonly Batch[],
): ModelPlan {
  const pooling = definition.kind === 'own' ? ownPooling(model) : 'cls';
  const { maxPositions } = graphOf(donorOf(model, first, definition), pooling);
  if (definition.kind === 'reference') checkInputTokens(definition.maxInputTokens, first.tokenizer);
  const encode = (text: string, side: keyof Prompts) =>
    definition.kind === 'own'
      ? { ...encodeOwn(model, (definition.prompts[m]?.[side] ?? '') + text), limit: model.modules.maxTokens }
      : { ...first.tokenizer.encode(text, definition.maxInputTokens), limit: definition.maxInputTokens };

  const longest = new Map<number, { tokens: number; limit: number }>();
  const encodeAll = (side: keyof Prompts) =>
    batches.flatMap(({ queries, passages, targets }, b) => {
      const before = batches.slice(0, b).reduce((count, batch) => count + batch.queries.length, 0);
      return (side === 'query' ? queries : passages).map((text, index) => {
        const example =
          before + (side === 'query' ? index : targets.findLastIndex((target) => target <= index)) + 1;
        const { ids, fullCount, limit } = encode(text, side);
        if (ids.length > maxPositions) {
          // the reference crashes here: the position table has no such row
          throw new KnownError('example-too-long', {
            example,
            model: model.name,
            tokens: ids.length,
            limit: maxPositions,
          });
        }
        if (fullCount > Math.max(limit, longest.get(example)?.tokens ?? 0)) {
          longest.set(example, { tokens: fullCount, limit });
        }
        return ids;
      });
    });
  const texts = [...encodeAll('query'), ...encodeAll('document')];
  const problems = [...longest].map(([example, { tokens, limit }]): Problem => ({
    severity: 'note',
    code: 'example-truncated',
    facts: { example, model: model.name, tokens, limit },
  }));
  return { texts, pooling, problems };
}

/** A limit that leaves no room for a token of the text would give every text the same embedding. */
function checkInputTokens(maxInputTokens: number, { leastTokens }: TextTokenizer): void {
  if (Number.isSafeInteger(maxInputTokens) && maxInputTokens >= leastTokens) return;
  throw new KnownError('setting-invalid', { setting: 'max-input-tokens', value: String(maxInputTokens) });
}

/** As sentence-transformers reads a text: stripped, lower-cased where the model says so. */
function encodeOwn({ modules, tokenizer }: Scorable, text: string) {
  const stripped = text.trim();
  return tokenizer.encode(modules.lowerCase ? stripped.toLowerCase() : stripped, modules.maxTokens);
}

async function embedModel(
  session: EncoderSession,
  model: Scorable,
  sequences: readonly (readonly number[])[],
  pooling: Pooling,
  { signal, report }: Watching,
): Promise<readonly Float32Array[]> {
  const read = readerOf(session.graph, model);
  const total = session.graph.parameters.reduce(
    (sum, { shape }) => sum + 4 * shape.reduce((n, size) => n * size, 1),
    0,
  );
  let loaded = 0;
  const placed = await session.place(async (parameter) => {
    signal.throwIfAborted();
    const values = await read(parameter);
    loaded += values.byteLength;
    report({ stage: 'load', subject: model.name, done: loaded, total, unit: 'bytes' });
    return values;
  });
  try {
    const onBatch = (done: number, total: number) =>
      report({ stage: 'score', subject: model.name, done, total, unit: 'batches' });
    return await embedSequences(session, placed, sequences, { pooling, signal, onBatch });
  } finally {
    placed.free();
  }
}
