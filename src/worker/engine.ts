/**
 * The worker's side of the thread boundary: opens what the page names, runs the pipeline, reports. A thin shell;
 * what it keeps (opened sources, a session) can be had again, so the page may end it at any time.
 */
import { expose } from 'comlink';
import type { Device } from '../graph/runtime.ts';
import {
  compareAll,
  createSha256,
  embedTexts,
  inspectModel,
  parseExamples,
  scoreAll,
  Scorer,
  tokenizeTexts,
  type Comparison,
  type ModelFacts,
  type NamedSource,
  type ScoreJob,
  type Scores,
} from '../pipeline.ts';
import {
  discardAbandoned,
  discardOutput,
  mergeAll,
  openOutputFile,
  packOutput,
  type MergeJob,
  type Output,
} from '../pour.ts';
import type { Report } from '../progress.ts';
import type { Example } from '../score/examples.ts';
import { openCached } from '../source/cached.ts';
import { openDemo, readDemoExamples, readDemoManifest } from '../source/demo.ts';
import { parseHubId } from '../source/hub-id.ts';
import { openHub, pinRevision } from '../source/hub.ts';
import { watchFetch, type LedgerEntry } from '../source/ledger.ts';
import { openLocal } from '../source/local.ts';
import type { ModelRef } from '../source/source.ts';
import { carryKnownErrors } from './wire.ts';

export interface Setup {
  /** Address of the folder of embedded models. */
  readonly demoUrl: string;
  readonly token: string | undefined;
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
      const access = { hubUrl: __HUB__, token: setup.token };
      return {
        ref,
        source: keep(`hub ${ref.id} ${ref.commit}`, () => openCached(openHub(ref, access), createSha256)),
      };
    }
  }
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

  async demo(): Promise<{ readonly models: readonly ModelRef[]; readonly examples: readonly Example[] }> {
    const { models } = await readDemoManifest(setup.demoUrl);
    const examples = parseExamples(await readDemoExamples(setup.demoUrl));
    return { models: models.map(({ name }) => ({ kind: 'demo', name })), examples };
  },

  async pin(text: string): Promise<ModelRef> {
    const parsed = parseHubId(text, __HUB__);
    const commit = await pinRevision(parsed, { hubUrl: __HUB__, token: setup.token });
    return { kind: 'hub', id: parsed.id, revision: parsed.revision, commit };
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

  tokenize(ref: ModelRef, texts: readonly string[]): Promise<readonly (readonly number[])[]> {
    return tokenizeTexts(openSource(ref), texts);
  },

  merge(job: string, { models, ...asked }: MergeJob, report: Report): Promise<Output> {
    return stoppable(job, (signal) => mergeAll(models.map(openSource), asked, { signal, report }));
  },

  openFile(output: string, path: string): Promise<File> {
    return openOutputFile(output, path);
  },

  pack(job: string, { job: output, name }: Output, report: Report): Promise<File> {
    return stoppable(job, (signal) => packOutput(output, name, { signal, report }));
  },

  /** Gives back the room of jobs that no page needs. */
  tidy(): Promise<void> {
    return discardAbandoned();
  },

  discard(output: string): Promise<void> {
    return discardOutput(output);
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
