/**
 * The page's side of the thread boundary: the one door from the UI to everything that computes.
 * Workers hold nothing that cannot be had again, so any of them may be stopped and replaced at any time.
 */
import type { Example } from '../score/examples.ts';
import type { Comparison, MergeJob, ModelFacts, Output, ScoreJob, Scores } from '../pipeline.ts';
import type { ModelRef } from '../source/source.ts';
import type { Report } from '../progress.ts';

export interface Watch {
  readonly signal?: AbortSignal;
  readonly report?: Report;
}

export interface Client {
  /** A token for gated and private repositories; kept in this tab's memory only, sent to the Hub's own origin only. */
  setToken(token: string | undefined): Promise<void>;
  /** The embedded demo models, in order, and their sample examples. */
  demo(): Promise<{ readonly models: readonly ModelRef[]; readonly examples: readonly Example[] }>;
  /** Parses an id, `id@revision` or a Hub URL and pins its revision to a commit. Throws the `hub-…` codes. */
  pin(text: string): Promise<ModelRef>;
  /** Facts of one model from headers and small files. Throws when the model cannot be opened at all. */
  inspect(model: ModelRef): Promise<ModelFacts>;
  /** How the models fit together. */
  compare(models: readonly ModelRef[]): Promise<Comparison>;
  /** Parses JSONL or a JSON array. Throws `examples-unreadable` with the line. */
  parseExamples(text: string): readonly Example[];
  /** Downloads what is missing (stage `fetch`), then scores (stages `load` and `score`). An abort rejects with AbortError within a second. */
  score(job: ScoreJob, watch?: Watch): Promise<Scores>;
  /** (models,) losses in nats to (models,) mixing weights: softmax(-loss / temperature), in float32 as the reference computes it. */
  weigh(losses: readonly number[], temperature: number): readonly number[];
  /** Throws `weights-invalid` unless every weight is finite and they sum to 1 within 1e-3. */
  checkWeights(weights: readonly number[]): void;
  /** Downloads what is missing (`fetch`), merges (`merge`), reads back and hashes (`check`). */
  merge(job: MergeJob, watch?: Watch): Promise<Output>;
  /** One file of a finished output. */
  openFile(output: Output, path: string): Promise<File>;
  /** The finished output as one zip (stage `pack`), kept beside it. */
  openZip(output: Output, watch?: Watch): Promise<File>;
  /** Deletes a finished output from this browser. */
  discard(output: Output): Promise<void>;
}
