/**
 * The worker's side of the thread boundary: opens what the page names, runs the pipeline, reports. A thin shell;
 * what it keeps (opened sources, a session) can be had again, so the page may end it at any time.
 */
import { expose } from 'comlink';
import { KnownError } from '../errors.ts';
import type { Flush } from '../flush-behind.ts';
import type { FileIdentity } from '../identity.ts';
import {
  compareAll,
  inspectModel,
  parseExamples,
  parseExampleSet,
  runOutputs,
  scoreAll,
  type Scorer,
  tokenizeTexts,
  type Comparison,
  type ModelFacts,
  type ScoreJob,
  type ModelInput,
  type OutputOptions,
  type Scores,
} from '../pipeline.ts';
import { discardPacked, listKept, removeKept, saveOutput, type Kept, type KeptItem } from '../kept.ts';
import type { MergeJob, Output, OutputFile, Written } from '../pour.ts';
import type { Report } from '../progress.ts';
import type { OnCheck, SmokeCheck } from '../proof.ts';
import type { Found } from '../search.ts';
import type { SmokeJob } from '../smoke.ts';
import type { Example, ExampleSet } from '../score/examples.ts';
import type { Table } from '../score/table.ts';
import { readDemoExamples, readDemoManifest, readDemoSample, type DemoSample } from '../source/demo.ts';
import { parseHubId } from '../source/hub-id.ts';
import { pinRevision } from '../source/hub.ts';
import { watchFetch, type LedgerEntry } from '../source/ledger.ts';
import type { ModelRef } from '../source/source.ts';
import type { Tried, TryJob } from '../try-out.ts';
import type { Identify } from './hands.ts';
import { stopJob, stoppable } from './jobs.ts';
import { load } from './load.ts';
import { demoUrl, hubAccess, openSource, setUp, type Setup } from './sources.ts';
import { carryKnownErrors } from './wire.ts';

/** What comes with the page. */
export interface Demo {
  readonly models: readonly ModelRef[];
  readonly examples: readonly Example[];
  /** Sets of examples to choose from, without their texts. */
  readonly samples: readonly Pick<DemoSample, 'id' | 'kind' | 'source' | 'licence'>[];
}

/** Tells the page of a request. Comlink drops what a proxy that was collected is told, so it is kept here. */
let tellRequest: (entry: LedgerEntry) => void = () => undefined;
let scorer: Scorer | undefined;

async function openScorer(): Promise<Scorer> {
  const { Scorer } = await load(() => import('../score/score.ts'));
  return (scorer ??= new Scorer());
}

const ignore = (): void => undefined;

