/**
 * The page to read first: inspect (headers only, kilobytes, whatever a model's size), score, merge.
 * Inspect, then show problems, then run: nothing large is downloaded and nothing is computed before the
 * person has seen what does not fit.
 */
import { KnownError, toProblem, type Problem } from './errors.ts';
import type { Device, RanOn } from './graph/runtime.ts';
import { planOutput, type PlannedOutput } from './merge/size.ts';
import { compareModels, type OpenedModel } from './model/compare.ts';
import { readConfig, type Config } from './model/config.ts';
import { compareLicences } from './model/compare-licence.ts';
import { readLicence } from './model/licence.ts';
import { readModules, type Modules } from './model/modules.ts';
import { notePassedOver } from './model/passed-over.ts';
import { noPrompts, readPrompts, suggestPrompts, type Prompts } from './model/prompts.ts';
import { dtypesOf } from './model/summary.ts';
import { noteTwins } from './model/twins.ts';
import { openVocabulary } from './model/vocabulary.ts';
import { openCheckpoint, type Checkpoint } from './safetensors/checkpoint.ts';
import { printExamples, type Example } from './score/examples.ts';
import { graphOf, type Scorable } from './score/scorable.ts';
import type { LossDefinition, Scorer, Watching } from './score/score.ts';
import type { CachedSource } from './source/cached.ts';
import type { ModelRef, Source } from './source/source.ts';
import { hashText } from './tensor/sha256.ts';

export { guessMapping, isDocumented, mapTable } from './score/columns.ts';
export { parseExamples, printExamples } from './score/examples.ts';
export type { OutputDtype } from './merge/plan.ts';
export type { Scorer } from './score/score.ts';
export { modelLimit } from './model/compare.ts';
export { checkWeights, weigh, weighAround } from './score/weights.ts';
export { createSha256 } from './tensor/sha256.ts';
export type { Device, RanOn } from './graph/runtime.ts';
export type { MergeJob, Output, OutputFile } from './pour.ts';
export type { Tried, TryJob } from './try-out.ts';
export type { Check, Proof } from './proof.ts';
export type { Prompts } from './model/prompts.ts';
export type { LossDefinition, Watching } from './score/score.ts';

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
  /** As its card states it, else the Hub's metadata. */
  readonly licence: string | undefined;
  /** Notes and refusals about this model alone; a refusal here is of scoring, not of mixing by hand. */
  readonly problems: readonly Problem[];
}

/** How models fit together, from headers and small files only. */
export interface Comparison {
  /** Refusals here are of mixing. */
  readonly problems: readonly Problem[];
  /** What a merge would write; `undefined` when it is refused. */
  readonly output: PlannedOutput | undefined;
}

export interface ScoreJob {
  readonly models: readonly ModelRef[];
  readonly examples: readonly Example[];
  readonly definition: LossDefinition;
  readonly device: Device;
}

export interface Scores {
  /** (models,) nats. */
  readonly losses: readonly number[];
  /** (examples, models) nats, had that example not been there; empty where there would be nothing left to score. */
  readonly lossesWithout: readonly (readonly number[])[];
  readonly ranOn: RanOn;
  /** Notes, e.g. an example that was truncated. */
  readonly problems: readonly Problem[];
  readonly seconds: number;
  /** Of the examples as JSON Lines: tells them from others, and says nothing else of them. */
  readonly examplesSha256: string;
}

/** A source, and what the page called it. */
export interface NamedSource {
  readonly ref: ModelRef;
  readonly source: Source | CachedSource;
}

interface Opened extends OpenedModel {
  readonly source: Source | CachedSource;
  readonly checkpoint: Checkpoint;
  readonly config: Config;
}

/** Reads headers and small files. Throws when the model cannot be opened at all: `config-missing`, `checkpoint-missing`, … */
export async function inspectModel({ ref, source }: NamedSource): Promise<ModelFacts> {
  const config = await readConfig(source);
  const checkpoint = await openCheckpoint(source);
  const modules = await readModules(source, config);
  const stated = await readPrompts(source);
  const suggested = suggestPrompts(ref.kind === 'hub' ? ref.id : ref.name);
  const { parameterCount, dtypes } = dtypesOf(checkpoint.tensors.values());
  return {
    name: source.name,
    kind: ref.kind,
    ...(ref.kind === 'hub' ? { commit: ref.commit } : {}),
    modelType: config.modelType,
    parameterCount,
    dtypes,
    checkpointBytes: checkpoint.bytes,
    bytesToFetch: await missingBytes(source, checkpoint),
    pooling: modules.pooling ?? '',
    normalised: modules.normalised,
    maxTokens: modules.maxTokens,
    prompts: stated ?? suggested ?? noPrompts,
    promptsFrom: stated ? 'repository' : suggested ? 'suggested' : 'none',
    licence: await licenceOf({ ref, source }),
    problems: [...(await scoringProblems(source, config, modules)), ...(await notePassedOver(source))],
  };
}

/** The licence that the model's card states, else what the Hub stated when its revision was pinned. */
export function licenceOf({ ref, source }: NamedSource): Promise<string | undefined> {
  return readLicence(source, ref.kind === 'hub' ? ref.licence : undefined);
}

/** Everything that scoring would refuse, and the notes of the model's own settings. */
async function scoringProblems(
  source: Source,
  config: Config,
  modules: Modules,
): Promise<readonly Problem[]> {
  const refusals: Problem[] = [];
  try {
    graphOf({ name: source.name, config }, modules.pooling ?? 'cls');
  } catch (error) {
    if (!(error instanceof KnownError)) throw error;
    refusals.push(toProblem(error));
    // how such a model would be pooled is not its problem
    if (error.code === 'architecture-unknown') return refusals;
  }
  const names = (await source.list()).map(({ path }) => path);
  if (!names.includes('tokenizer.json')) {
    refusals.push(toProblem(new KnownError('tokenizer-missing', { model: source.name })));
  }
  return [...refusals, ...modules.problems];
}

