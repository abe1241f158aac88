/**
 * The page to read first: inspect (headers only, kilobytes, whatever a model's size), score, merge.
 * Inspect, then show problems, then run: nothing large is downloaded and nothing is computed before the
 * person has seen what does not fit.
 */
import type { Problem } from './errors.ts';
import type { Example } from './score/examples.ts';
import type { ModelRef } from './source/source.ts';

/** What a card shows of a model. Read from headers and small files only. */
export interface ModelFacts {
  readonly name: string;
  readonly kind: ModelRef['kind'];
  /** Hub: the commit that the revision was pinned to. */
  readonly commit?: string;
  readonly modelType: string;
  readonly parameterCount: number;
  /** Dtypes of the checkpoint's tensors, most values first, e.g. `['F16', 'I64']`. */
  readonly dtypes: readonly string[];
  readonly checkpointBytes: number;
  /** What is still to be downloaded before this model can be scored or merged; 0 for local and embedded models. */
  readonly bytesToFetch: number;
  readonly pooling: string;
  readonly normalised: boolean;
  readonly maxTokens: number;
  readonly prompts: Prompts;
  /** Where the prompts come from: the repository, the published habit of the model's name, or there are none. */
  readonly promptsFrom: 'repository' | 'suggested' | 'none';
  readonly licence: string | undefined;
  /** Notes and refusals about this model alone; a refusal here is of scoring, not of mixing by hand. */
  readonly problems: readonly Problem[];
}

export interface Prompts {
  readonly query: string;
  readonly document: string;
}

/** How models fit together, from headers and small files only. */
export interface Comparison {
  /** Refusals here are of mixing. */
  readonly problems: readonly Problem[];
  /** What a merge would write; `undefined` when it is refused. */
  readonly output: { readonly tensorCount: number; readonly parameterCount: number; readonly bytes: number } | undefined;
}

export type Device = 'automatic' | 'gpu' | 'cpu';

export type LossDefinition =
  | {
      /** Each model's own pooling and normalisation, these prompts; cosine / 0.05; all examples in one batch. */
      readonly kind: 'own';
      /** (models,) prompts, in model order. */
      readonly prompts: readonly Prompts[];
    }
  | {
      /** The reference package's definition: CLS, no prompt, batches in order. Source: shared reference, 2.1. */
      readonly kind: 'reference';
      readonly batchSize: number;
      readonly maxInputTokens: number;
      readonly negativeCount: number;
    };

export interface ScoreJob {
  readonly models: readonly ModelRef[];
  readonly examples: readonly Example[];
  readonly definition: LossDefinition;
  readonly device: Device;
}

/** What did the computing, for the page to say. */
export interface RanOn {
  readonly provider: 'webgpu' | 'wasm';
  /** WebGPU: vendor, architecture and description of the adapter. */
  readonly adapter: string | undefined;
  /** WASM: threads. */
  readonly threadCount: number;
  /** Why automatic took WASM. */
  readonly reason: 'asked' | 'gpu' | 'no-adapter' | 'software-adapter';
}

export interface Scores {
  /** (models,) nats. */
  readonly losses: readonly number[];
  readonly ranOn: RanOn;
  /** Notes, e.g. an example that was truncated. */
  readonly problems: readonly Problem[];
  readonly seconds: number;
}

export interface MergeJob {
  readonly models: readonly ModelRef[];
  /** (models,) mixing weights, in model order; rounded to float32 when the plan is made. */
  readonly weights: readonly number[];
}

export interface OutputFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** A merged model that was written, closed, read back and hashed. */
export interface Output {
  /** Names the job's folder; opens its files and its zip. */
  readonly job: string;
  /** What to call the model: also the folder inside the zip. */
  readonly name: string;
  readonly files: readonly OutputFile[];
  readonly seconds: number;
}
