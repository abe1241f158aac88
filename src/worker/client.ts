/**
 * The page's side of the thread boundary: the one door from the UI to everything that computes.
 *
 * Four workers of one engine, so that cards answer while a model is scored: `files` reads, compares and merges;
 * `scoring` runs graphs; while `files` merges, `proof` reads back and `disk` flushes. They hold nothing that cannot be had
 * again, so each may be stopped and replaced.
 */
import type { RanOn } from '../graph/runtime.ts';
import { KnownError } from '../errors.ts';
import type { FileIdentity } from '../identity.ts';
import type { Kept, KeptItem } from '../kept.ts';
import {
  checkWeights,
  guessMapping,
  isDocumented,
  mapTable,
  modelLimit,
  rolesOf,
  weigh,
  weighAround,
} from '../pipeline.ts';
import type {
  Comparison,
  ModelFacts,
  ModelInput,
  OutputOptions,
  ScoreJob,
  Scores,
  Tried,
  TryJob,
} from '../pipeline.ts';
import type { MergeJob, Output } from '../pour.ts';
import type { ExampleKind, Mapped, Mapping, Role } from '../score/columns.ts';
import type { ExampleSet } from '../score/examples.ts';
import type { Table } from '../score/table.ts';
import type { Found } from '../search.ts';
import { readAsked, type Asked } from '../source/hub-id.ts';
import { watchFetch, type LedgerEntry } from '../source/ledger.ts';
import { openZips } from '../source/archive.ts';
import { groupModels } from '../source/local.ts';
import type { LocalFile, ModelRef } from '../source/source.ts';
import type { Demo } from './engine.ts';
import { Offers, whileUsed } from './page-locks.ts';
import { mergeAndProve, type Trial } from './prove.ts';
import { askToKeep, readRoom, type Room } from './room.ts';
import { startWorker } from './start.ts';
import { WorkerHandle, type Watch } from './worker-handle.ts';

export type { Demo } from './engine.ts';
export type { Kept, KeptItem, KeptOutput, StoredModel, UnfinishedJob } from '../kept.ts';
export type { Found, FoundModel } from '../search.ts';
export type { Asked } from '../source/hub-id.ts';
export type { LedgerEntry } from '../source/ledger.ts';
export type { Trial } from './prove.ts';
export type { Room } from './room.ts';
export type { Watch } from './worker-handle.ts';

/** What opens a finished output, this page's or an earlier one that is still kept. */
export type OutputRef = Pick<Output, 'job' | 'name'>;

