/**
 * The page's side of the thread boundary: the one door from the UI to everything that computes.
 *
 * Two workers of one engine, so that cards answer while a model is scored: `files` reads, compares and merges;
 * `scoring` runs graphs. They hold nothing that cannot be had again, so either may be stopped and replaced.
 */
import type { Device, RanOn } from '../graph/runtime.ts';
import { checkWeights, parseExamples, weigh } from '../pipeline.ts';
import type { Comparison, ModelFacts, ScoreJob, Scores } from '../pipeline.ts';
import { offerLock, type MergeJob, type Output } from '../pour.ts';
import type { Example } from '../score/examples.ts';
import { watchFetch, type LedgerEntry } from '../source/ledger.ts';
import { groupModels } from '../source/local.ts';
import type { LocalFile, ModelRef } from '../source/source.ts';
import { startWorker } from './start.ts';
import { WorkerHandle, type Watch } from './worker-handle.ts';

export type { LedgerEntry } from '../source/ledger.ts';
export type { Watch } from './worker-handle.ts';

export interface Client {
  /** A token for gated and private repositories; kept in this tab's memory only, sent to the Hub's own origin only. */
  setToken(token: string | undefined): Promise<void>;
  /** The embedded demo models, in order, and their sample examples. */
  demo(): Promise<{ readonly models: readonly ModelRef[]; readonly examples: readonly Example[] }>;
  /** Parses an id, `id@revision` or a Hub URL and pins its revision to a commit. Throws the `hub-…` codes. */
  pin(text: string): Promise<ModelRef>;
  /** Sorts dropped or picked files into models; `name` is for loose files and refusals; else the first folder's. Throws `drop-empty`, `model-folder-missing`. */
  groupLocal(files: readonly LocalFile[], name?: string): readonly ModelRef[];
  /** Facts of one model from headers and small files. Throws when the model cannot be opened at all. */
  inspect(model: ModelRef): Promise<ModelFacts>;
  /** How the models fit together. */
  compare(models: readonly ModelRef[]): Promise<Comparison>;
  /** Parses JSONL or a JSON array. Throws `examples-unreadable` with the line. */
  parseExamples(text: string): readonly Example[];
  /** Downloads what is missing (stage `fetch`), then scores (stages `load` and `score`). An abort rejects with AbortError within a second. */
  score(job: ScoreJob, watch?: Watch): Promise<Scores>;
  /** Embeddings (texts,) of (dim,) under the model's own settings, `prompt` before each text. */
  embed(
    model: ModelRef,
    texts: readonly string[],
    options: { readonly prompt: string; readonly device: Device },
    watch?: Watch,
  ): Promise<{ readonly embeddings: readonly Float32Array[]; readonly ranOn: RanOn }>;
  /** (texts,) token ids, special tokens included, truncated to what the model takes. */
  tokenize(model: ModelRef, texts: readonly string[]): Promise<readonly (readonly number[])[]>;
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

/** Long enough to score again and again without loading the runtime anew, short enough to give a gigabyte back. */
const idleMs = 60_000;

/** @param record hears of every request that leaves this page's origin, from the page and from its workers */
export function openClient(record: (entry: LedgerEntry) => void = () => undefined): Client {
  watchFetch(record);
  const setup = { demoUrl: new URL('demo/', document.baseURI).href, token: undefined };
  const files = new WorkerHandle(() => startWorker('files'), setup, record);
  const scoring = new WorkerHandle(() => startWorker('scoring'), setup, record, idleMs);
  const offers = new Map<string, () => void>();
  // a browser without storage says so when it is needed
  void files.run((engine) => engine.tidy()).catch(() => undefined);
  return {
    async setToken(token) {
      await Promise.all([files.begin({ ...setup, token }), scoring.begin({ ...setup, token })]);
    },
    demo: () => files.run((engine) => engine.demo()),
    pin: (text) => files.run<ModelRef>(async (engine) => engine.pin(text)),
    groupLocal(dropped, name = folderOf(dropped)) {
      return groupModels(dropped, name).map((model) => ({ kind: 'local', ...model }));
    },
    inspect: (model) => files.run((engine) => engine.inspect(model)),
    compare: (models) => files.run((engine) => engine.compare(models)),
    parseExamples,
    score: (asked, watch) => scoring.run((engine, job, report) => engine.score(job, asked, report), watch),
    embed: (model, texts, options, watch) =>
      scoring.run((engine, job, report) => engine.embed(job, model, texts, options, report), watch),
    tokenize: (model, texts) => files.run((engine) => engine.tokenize(model, texts)),
    weigh: (losses, temperature) => weigh(losses, temperature),
    checkWeights: (weights) => checkWeights(weights),
    async merge(asked, watch) {
      const output = await files.run((engine, job, report) => engine.merge(job, asked, report), watch);
      offers.set(output.job, hold(offerLock(output.job)));
      return output;
    },
    openFile: ({ job }, path) => files.run((engine) => engine.openFile(job, path)),
    openZip: (output, watch) => files.run((engine, job, report) => engine.pack(job, output, report), watch),
    async discard({ job }) {
      await files.run((engine) => engine.discard(job));
      offers.get(job)?.();
      offers.delete(job);
    },
  };
}

/** The first folder among what was dropped. */
function folderOf(files: readonly LocalFile[]): string {
  return files.find(({ path }) => path.includes('/'))?.path.split('/')[0] ?? '';
}

/** Holds a Web Lock until the returned function is called, or the page goes. */
function hold(name: string): () => void {
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  navigator.locks.request(name, () => held).catch(() => undefined);
  return release;
}
