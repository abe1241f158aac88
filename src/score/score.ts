/**
 * Few-shot scoring: one loss a model, on the same examples. Models go through one at a time; what is kept between
 * them (and between calls) is the device and the session, which any checkpoint of the architecture can use.
 */
import { isKnown, type Problem } from '../errors.ts';
import type { Part } from '../graph/graph.ts';
import { checkWasm, largestPiece, type Piece } from '../graph/memory.ts';
import {
  openRuntime,
  openWasm,
  type Device,
  type GpuRefusal,
  type RanOn,
  type Runtime,
} from '../graph/runtime.ts';
import { GraphSession } from '../graph/session.ts';
import type { Progress, Report } from '../progress.ts';
import { toUnit } from './contrastive.ts';
import type { ExampleSet } from './examples.ts';
import { planOutputs, type ModelInput } from './plan-outputs.ts';
import { planModel, type LossDefinition, type ModelPlan } from './plan-model.ts';
import { allOf, partsOf, runUnits, type ModelParts } from './run-model.ts';
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

/** A model and what of it is placed. */
interface Asked {
  readonly model: Scorable;
  readonly parts: ModelParts;
}

/** The device and the sessions of one worker, made when first needed and kept for as long as they fit. */
export class Scorer {
  #asked: Device | undefined;
  #runtime: Promise<Runtime> | undefined;
  /** Of the last model that ran: one for each kind of part. */
  #sessions: readonly GraphSession[] = [];
  /** Settles when the last job that was begun is over. */
  #turn: Promise<unknown> = Promise.resolve();
  readonly #openRuntime: typeof openRuntime;

  constructor(open = openRuntime) {
    this.#openRuntime = open;
  }

  /**
   * Throws what the examples, the settings, the models and the device earn: `examples-empty`, `negatives-too-few`,
   * `example-too-long`, `architecture-unknown`, `gpu-missing`, `gpu-too-small`, `memory-missing`, `loss-not-finite`, …; AbortError between
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
      const asked = models.map((model, m) => ({
        model,
        parts: partsOf(plans[m]!.architecture, model.name),
      }));
      return this.#onDevice(device, asked, async (runtime) => {
        const losses: number[] = [];
        /** (models, examples) */
        const without: (readonly number[])[] = [];
        for (const m of models.keys()) {
          const settled = plans[m]!.settle(await this.#run(asked[m]!, plans[m]!, runtime, watching));
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
      const asked = { model, parts: partsOf(plan.architecture, model.name, 'logits') };
      return this.#onDevice(device, [asked], async (runtime) => {
        const rows = await this.#run(asked, plan, runtime, watching, 'logits');
        const normalised = model.task === 'encoder' && model.modules.normalised;
        return { outputs: normalised ? rows.map(toUnit) : rows, ranOn: runtime.ranOn };
      });
    });
  }

  /** What computes these parts when `device` is asked for; loads none. Throws `gpu-missing`, `gpu-too-small`, `gpu-lost`. */
  ranOn(device: Device, parts: readonly Part[], signal: AbortSignal): Promise<RanOn> {
    return this.#alone(signal, async () => (await this.#open(device, largestPiece(parts))).ranOn);
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

  /**
   * All models on one device, so that their numbers compare: the GPU where each tensor fits, else, unless a person chose it, the
   * CPU. What is known beforehand decides before anything is loaded; the rows of a table that texts use, and the room that a GPU
   * has left, show only then. Throws `memory-missing` where the CPU has too little as well.
   */
  async #onDevice<T>(
    device: Device,
    asked: readonly Asked[],
    work: (runtime: Runtime) => Promise<T>,
  ): Promise<T> {
    const onCpu = (runtime: Runtime): Promise<T> => {
      for (const { model, parts } of asked) checkWasm(allOf(parts), model.name);
      return work(runtime);
    };
    const runtime = await this.#open(device, largestPiece(asked.flatMap(({ parts }) => allOf(parts))));
    if (runtime.gpu === undefined) return onCpu(runtime);
    try {
      return await work(runtime);
    } catch (error) {
      const short = isKnown(error, 'gpu-too-small') || isKnown(error, 'gpu-full');
      if (device !== 'automatic' || !short) throw error;
      const refusal = { severity: 'note', code: error.code, facts: error.facts } as GpuRefusal;
      return onCpu(await this.#replace(device, async () => openWasm({ reason: 'gpu-short', refusal })));
    }
  }

  async #open(device: Device, piece: Piece | undefined): Promise<Runtime> {
    const kept = this.#asked === device ? await this.#runtime : undefined;
    if (kept !== undefined && takes(kept, piece)) return kept;
    return this.#replace(device, () => this.#openRuntime(device, piece));
  }

  async #replace(device: Device, open: () => Promise<Runtime>): Promise<Runtime> {
    await this.#keepSessions([]);
    (await this.#runtime?.catch(() => undefined))?.gpu?.destroy();
    this.#asked = device;
    this.#runtime = open();
    try {
      return await this.#runtime;
    } catch (error) {
      // asked again, it may have appeared
      this.#asked = undefined;
      throw error;
    }
  }

  async #run(
    { model, parts }: Asked,
    plan: Omit<ModelPlan, 'settle' | 'problems'>,
    runtime: Runtime,
    { signal, report }: Watching,
    wants: 'loss' | 'logits' = 'loss',
  ): Promise<readonly Float32Array[]> {
    const { architecture, units, pooling, hiddenId, length } = plan;
    const all = allOf(parts);
    const read = readerOf(all, model);
    await this.#keepSessions(all.map(({ bytes }) => bytes));
    // a model of several parts is read and run by turns: how much was read says how far it is
    const inTurns = all.length > 1;
    let loaded: Progress | undefined;
    return runUnits(
      {
        ...{ architecture, parts, model: model.name, read, pooling, hiddenId, length, signal },
        open: (bytes) => this.#sessionOf(bytes, runtime),
        onLoad: (done, total) => {
          loaded = { stage: inTurns ? 'score' : 'load', subject: model.name, done, total, unit: 'bytes' };
          report(loaded);
        },
        onRun: (done, total) => {
          if (!inTurns) report({ stage: 'score', subject: model.name, done, total, unit: 'batches' });
          // no byte more was read, but work goes on: many batches may go through one part
          else if (loaded !== undefined) report(loaded);
        },
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

/** Whether a kept runtime is what would be opened for this piece. */
function takes({ gpu, limitBytes, ranOn: { refusal } }: Runtime, piece: Piece | undefined): boolean {
  if (gpu !== undefined) return piece === undefined || piece.needBytes <= limitBytes;
  // another model may fit on the GPU; if it does not either, the sentence is to name its tensor
  if (refusal?.code !== 'gpu-too-small') return true;
  return refusal.facts.tensor === piece?.tensor && refusal.facts.needBytes === piece.needBytes;
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