export interface Client {
  /** A token for gated and private repositories; kept in this tab's memory only, sent to the Hub's own origin only. */
  setToken(token: string | undefined): Promise<void>;
  /** The embedded demo models, in order, their sample examples, and the sample sets to choose from. */
  demo(): Promise<Demo>;
  /** The examples of a sample set. */
  sample(id: string): Promise<ExampleSet>;
  /** More models than these are refused. */
  readonly modelLimit: number;
  /** Whether text names a model, or is to be searched for. Asks nobody. */
  readAsked(text: string): Asked;
  /** Searches the Hub for at most `count` models, most downloaded first. Throws the `hub-…` codes. */
  search(query: string, count: number): Promise<Found>;
  /** Parses an id, `id@revision` or a Hub URL and pins its revision to a commit. Throws the `hub-…` codes. */
  pin(text: string): Promise<ModelRef>;
  /** Sorts dropped or picked files into models; `name` is for loose files and refusals; else the first folder's. Throws `drop-empty`, `model-folder-missing`, or what a folder lacks. */
  groupLocal(files: readonly LocalFile[], name?: string): Promise<readonly ModelRef[]>;
  /** Facts of one model from headers and small files. Throws when the model cannot be opened at all. */
  inspect(model: ModelRef): Promise<ModelFacts>;
  /** How the models fit together. */
  compare(models: readonly ModelRef[]): Promise<Comparison>;
  /** A file or a pasted text to a table, in a worker; `name` is for the refusals. Throws the `examples-…` codes. */
  readTable(file: Blob, name: string): Promise<Table>;
  /** What the columns of a table most likely mean; the person may say what its first line is. */
  guessMapping(table: Table, kind: ExampleKind, said?: Mapping['firstLine']): Mapping;
  /** What a column may be. */
  rolesOf(kind: ExampleKind): readonly Role[];
  /** Whether a table's columns leave nothing to ask. */
  isDocumented(table: Table, kind: ExampleKind): boolean;
  /** What comes of a table under a mapping, beside `takenCount` examples that the page has. */
  mapTable(table: Table, mapping: Mapping, takenCount: number): Mapped;
  /** Downloads what is missing (stage `fetch`), then scores (stages `load` and `score`). An abort rejects with AbortError within a second. */
  score(job: ScoreJob, watch?: Watch): Promise<Scores>;
  /** (inputs,) what the model makes of each under its own settings: embeddings, scores or next logits. */
  outputs(
    model: ModelRef,
    inputs: readonly ModelInput[],
    options: OutputOptions,
    watch?: Watch,
  ): Promise<{ readonly outputs: readonly Float32Array[]; readonly ranOn: RanOn }>;
  /** A question under base, another model and the mixture: see try-out.ts. Stages as scoring. */
  tryOut(job: TryJob, watch?: Watch): Promise<Tried>;
  /** (texts,) token ids, special tokens included, truncated to what the model takes. */
  tokenize(model: ModelRef, texts: readonly string[]): Promise<readonly (readonly number[])[]>;
  /** (models,) losses in nats to (models,) mixing weights: softmax(-loss / temperature), in float32 as the reference computes it. */
  weigh(losses: readonly number[], temperature: number): readonly number[];
  /** One fine-tuned model against the rest: alpha for it, and 1 - alpha shared among the others by their losses. */
  weighAround(
    losses: readonly number[] | undefined,
    tuned: number,
    alpha: number,
    temperature: number,
  ): readonly number[];
  /** Throws `weights-invalid` unless every weight is finite and they sum to 1 within 1e-3. */
  checkWeights(weights: readonly number[]): void;
  /** Starts and loads what `merge` needs, for when it is asked for soon. What fails is said by `merge`. */
  prepareMerge(): void;
  /**
   * Downloads what is missing (`fetch`), merges (`merge`), and proves what was written (`check`, `smoke`). An output is
   * one whose proof is whole; after any failure or stop there is none.
   */
  merge(job: MergeJob, watch?: Watch, trial?: Trial): Promise<Output>;
  /** What tells a model's checkpoint from any other; files of this computer are hashed for it (stage `identify`). */
  identify(model: ModelRef, watch?: Watch): Promise<readonly FileIdentity[]>;
  /** Throws `card-front-matter-invalid` with the line of what the Hub would not take. */
  checkCard(text: string): Promise<void>;
  /** Writes another README.md into a finished output. Returns the output as it is now; the old card stays when it throws. */
  saveCard(output: Output, text: string): Promise<Output>;
  /** README.md as it was generated, whatever has been saved since. */
  generatedCard(output: Output): Promise<string>;
  /** One file of a finished output. */
  openFile(output: OutputRef, path: string): Promise<File>;
  /** The finished output as one zip (stage `pack`), kept beside it. */
  openZip(output: OutputRef, watch?: Watch): Promise<File>;
  /**
   * Writes a finished output into a new folder in `parent` (stage `save`), reads it back (`check`), and returns the new
   * folder's name. What is cut short is removed. Throws the `folder-…` codes; `folder-leftover`, with what happened as
   * its cause, where it could not be removed.
   */
  saveInto(output: OutputRef, parent: FileSystemDirectoryHandle, watch?: Watch): Promise<string>;
  /** What this browser keeps of this page, and which of it another tab uses. Throws `storage-unavailable`. */
  listKept(): Promise<Kept>;
  /** Deletes one of them. Throws `kept-in-use` where it is being made, fetched or read, or another page offers it. */
  removeKept(item: KeptItem): Promise<void>;
  /** What the browser says about room; a hint. `undefined` where it does not say. */
  room(): Promise<Room | undefined>;
}

/** Long enough to score again and again without loading the runtime anew, short enough to give a gigabyte back. */
const idleMs = 60_000;

