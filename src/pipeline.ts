/**
 * The page to read first: inspect (headers only, kilobytes, whatever a model's size), score, merge.
 * Inspect, then show problems, then run: nothing large is downloaded and nothing is computed before the
 * person has seen what does not fit.
 */
import type { Problem } from './errors.ts';
import type { Task } from './graph/graph.ts';
import type { Device, RanOn } from './graph/runtime.ts';
import { isCached, openFetched } from './inputs.ts';
import { planOutput, type PlannedOutput } from './merge/size.ts';
import { compareModels, type OpenedModel } from './model/compare.ts';
import { readConfig, type Config } from './model/config.ts';
import { openModelCheckpoint, readDenseSettings } from './model/dense.ts';
import { compareLicences } from './model/compare-licence.ts';
import { readLicence } from './model/licence.ts';
import { readModules } from './model/modules.ts';
import { notePassedOver } from './model/passed-over.ts';
import { noPrompts, readPrompts, suggestPrompts, type Prompts } from './model/prompts.ts';
import { dtypesOf } from './model/summary.ts';
import { noteTwins } from './model/twins.ts';
import { openVocabulary } from './model/vocabulary.ts';
import type { Checkpoint } from './safetensors/checkpoint.ts';
import { printExampleSet, type ExampleSet } from './score/examples.ts';
import { judgeScoring, type ByTask, type Lacking } from './score/judge.ts';
import { architectureOf, readTask, type Scorable } from './score/scorable.ts';
import type { LossDefinition, ModelInput, Scorer, Watching } from './score/score.ts';
import type { CachedSource } from './source/cached.ts';
import type { ModelRef, Source } from './source/source.ts';
import { hashText } from './tensor/sha256.ts';

export { isCached, openFetched, openInputs } from './inputs.ts';
export { guessMapping, isDocumented, mapTable, rolesOf } from './score/columns.ts';
export { parseExamples, parseExampleSet } from './score/examples.ts';
export type { OutputDtype } from './merge/plan.ts';
export type { Scorer } from './score/score.ts';
export { modelLimit } from './model/compare.ts';
export { checkWeights, weigh, weighAround } from './score/weights.ts';
export { createSha256 } from './tensor/sha256.ts';
export type { Device, RanOn } from './graph/runtime.ts';
export type { MergeJob, Output, OutputFile } from './pour.ts';
export type { Tried, TryJob } from './try-out.ts';
export type { NextToken } from './score/next-tokens.ts';
export type { Check, Proof } from './proof.ts';
export type { Prompts } from './model/prompts.ts';
export type { LossDefinition, ModelInput, Watching } from './score/score.ts';
export type { Completion, Example, ExampleSet } from './score/examples.ts';
export type { Task } from './graph/graph.ts';

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
  /** What it is run as, as its files say; `undefined` where it cannot be run. */
  readonly task: Task | undefined;
  /** What it can be run as, where somebody knows better; none where it cannot be run. */
  readonly tasks: readonly Task[];
  /** What its type could be run as but not this checkpoint: the first tensor that it lacks for that. */
  readonly lacking: Lacking;
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
  /** The same where it is run as another of `tasks`. */
  readonly otherwise: ByTask;
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
  readonly set: ExampleSet;
  /** What the models are run as, where somebody says so; else what model 1's configuration says. */
  readonly task?: Task;
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
  const checkpoint = await openModelCheckpoint(source);
  const modules = await readModules(source, config);
  const stated = await readPrompts(source);
  const suggested = suggestPrompts(ref.kind === 'hub' ? ref.id : ref.name);
  const { parameterCount, dtypes } = dtypesOf(checkpoint.tensors.values());
  const { tensors } = checkpoint;
  const { task, tasks, lacking, problems, otherwise } = await judgeScoring(source, config, modules, tensors);
  const passedOver = await notePassedOver(source);
  return {
    name: source.name,
    kind: ref.kind,
    ...(ref.kind === 'hub' ? { commit: ref.commit } : {}),
    modelType: config.modelType,
    parameterCount,
    dtypes,
    checkpointBytes: checkpoint.bytes,
    bytesToFetch: await missingBytes(source, checkpoint),
    task,
    tasks,
    lacking,
    // how a model pools is a fact of embedding models alone
    pooling: task === 'encoder' ? (modules.pooling ?? '') : '',
    normalised: task === 'encoder' && modules.normalised,
    maxTokens: modules.maxTokens,
    prompts: stated ?? suggested ?? noPrompts,
    promptsFrom: stated ? 'repository' : suggested ? 'suggested' : 'none',
    licence: await licenceOf({ ref, source }),
    problems: [...problems, ...passedOver],
    otherwise: Object.fromEntries(
      Object.entries(otherwise).map(([other, found]) => [other, [...found, ...passedOver]]),
    ),
  };
}

