/**
 * The worker's side of the thread boundary: opens what the page names, runs the pipeline, reports. A thin shell;
 * what it keeps (opened sources, a session) can be had again, so the page may end it at any time.
 */
import { expose } from 'comlink';
import { checkCard, readGeneratedCard, saveCard } from '../card-edit.ts';
import type { Device } from '../graph/runtime.ts';
import { identifyModel, type FileIdentity } from '../identity.ts';
import {
  compareAll,
  createSha256,
  embedTexts,
  inspectModel,
  parseExamples,
  parseTable,
  readExamplesText,
  scoreAll,
  Scorer,
  tokenizeTexts,
  type Comparison,
  type ModelFacts,
  type NamedSource,
  type ScoreJob,
  type Scores,
} from '../pipeline.ts';
import { discardPacked, listKept, removeKept, saveOutput, type Kept, type KeptItem } from '../kept.ts';
import { openOutputFile, packOutput } from '../pack.ts';
import {
  completeOutput,
  discardUnproved,
  mergeAll,
  type MergeJob,
  type Output,
  type OutputFile,
  type Written,
} from '../pour.ts';
import type { Report } from '../progress.ts';
import type { OnCheck, SmokeCheck } from '../proof.ts';
import { searchModels, type Found } from '../search.ts';
import { runSmoke, type SmokeJob } from '../smoke.ts';
import type { Example } from '../score/examples.ts';
import type { Table } from '../score/table.ts';
import { openCached } from '../source/cached.ts';
import {
  openDemo,
  readDemoExamples,
  readDemoManifest,
  readDemoSample,
  type DemoSample,
} from '../source/demo.ts';
import { parseHubId } from '../source/hub-id.ts';
import type { HubAccess } from '../source/hub-fetch.ts';
import { openHub, pinRevision } from '../source/hub.ts';
import { watchFetch, type LedgerEntry } from '../source/ledger.ts';
import { openLocal } from '../source/local.ts';
import type { ModelRef } from '../source/source.ts';
import { tryOut, type Tried, type TryJob } from '../try-out.ts';
import { carryKnownErrors } from './wire.ts';

export interface Setup {
  /** Address of the folder of embedded models. */
  readonly demoUrl: string;
  readonly token: string | undefined;
}

/** What comes with the page. */
export interface Demo {
  readonly models: readonly ModelRef[];
  readonly examples: readonly Example[];
  /** Sets of examples to choose from, without their texts. */
  readonly samples: readonly Pick<DemoSample, 'id' | 'source' | 'licence'>[];
}

let setup: Setup = { demoUrl: '', token: undefined };
/** Tells the page of a request. Comlink drops what a proxy that was collected is told, so it is kept here. */
let tellRequest: (entry: LedgerEntry) => void = () => undefined;
const scorer = new Scorer();
const jobs = new Map<string, AbortController>();
/** Hub and embedded models by name and commit: their listings and small files are read once. */
const sources = new Map<string, NamedSource['source']>();

function openSource(ref: ModelRef): NamedSource {
  switch (ref.kind) {
    case 'local':
      return { ref, source: openLocal(ref.name, ref.files) };
    case 'demo':
      return { ref, source: keep(`demo ${ref.name}`, () => openDemo(ref.name, setup.demoUrl)) };
    case 'hub': {
      const open = () => openCached(openHub(ref, hubAccess()), createSha256);
      return { ref, source: keep(`hub ${ref.id} ${ref.commit}`, open) };
    }
  }
}

function hubAccess(): HubAccess {
  return { hubUrl: __HUB__, token: setup.token };
}

function keep(key: string, open: () => NamedSource['source']): NamedSource['source'] {
  const source = sources.get(key) ?? open();
  sources.set(key, source);
  return source;
}

/** Runs a job that `cancel` can stop. */
async function stoppable<T>(job: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  jobs.set(job, controller);
  try {
    return await work(controller.signal);
  } finally {
    jobs.delete(job);
  }
}