/** How the models fit and what their licences mean for a mixture, from headers and small files. */
export async function compareAll(named: readonly NamedSource[]): Promise<Comparison> {
  const models = await Promise.all(named.map(({ source }) => openModel(source)));
  const { problems: differences, tensors } = await compareModels(models);
  const licences = named.map(async (model) => ({
    name: model.source.name,
    licence: await licenceOf(model),
  }));
  const problems = [
    ...differences,
    ...(await keptModules(models[0])),
    ...(await noteTwins(models)),
    ...compareLicences(await Promise.all(licences)),
  ];
  if (problems.some(({ severity }) => severity === 'refused')) return { problems, output: undefined };
  return { problems, output: planOutput(tensors) };
}

/** Modules beyond the transformer have values of their own, which are not mixed: model 1's are taken as they are. */
async function keptModules(base: Opened | undefined): Promise<readonly Problem[]> {
  if (base === undefined) return [];
  const { extraModules } = await readModules(base.source, base.config);
  return extraModules.map((module) => ({
    severity: 'note',
    code: 'module-kept',
    facts: { model: base.name, module },
  }));
}

/** Everything about a model that headers and small files tell. */
export async function openModel(source: Source | CachedSource): Promise<Opened> {
  const config = await readConfig(source);
  const checkpoint = await openCheckpoint(source);
  return { name: source.name, source, config, checkpoint, vocabulary: await openVocabulary(source) };
}

/** Downloads what is missing, then scores. Throws what `Scorer.score` throws, and the `hub-…` codes. */
export async function scoreAll(
  scorer: Scorer,
  named: readonly NamedSource[],
  { examples, definition, device }: Omit<ScoreJob, 'models'>,
  watching: Watching,
): Promise<Scores> {
  const started = performance.now();
  const openAll = () => Promise.all(named.map(({ source }) => openScorable(source)));
  const models = await openFetched(named, openAll, watching);
  const scored = await scorer.score(models, examples, definition, device, watching);
  const examplesSha256 = await hashText(printExamples(examples));
  return { ...scored, seconds: (performance.now() - started) / 1000, examplesSha256 };
}

/** Embeddings of texts under the model's own settings, (texts,) of (dim,). */
export async function embedTexts(
  scorer: Scorer,
  named: NamedSource,
  texts: readonly string[],
  { prompt, device }: { readonly prompt: string; readonly device: Device },
  watching: Watching,
): Promise<{ readonly embeddings: readonly Float32Array[]; readonly ranOn: RanOn }> {
  const model = await openFetched([named], () => openScorable(named.source), watching);
  return scorer.embed(model, texts, prompt, device, watching);
}

/** Token ids of texts, special tokens included, truncated to what the model takes. */
export async function tokenizeTexts(
  { source }: NamedSource,
  texts: readonly string[],
): Promise<readonly (readonly number[])[]> {
  const tokenizer = await readTokenizer(source);
  const { maxTokens } = await readModules(source, await readConfig(source));
  return texts.map((text) => tokenizer.encode(text, maxTokens).ids);
}

/** A model ready to be scored, from headers and small files. Throws the refusals of scoring, and what opening throws. */
export async function openScorable(source: Source): Promise<Scorable> {
  const config = await readConfig(source);
  const modules = await readModules(source, config);
  // settings before the tokenizer: a refusal by name says more than a tokenizer that is not there
  graphOf({ name: source.name, config }, modules.pooling ?? 'cls');
  const checkpoint = await openCheckpoint(source);
  return { name: source.name, config, checkpoint, modules, tokenizer: await readTokenizer(source) };
}

/** Whether large files have to be fetched before they are read. */
export function isCached(source: Source | CachedSource): source is CachedSource {
  return 'fetchFile' in source;
}

async function missingBytes(source: Source | CachedSource, { files }: Checkpoint): Promise<number> {
  if (!isCached(source)) return 0;
  const missing = files.map(async ({ path, bytes }) => bytes - (await source.cachedBytes(path)));
  return (await Promise.all(missing)).reduce((sum, bytes) => sum + bytes, 0);
}

/**
 * What `open` makes of models whose values are here: opened once for the refusals, before anything large is fetched,
 * and, where something had to be, once more for the headers of what was fetched and checked.
 */
export async function openFetched<T>(
  named: readonly NamedSource[],
  open: () => Promise<T>,
  watching: Watching,
): Promise<T> {
  const opened = await open();
  if (!named.some(({ source }) => isCached(source))) return opened;
  await fetchAll(named, watching);
  return open();
}

/** Brings the checkpoints of Hub models into this browser's storage, one file at a time. Throws the `hub-…` codes, `storage-full`. */
async function fetchAll(named: readonly NamedSource[], { signal, report }: Watching): Promise<void> {
  for (const { source } of named) {
    if (!isCached(source)) continue;
    const { files, bytes: total } = await openCheckpoint(source);
    let before = 0;
    for (const { path, bytes } of files) {
      await source.fetchFile(path, {
        signal,
        report: (done) =>
          report({ stage: 'fetch', subject: source.name, done: before + done, total, unit: 'bytes' }),
      });
      before += bytes;
    }
  }
}

/** Loaded when a text is first read: a third of what the engine would be otherwise. */
async function readTokenizer(source: Source): Promise<Scorable['tokenizer']> {
  const { TextTokenizer } = await import('./score/tokenize.ts');
  return TextTokenizer.read(source);
}