const engine = {
  /** First call after a start, and again when the token changes. No request is made before it. */
  begin(next: Setup, onRequest: (entry: LedgerEntry) => void): void {
    setUp(next);
    tellRequest = onRequest;
  },

  async demo(): Promise<Demo> {
    const { models, samples } = await readDemoManifest(demoUrl());
    return {
      models: models.map(({ name }) => ({ kind: 'demo', name })),
      examples: parseExamples(await readDemoExamples(demoUrl())),
      samples: samples.map(({ id, kind, source, licence }) => ({ id, kind, source, licence })),
    };
  },

  async sample(id: string): Promise<ExampleSet> {
    const { kind, text } = await readDemoSample(id, demoUrl());
    return parseExampleSet(text, kind);
  },

  /** Here, since a text of megabytes would hold up the page. */
  async readTable(file: Blob, name: string): Promise<Table> {
    const { readTable } = await load(() => import('../read-table.ts'));
    return readTable(file, name);
  },

  async pin(text: string): Promise<ModelRef> {
    const parsed = parseHubId(text, __HUB__);
    const { commit, licence } = await pinRevision(parsed, hubAccess());
    const ref = { kind: 'hub', id: parsed.id, revision: parsed.revision, commit } as const;
    return licence === undefined ? ref : { ...ref, licence };
  },

  async search(query: string, count: number): Promise<Found> {
    const { searchModels } = await load(() => import('../search.ts'));
    return searchModels(query, count, hubAccess());
  },

  inspect(ref: ModelRef): Promise<ModelFacts> {
    return inspectModel(openSource(ref));
  },

  compare(refs: readonly ModelRef[]): Promise<Comparison> {
    return compareAll(refs.map(openSource));
  },

  score(job: string, { models, ...asked }: ScoreJob, report: Report): Promise<Scores> {
    return stoppable(job, report, async (watching) =>
      scoreAll(await openScorer(), models.map(openSource), asked, watching),
    );
  },

  outputs(
    job: string,
    ref: ModelRef,
    inputs: readonly ModelInput[],
    options: OutputOptions,
    report: Report,
  ): ReturnType<typeof runOutputs> {
    return stoppable(job, report, async (watching) =>
      runOutputs(await openScorer(), openSource(ref), inputs, options, watching),
    );
  },

  tryOut(job: string, { models, ...asked }: TryJob, report: Report): Promise<Tried> {
    return stoppable(job, report, async (watching) => {
      const { tryOut } = await load(() => import('../try-out.ts'));
      return tryOut(await openScorer(), models.map(openSource), asked, watching);
    });
  },

  tokenize(ref: ModelRef, texts: readonly string[]): Promise<readonly (readonly number[])[]> {
    return tokenizeTexts(openSource(ref), texts);
  },

  /** Loads what will run, before somebody asks for it. Throws `page-part-missing`. */
  async prepare(work: 'merge' | 'read-back'): Promise<void> {
    const { prepare } = await load(() => import('./hands.ts'));
    await prepare(work);
  },

  /** Writes, and checks what files alone tell. The folder stays this worker's until `complete` or `discardUnproved`. */
  merge(
    job: string,
    { models, ...asked }: MergeJob,
    report: Report,
    check: OnCheck,
    identify: Identify,
    reader: MessagePort,
    flush: Flush,
  ): Promise<Written> {
    return stoppable(job, report, async (watching) => {
      const { mergeAll } = await load(() => import('../pour.ts'));
      const named = models.map(openSource);
      const { handsOf } = await load(() => import('./hands.ts'));
      const hands = handsOf(named, watching, identify, reader, flush);
      return mergeAll(named, asked, watching, check, hands);
    });
  },

  /** Reads back what another worker writes and tells of through `port`, until that one closes it or the job is stopped. */
  async readBack(job: string, port: MessagePort): Promise<void> {
    const { serveReadBack } = await load(() => import('./hands.ts'));
    return stoppable(job, ignore, ({ signal }) => serveReadBack(port, signal));
  },

  /** Brings a file that another worker writes to the disk, and holds up this one for as long. */
  async flushFile(job: string, path: string): Promise<void> {
    const { flushFile } = await load(() => import('./hands.ts'));
    return flushFile(job, path);
  },

  /** Tries what another worker wrote. */
  smoke(
    job: string,
    { models, ...asked }: SmokeJob & Pick<MergeJob, 'models'>,
    report: Report,
  ): Promise<SmokeCheck> {
    return stoppable(job, report, async (watching) => {
      const { runSmoke } = await load(() => import('../smoke.ts'));
      return runSmoke(await openScorer(), models.map(openSource), asked, watching);
    });
  },

  async complete(written: string, smoke: SmokeCheck): Promise<Output> {
    const { completeOutput } = await load(() => import('../pour.ts'));
    return completeOutput(written, smoke);
  },

  async discardUnproved(written: Written): Promise<void> {
    const { discardUnproved } = await load(() => import('../pour.ts'));
    return discardUnproved(written);
  },

  identify(job: string, ref: ModelRef, report: Report): Promise<readonly FileIdentity[]> {
    return stoppable(job, report, async (watching) => {
      const { identifyModel } = await load(() => import('../identity.ts'));
      return identifyModel(openSource(ref), watching);
    });
  },

  async checkCard(text: string): Promise<void> {
    const { checkCard } = await load(() => import('../card-edit.ts'));
    checkCard(text);
  },

  async saveCard(output: string, text: string): Promise<readonly OutputFile[]> {
    const { saveCard } = await load(() => import('../card-edit.ts'));
    return saveCard(output, text);
  },

  async generatedCard(output: string): Promise<string> {
    const { readGeneratedCard } = await load(() => import('../card-edit.ts'));
    return readGeneratedCard(output);
  },

  async openFile(output: string, path: string): Promise<File> {
    const { openOutputFile } = await load(() => import('../pack.ts'));
    return openOutputFile(output, path);
  },

  pack(job: string, { job: output, name }: Pick<Output, 'job' | 'name'>, report: Report): Promise<File> {
    return stoppable(job, report, async (watching) => {
      const { packOutput } = await load(() => import('../pack.ts'));
      return packOutput(output, name, watching);
    });
  },

  /** Writes into a folder that the page made in one that a person picked. */
  save(job: string, output: string, folder: FileSystemDirectoryHandle, report: Report): Promise<void> {
    return stoppable(job, report, (watching) => saveOutput(output, folder, watching));
  },

  /** Gives back the room of zips that no page needs. */
  tidy(): Promise<void> {
    return discardPacked();
  },

  listKept(offeredHere: readonly string[]): Promise<Kept> {
    return listKept(offeredHere);
  },

  removeKept(item: KeptItem): Promise<void> {
    return removeKept(item);
  },

  /** Stops a job at its next chunk or batch; an `AbortSignal` cannot cross `postMessage`. `why`: no person stopped it. */
  cancel(job: string, why?: Pick<KnownError, 'code' | 'facts'>): void {
    stopJob(job, why && new KnownError(why.code, why.facts));
  },
};

export type Engine = typeof engine;

// the runtime's threads load this same file under a name of their own
if (!self.name.startsWith('em-pthread')) {
  watchFetch((entry) => tellRequest(entry));
  carryKnownErrors();
  expose(engine);
}