/** @param record hears of every request that leaves this page's origin, from the page and from its workers */
export function openClient(record: (entry: LedgerEntry) => void = () => undefined): Client {
  watchFetch(record);
  const setup = { demoUrl: new URL('demo/', document.baseURI).href, token: undefined };
  const files = new WorkerHandle(() => startWorker('files'), setup, record);
  const scoring = new WorkerHandle(() => startWorker('scoring'), setup, record, idleMs);
  const proof = new WorkerHandle(() => startWorker('proof'), setup, record, idleMs);
  const disk = new WorkerHandle(() => startWorker('disk'), setup, record, idleMs);
  const offers = new Offers();
  // a browser without storage says so when it is needed
  void files.run((engine) => engine.tidy()).catch(() => undefined);
  return {
    async setToken(token) {
      await Promise.all([files, scoring, proof, disk].map((worker) => worker.begin({ ...setup, token })));
    },
    demo: () => files.run((engine) => engine.demo()),
    sample: (id) => files.run<ExampleSet>(async (engine) => engine.sample(id)),
    modelLimit,
    readAsked: (text) => readAsked(text, __HUB__),
    search: (query, count) => files.run((engine) => engine.search(query, count)),
    pin: (text) => files.run<ModelRef>(async (engine) => engine.pin(text)),
    async groupLocal(dropped, name = folderOf(dropped)) {
      const files = await openZips(dropped);
      return groupModels(files, name).map((model) => ({ kind: 'local', ...model }));
    },
    inspect: (model) => files.run((engine) => engine.inspect(model)),
    compare: (models) => files.run((engine) => engine.compare(models)),
    readTable: (file, name) => files.run((engine) => engine.readTable(file, name)),
    guessMapping,
    isDocumented,
    mapTable,
    rolesOf,
    score: (asked, watch) =>
      whileUsed(asked.models, () =>
        scoring.run((engine, job, report) => engine.score(job, asked, report), askAtFetch(watch)),
      ),
    outputs: (model, inputs, options, watch) =>
      whileUsed([model], () =>
        scoring.run((engine, job, report) => engine.outputs(job, model, inputs, options, report), watch),
      ),
    tryOut: (asked, watch) =>
      whileUsed(asked.models, () =>
        scoring.run<Tried>(
          async (engine, job, report) => engine.tryOut(job, asked, report),
          askAtFetch(watch),
        ),
      ),
    tokenize: (model, texts) => files.run((engine) => engine.tokenize(model, texts)),
    weigh: (losses, temperature) => weigh(losses, temperature),
    weighAround,
    checkWeights: (weights) => checkWeights(weights),
    prepareMerge() {
      for (const worker of [files, proof, disk]) {
        const work = worker === files ? 'merge' : 'read-back';
        worker.run((engine) => engine.prepare(work)).catch(() => undefined);
      }
    },
    merge(asked, watch, trial = { device: 'automatic' }) {
      askToKeep();
      const job = { ...linkedPage(), ...asked };
      return whileUsed(asked.models, async () => {
        const output = await mergeAndProve({ files, scoring, proof, disk }, job, watch, trial);
        offers.offer(output.job);
        return output;
      });
    },
    identify: (model, watch) =>
      files.run((engine, job, report) => engine.identify(job, model, report), watch),
    checkCard: (text) => files.run(async (engine) => engine.checkCard(text)),
    async saveCard(output, text) {
      return { ...output, files: await files.run((engine) => engine.saveCard(output.job, text)) };
    },
    generatedCard: ({ job }) => files.run((engine) => engine.generatedCard(job)),
    openFile({ job }, path) {
      offers.offer(job);
      return files.run((engine) => engine.openFile(job, path));
    },
    openZip(output, watch) {
      offers.offer(output.job);
      return files.run((engine, job, report) => engine.pack(job, output, report), watch);
    },
    async saveInto({ job: output, name }, parent, watch) {
      offers.offer(output);
      // loaded when something is first saved
      const { makeFolder, removeFolder } = await import('../export/folder.ts');
      const folder = await makeFolder(parent, name);
      try {
        await files.run((engine, job, report) => engine.save(job, output, folder, report), watch);
        return folder.name;
      } catch (error) {
        // here and not in the worker, which may be what went wrong
        if ((await removeFolder(parent, folder.name)) === 'removed') throw error;
        throw new KnownError('folder-leftover', { folder: parent.name, name: folder.name }, { cause: error });
      }
    },
    listKept: () => files.run((engine) => engine.listKept(offers.jobs)),
    async removeKept(item) {
      const remove = (): Promise<void> => files.run((engine) => engine.removeKept(item));
      return item.kind === 'job' ? offers.without(item.job, remove) : remove();
    },
    room: readRoom,
  };
}

/** The first large download is a reason to ask the browser to keep what was fetched. */
function askAtFetch({ signal, report }: Watch = {}): Watch {
  return {
    signal,
    report(progress) {
      if (progress.stage === 'fetch') askToKeep();
      report?.(progress);
    },
  };
}

/** Where this page lies, for the link on the card: not of a page that only this computer or its network has. */
function linkedPage(): Pick<MergeJob, 'pageUrl'> {
  const { protocol, href } = new URL(document.baseURI);
  return protocol === 'https:' ? { pageUrl: href.replace(/#.*$/, '') } : {};
}

/** The first folder among what was dropped. */
function folderOf(files: readonly LocalFile[]): string {
  return files.find(({ path }) => path.includes('/'))?.path.split('/')[0] ?? '';
}