/** The licence that the model's card states, else what the Hub stated when its revision was pinned. */
export function licenceOf({ ref, source }: NamedSource): Promise<string | undefined> {
  return readLicence(source, ref.kind === 'hub' ? ref.licence : undefined);
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
  const folders = models[0]!.dense.map(({ folder }) => folder);
  return { problems, output: planOutput(tensors, folders) };
}

/** Modules that are neither the transformer nor Dense have values of their own, which are not mixed: model 1's are taken as they are. */
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
  const checkpoint = await openModelCheckpoint(source);
  const dense = await readDenseSettings(source);
  return { name: source.name, source, config, checkpoint, dense, vocabulary: await openVocabulary(source) };
}

/** Downloads what is missing, then scores. Throws what `Scorer.score` throws, and the `hub-…` codes. */
export async function scoreAll(
  scorer: Scorer,
  named: readonly NamedSource[],
  { set, task, definition, device }: Omit<ScoreJob, 'models'>,
  watching: Watching,
): Promise<Scores> {
  const started = performance.now();
  const openAll = () => Promise.all(named.map(({ source }) => openScorable(source, task)));
  const models = await openFetched(named, openAll, watching);
  const { readQuickly } = await loadQuick();
  const scored = await readQuickly(models.map(withSource(named)), (quick) => {
    const opened = models.map((model, m) => ({ ...model, checkpoint: quick[m]! }));
    return scorer.score(opened, set, definition, device, watching);
  });
  const examplesSha256 = await hashText(printExampleSet(set));
  return { ...scored, seconds: (performance.now() - started) / 1000, examplesSha256 };
}

export interface OutputOptions {
  /** Stands before texts that are embedded. */
  readonly prompt: string;
  readonly device: Device;
  readonly task?: Task;
}

/** What the model makes of inputs under its own settings: see `Scorer.outputs`. */
export async function runOutputs(
  scorer: Scorer,
  named: NamedSource,
  inputs: readonly ModelInput[],
  { prompt, device, task }: OutputOptions,
  watching: Watching,
): Promise<{ readonly outputs: readonly Float32Array[]; readonly ranOn: RanOn }> {
  const model = await openFetched([named], () => openScorable(named.source, task), watching);
  const { readQuickly } = await loadQuick();
  return readQuickly([model].map(withSource([named])), ([checkpoint]) =>
    scorer.outputs({ ...model, checkpoint: checkpoint! }, inputs, prompt, device, watching),
  );
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

/** As it lies in its files. */
export interface OpenedScorable extends Scorable {
  readonly checkpoint: Checkpoint;
}

/** (models,) each with where it comes from. */
function withSource(named: readonly NamedSource[]) {
  return ({ checkpoint }: OpenedScorable, m: number) => ({ checkpoint, source: named[m]!.source });
}

/** A model ready to be scored, from headers and small files. Throws the refusals of scoring, and what opening throws. */
export async function openScorable(source: Source, asked?: Task): Promise<OpenedScorable> {
  const config = await readConfig(source);
  const modules = await readModules(source, config);
  const { name } = source;
  const task = asked ?? readTask(config, name, modules);
  // settings before the tokenizer: a refusal by name says more than a tokenizer that is not there
  architectureOf({ name, config, task, modules }, modules.pooling ?? 'cls');
  const checkpoint = await openModelCheckpoint(source);
  const tokenizer = await readTokenizer(source);
  return { name, config, task, checkpoint, modules, tokenizer };
}

async function missingBytes(source: Source | CachedSource, { files }: Checkpoint): Promise<number> {
  if (!isCached(source)) return 0;
  const missing = files.map(async ({ path, bytes }) => bytes - (await source.cachedBytes(path)));
  return (await Promise.all(missing)).reduce((sum, bytes) => sum + bytes, 0);
}

/** Loaded when values are first read: the kernels are more than the rest of the engine's start. */
const loadQuick = () => import('./safetensors/quick.ts');

/** Loaded when a text is first read: a third of what the engine would be otherwise. */
async function readTokenizer(source: Source): Promise<Scorable['tokenizer']> {
  const { TextTokenizer } = await import('./score/tokenize.ts');
  return TextTokenizer.read(source);
}