const engine = {
  /** First call after a start, and again when the token changes. No request is made before it. */
  begin(next: Setup, onRequest: (entry: LedgerEntry) => void): void {
    if (next.token !== setup.token) sources.clear();
    setup = next;
    tellRequest = onRequest;
  },

  async demo(): Promise<Demo> {
    const { models, samples } = await readDemoManifest(setup.demoUrl);
    return {
      models: models.map(({ name }) => ({ kind: 'demo', name })),
      examples: parseExamples(await readDemoExamples(setup.demoUrl)),
      samples: samples.map(({ id, source, licence }) => ({ id, source, licence })),
    };
  },

  async sample(id: string): Promise<readonly Example[]> {
    return parseExamples(await readDemoSample(id, setup.demoUrl));
  },

  /** Here, since a text of megabytes would hold up the page. */
  async readTable(file: Blob, name: string): Promise<Table> {
    return parseTable(await readExamplesText(file, name));
  },

  async pin(text: string): Promise<ModelRef> {
    const parsed = parseHubId(text, __HUB__);
    const { commit, licence } = await pinRevision(parsed, hubAccess());
    const ref = { kind: 'hub', id: parsed.id, revision: parsed.revision, commit } as const;
    return licence === undefined ? ref : { ...ref, licence };
  },

  search(query: string, count: number): Promise<Found> {
    return searchModels(query, count, hubAccess());
  },

  inspect(ref: ModelRef): Promise<ModelFacts> {
    return inspectModel(openSource(ref));
  },

  compare(refs: readonly ModelRef[]): Promise<Comparison> {
    return compareAll(refs.map(openSource));
  },

  score(job: string, { models, ...asked }: ScoreJob, report: Report): Promise<Scores> {
    return stoppable(job, (signal) => scoreAll(scorer, models.map(openSource), asked, { signal, report }));
  },

  embed(
    job: string,
    ref: ModelRef,
    texts: readonly string[],
    options: { readonly prompt: string; readonly device: Device },
    report: Report,
  ): ReturnType<typeof embedTexts> {
    return stoppable(job, (signal) =>
      embedTexts(scorer, openSource(ref), texts, options, { signal, report }),
    );
  },

  tryOut(job: string, { models, ...asked }: TryJob, report: Report): Promise<Tried> {
    return stoppable(job, (signal) => tryOut(scorer, models.map(openSource), asked, { signal, report }));
  },

  tokenize(ref: ModelRef, texts: readonly string[]): Promise<readonly (readonly number[])[]> {
    return tokenizeTexts(openSource(ref), texts);
  },

  /** Writes, and checks what files alone tell. The folder stays this worker's until `complete` or `discardUnproved`. */
  merge(job: string, { models, ...asked }: MergeJob, report: Report, check: OnCheck): Promise<Written> {
    return stoppable(job, (signal) => mergeAll(models.map(openSource), asked, { signal, report }, check));
  },

  /** Tries what another worker wrote. */
  smoke(
    job: string,
    { models, ...asked }: SmokeJob & Pick<MergeJob, 'models'>,
    report: Report,
  ): Promise<SmokeCheck> {
    return stoppable(job, (signal) => runSmoke(scorer, models.map(openSource), asked, { signal, report }));
  },

  complete(written: string, smoke: SmokeCheck): Promise<Output> {
    return completeOutput(written, smoke);
  },

  discardUnproved(written: Written): Promise<void> {
    return discardUnproved(written);
  },

  identify(job: string, ref: ModelRef, report: Report): Promise<readonly FileIdentity[]> {
    return stoppable(job, (signal) => identifyModel(openSource(ref), { signal, report }));
  },

  checkCard(text: string): void {
    checkCard(text);
  },

  saveCard(output: string, text: string): Promise<readonly OutputFile[]> {
    return saveCard(output, text);
  },

  generatedCard(output: string): Promise<string> {
    return readGeneratedCard(output);
  },

  openFile(output: string, path: string): Promise<File> {
    return openOutputFile(output, path);
  },

  pack(job: string, { job: output, name }: Pick<Output, 'job' | 'name'>, report: Report): Promise<File> {
    return stoppable(job, (signal) => packOutput(output, name, { signal, report }));
  },

  /** Writes into a folder that the page made in one that a person picked. */
  save(job: string, output: string, folder: FileSystemDirectoryHandle, report: Report): Promise<void> {
    return stoppable(job, (signal) => saveOutput(output, folder, { signal, report }));
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

  /** Stops a job at its next chunk or batch. An `AbortSignal` cannot cross `postMessage`; this call can. */
  cancel(job: string): void {
    jobs.get(job)?.abort();
  },
};

export type Engine = typeof engine;

// the runtime's threads load this same file under a name of their own
if (!self.name.startsWith('em-pthread')) {
  watchFetch((entry) => tellRequest(entry));
  carryKnownErrors();
  expose(engine);
}
