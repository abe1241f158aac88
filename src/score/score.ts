/**
 * Few-shot scoring: one loss a model, on the same examples. Models go through one at a time; what is kept between
 * them (and between calls) is the device and the session, which any checkpoint of the architecture can use.
 */
import type { Problem } from '../errors.ts';
import { openRuntime, type Device, type RanOn, type Runtime } from '../graph/runtime.ts';
import { GraphSession } from '../graph/session.ts';
import type { Report } from '../progress.ts';
import { toUnit } from './contrastive.ts';
import type { ExampleSet } from './examples.ts';
import { planOutputs, type ModelInput } from './plan-outputs.ts';
import { planModel, type LossDefinition, type ModelPlan } from './plan-model.ts';
import { partsOf, runUnits } from './run-model.ts';
import { readerOf, type Scorable } from './scorable.ts';
import { checkLosses } from './weights.ts';

export type { LossDefinition } from './plan-model.ts';
export type { ModelInput } from './plan-outputs.ts';

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

/** The device and the sessions of one worker, made when first needed and kept for as long as they fit. */
export class Scorer {
  #asked: Device | undefined;
  #runtime: Promise<Runtime> | undefined;
  /** Of the last model that ran: one for each kind of part. */
  #sessions: readonly GraphSession[] = [];
  /** Settles when the last job that was begun is over. */
  #turn: Promise<unknown> = Promise.resolve();

  /**
   * Throws what the examples, the settings, the models and the device earn: `examples-empty`, `negatives-too-few`,
   * `example-too-long`, `architecture-unknown`, `gpu-missing`, `gpu-lost`, `loss-not-finite`, …; AbortError between
   * batches. Memory: the largest part of one model in float32 (graph/parts.ts), on the CPU twice: the values, and the
   * runtime's copy.
   */
  score(
    models: readonly Scorable[],
    set: ExampleSet,
    definition: LossDefinition,
    device: Device,
    watching: Watching,
  ): Promise<Losses> {
    return this.#alone(watching.signal, async () => {
      const plans = models.map((model, m) => planModel(model, models[0]!, m, set, definition));
      // the runtime is fetched when it is first needed: how large it is and how far is the browser's to know
      watching.report({ stage: 'fetch', subject: 'onnxruntime', done: 0, total: 0, unit: 'bytes' });
      const runtime = await this.#open(device);
      const losses: number[] = [];
      /** (models, examples) */
      const without: (readonly number[])[] = [];
      for (const [m, model] of models.entries()) {
        const settled = plans[m]!.settle(await this.#run(model, plans[m]!, runtime, watching));
        losses.push(settled.loss);
        without.push(settled.without);
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

  /**
   * What the model makes of each input, under its own settings: an embedding (normalised if the model does), a reranker's
   * scores, or the logits of what a language model would say next. `prompt` stands before texts that are embedded.
   */
  async outputs(
    model: Scorable,
    inputs: readonly ModelInput[],
    prompt: string,
    device: Device,
    watching: Watching,
  ): Promise<{ readonly outputs: readonly Float32Array[]; readonly ranOn: RanOn }> {
    const plan = planOutputs(model, inputs, prompt);
    return this.#alone(watching.signal, async () => {
      const runtime = await this.#open(device);
      const rows = await this.#run(model, plan, runtime, watching, 'logits');
      const normalised = model.task === 'encoder' && model.modules.normalised;
      return { outputs: normalised ? rows.map(toUnit) : rows, ranOn: runtime.ranOn };
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
    let stop = (): void => undefined;
    const stopped = new Promise<never>((_, reject) => {
      stop = () => begun || reject(signal.reason as Error);
    });
    signal.addEventListener('abort', stop, { once: true });
    try {
      return await Promise.race([job, stopped]);
    } finally {
      // one signal watches a whole smoke run: each of its jobs would leave a listener
      signal.removeEventListener('abort', stop);
    }
  }

  async #open(device: Device): Promise<Runtime> {
    if (this.#asked !== device) {
      await this.#keepSessions([]);
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

  async #run(
    model: Scorable,
    plan: Omit<ModelPlan, 'settle' | 'problems'>,
    runtime: Runtime,
    { signal, report }: Watching,
    wants: 'loss' | 'logits' = 'loss',
  ): Promise<readonly Float32Array[]> {
    const { architecture, units, pooling, hiddenId, length } = plan;
    const parts = partsOf({ architecture, model: model.name }, wants);
    const all = [...parts.body, ...parts.head];
    const read = readerOf(all, model);
    await this.#keepSessions(all.map(({ bytes }) => bytes));
    // a model of several parts is read and run by turns: how much was read says how far it is
    const inTurns = all.length > 1;
    return runUnits(
      {
        ...{ architecture, model: model.name, read, pooling, hiddenId, length, signal },
        open: (bytes) => this.#sessionOf(bytes, runtime),
        onLoad: (done, total) =>
          report({ stage: inTurns ? 'score' : 'load', subject: model.name, done, total, unit: 'bytes' }),
        onRun: (done, total) =>
          inTurns || report({ stage: 'score', subject: model.name, done, total, unit: 'batches' }),
      },
      units,
      wants,
    );
  }

  /** Releases all but those of these graphs: what a session holds is given back with it only. */
  async #keepSessions(graphs: readonly Uint8Array[]): Promise<void> {
    const isWanted = ({ bytes }: GraphSession): boolean => graphs.some((graph) => isSame(graph, bytes));
    const unwanted = this.#sessions.filter((session) => !isWanted(session));
    this.#sessions = this.#sessions.filter(isWanted);
    for (const session of unwanted) await session.release();
  }

  async #sessionOf(bytes: Uint8Array, runtime: Runtime): Promise<GraphSession> {
    const kept = this.#sessions.find((session) => isSame(session.bytes, bytes));
    if (kept !== undefined) return kept;
    const session = await GraphSession.open(bytes, runtime);
    this.#sessions = [...this.#sessions, session];
    return session;
  }
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
