/**
 * The last step of the pipeline: a mixture becomes files in a job's folder, written, closed and proved before anything
 * is offered. Memory is bounded by chunks; a failure or a stop leaves nothing behind.
 *
 * The proof's last check, the smoke run, is another worker's: so an output is written here (`mergeAll`), tried there
 * (smoke.ts), and only then completed here, where its folder has been held locked all the while.
 */
import { checkProblems, KnownError } from './errors.ts';
import type { Flush } from './flush-behind.ts';
import { createJob, type JobFolder } from './job/folder.ts';
import type { WrittenFile } from './job/marker.ts';
import type { JournalHead, JournalText } from './job/journal.ts';
import { removeKeptJob } from './job/kept.ts';
import { findUnfinished } from './job/unfinished.ts';
import { identifyModel, keyOf, listIdentities, type FileIdentity } from './identity.ts';
import { cardOf, describeBase, nameOf, recipeOf, type Base } from './lineage.ts';
import type { Task } from './graph/graph.ts';
import { planLinear, type OutputDtype } from './merge/plan.ts';
import { compareModels } from './model/compare.ts';
import type { Prompts } from './model/prompts.ts';
import type { Way } from './inputs.ts';
import { openInputs, openModel, type NamedSource } from './pipeline.ts';
import { checkWritten, proveFiles, type Check, type OnCheck, type Proof, type SmokeCheck } from './proof.ts';
import { openReadBack } from './read-back.ts';
import { printRecipe } from './recipe/print.ts';
import { indexPath } from './safetensors/shard-index.ts';
import { planShards, type CheckpointPlan } from './safetensors/shards.ts';
import type { Watching } from './score/score.ts';
import { checkWeights } from './score/weights.ts';
import { planSmallFiles, writeSmall, writeText } from './small-files.ts';
import type { ModelRef } from './source/source.ts';
import { writeMerged, type OpenReader } from './write-merged.ts';

export interface MergeJob {
  readonly models: readonly ModelRef[];
  /** (models,) mixing weights, in model order; rounded to float32 when the plan is made. */
  readonly weights: readonly number[];
  /** Model 1's prompts as edited on the page; its own when absent. */
  readonly prompts?: Prompts;
  /** What the values are stored as; float32 when absent. */
  readonly dtype?: OutputDtype;
  /** Most bytes of values in one file of the checkpoint; one file, however large, when absent. */
  readonly shardBytes?: number;
  /** Where the weights come from, for the card; absent when they were set by hand. */
  readonly scoring?: {
    /** What the models were run as; embedding models when absent. */
    readonly task?: Exclude<Task, 'encoder'>;
    readonly definition: 'own' | 'reference';
    readonly temperature: number;
    /** Of the reference's definition. */
    readonly settings?: {
      readonly batchSize: number;
      readonly maxInputTokens: number;
      readonly negativeCount: number;
    };
    /** (models,) nats. */
    readonly losses: readonly number[];
    readonly exampleCount: number;
    /** Of the examples as JSON Lines: they themselves stay on the page. */
    readonly examplesSha256: string;
  };
  /** One fine-tuned model against the rest, which share 1 - alpha: by the losses of `scoring`, or there is one other. */
  readonly alpha?: {
    /** Index of the model. */
    readonly tuned: number;
    /** Its share, 0 to 1. */
    readonly alpha: number;
  };
  /** How the values of Hub models come; by the room that there is when absent. */
  readonly inputs?: Way;
  /** Where the page lies, for the link on the card; no link when absent. */
  readonly pageUrl?: string;
}

export type OutputFile = WrittenFile;

/** A merged model that was written and closed, and whose files are as planned; it still has to be tried. */
export interface Written {
  /** Names the job's folder; opens its files and its zip. */
  readonly job: string;
  /** What to call the model: also the folder inside the zip. */
  readonly name: string;
  readonly files: readonly OutputFile[];
  /** Bytes of the checkpoint that an earlier attempt, which was cut short, had written. */
  readonly continuedBytes: number;
  /** How the values of Hub models came: `straight` ones were never compared with the Hub's hashes. */
  readonly inputs?: Way;
}

/** What other workers do for a merge, at the same time; all of it can be done here, one after the other. */
export interface Hands {
  /** Reads back what is written. */
  readonly openReader: OpenReader;
  /** What tells model `m` from any other, as `identifyModel`. */
  readonly identify: (m: number) => Promise<readonly FileIdentity[]>;
  /** Brings what is written to the disk. */
  readonly flush: Flush;
}

/** A merged model that was written, closed and proved. */
export interface Output extends Written {
  /** When it was finished, in milliseconds since 1970. */
  readonly madeMs: number;
  /** From the call to the end of the proof. */
  readonly seconds: number;
  readonly proof: Proof;
}

/** Written by this worker, which holds their folders locked, and not yet completed. */
const unproved = new Map<string, Unproved>();

interface Unproved {
  readonly folder: JobFolder;
  readonly written: Written;
  readonly checks: readonly Check[];
  /** By this worker's clock. */
  readonly startedMs: number;
}

const cardPath = 'README.md';
const recipePath = 'recipe.json';

/**
 * Writes a mixture and proves its files; where an earlier attempt at the same bytes was cut short, goes on from its last whole
 * chunk. Complete it or discard it: until then nobody else can open it, and it ends with this worker. What a later attempt may
 * bring to an end is left to be continued, all else that fails leaves nothing.
 *
 * Throws the refusals of mixing, `weights-invalid`, `shard-bytes-invalid`, `shards-too-many`, `value-overflows`, `storage-full`,
 * `job-in-use`, what `proveFiles` and reading throw, and AbortError.
 */
export async function mergeAll(
  named: readonly NamedSource[],
  job: Omit<MergeJob, 'models'>,
  watching: Watching,
  onCheck: OnCheck = () => undefined,
  hands: Partial<Hands> = {},
): Promise<Written> {
  const startedMs = performance.now();
  checkWeights(job.weights, named.length);
  const open = async () => {
    const matched = await matchAll(named);
    const base = await describeBase(named[0]!.source, job.prompts);
    const plan = planLinear(matched.tensors, job.weights, job.dtype);
    const layout = planShards(plan.tensors, job.shardBytes, base.modules.denseFolders);
    return { ...matched, base, plan, layout, small: await planSmallFiles(base, plan.dtype) };
  };
  const outputBytes = ({ layout }: Awaited<ReturnType<typeof open>>): number => layout.bytes;
  const { opened, way } = await openInputs(named, open, watching, outputBytes, job.inputs);
  const name = nameOf(named);
  const head = await headOf(named, job, opened);
  const { folder, earlier } = await openFolder(name, head);
  let closeReader = (): Promise<void> => Promise.resolve();
  try {
    const { checkpoints, plan, layout } = opened;
    const toWrite = { shards: layout.shards, plan, named, checkpoints, head, earlier };
    const openReader = hands.openReader ?? openReadBack;
    const { readBack, continuedBytes, close } = await writeMerged(
      folder,
      toWrite,
      openReader,
      watching,
      hands.flush,
    );
    closeReader = close;
    const small: WrittenFile[] = [];
    if (layout.index !== undefined) {
      small.push(await writeText(folder, indexPath, layout.index, watching.signal));
    }
    const checkedHeader = await checkWritten(folder, layout, plan.tensors);
    for (const file of opened.small) {
      small.push(await writeSmall(folder, file, opened.base.source, watching.signal));
    }
    const read = await readBack;
    const identify = hands.identify ?? ((m: number) => identifyModel(named[m]!, watching));
    const identities: (readonly FileIdentity[])[] = [];
    for (const m of named.keys()) identities.push(await identify(m));
    const made = { name, identities, inputs: way, files: [...small, ...read.map(toFile)].sort(byPath) };
    const recipe = recipeOf(named, opened.base, job, made);
    small.push(await writeText(folder, recipePath, printRecipe(recipe), watching.signal));
    const card = await cardOf(named, opened.base, job, made, recipe);
    small.push(await writeText(folder, cardPath, card, watching.signal));
    const proving = { small, read, header: checkedHeader };
    const checks = await proveFiles(folder, proving, watching, onCheck);
    const files = [...small, ...read.map(toFile)].sort(byPath);
    const written = { job: folder.id, name, files, continuedBytes, inputs: way };
    unproved.set(folder.id, { folder, written, checks, startedMs });
    return written;
  } catch (error) {
    // the first failure is the one to tell; what cannot be removed now has no marker, and is kept as left unfinished
    await closeReader().catch(() => undefined);
    await (isPassing(error) ? folder.leave() : folder.remove()).catch(() => undefined);
    throw error;
  }
}

/** Whether a later attempt may succeed where this one failed: nothing was wrong with models, plan or files. */
function isPassing(error: unknown): boolean {
  return (
    error instanceof KnownError &&
    /^(hub-(unreachable|busy|status)|engine-(died|hung)|storage-unavailable)$/.test(error.code)
  );
}

function toFile({ path, bytes, sha256 }: WrittenFile): WrittenFile {
  return { path, bytes, sha256 };
}

type Head = Omit<JournalHead, 'chunkCount'>;

/** A new folder, or that of an attempt at the same bytes that was cut short. Throws `job-in-use` where another tab is at it. */
async function openFolder(
  name: string,
  head: Head,
): Promise<{ readonly folder: JobFolder; readonly earlier: JournalText | undefined }> {
  const found = await findUnfinished(head.key);
  if (found === 'in-use') throw new KnownError('job-in-use', { name });
  return found ?? { folder: await createJob(name), earlier: undefined };
}

/** What the journal says of the job: what its bytes depend on, and what asks for it again. */
async function headOf(
  named: readonly NamedSource[],
  job: Omit<MergeJob, 'models'>,
  { base, layout }: { readonly base: Base; readonly layout: CheckpointPlan },
): Promise<Head> {
  const identities = await Promise.all(named.map(listIdentities));
  const planned = layout.shards.map(({ path, plan }) => ({ path, bytes: plan.bytes, sha256: '' }));
  const recipe = recipeOf(named, base, job, { name: nameOf(named), identities, files: planned });
  const { scoring, alpha } = recipe.reader ?? {};
  const reader = { ...(scoring && { scoring }), ...(alpha && { alpha }) };
  const weights = job.weights.map(Math.fround);
  const headers = layout.shards.map(({ plan }) => new TextDecoder().decode(plan.header));
  const key = await keyOf({ identities, weights, headers });
  return { key, recipe: printRecipe({ ...recipe, reader }) };
}

/** Makes a written mixture an output, with the last check of its proof. Throws `output-unproved` when this worker did not write it. */
export async function completeOutput(job: string, smoke: SmokeCheck): Promise<Output> {
  const found = unproved.get(job);
  if (found === undefined) throw new KnownError('output-unproved', { job });
  const { folder, written, checks, startedMs } = found;
  const straight = written.inputs === 'straight' ? ({ inputs: 'straight' } as const) : {};
  const proof: Proof = { checks: [...checks, smoke], ...straight };
  const { madeMs } = await folder.complete({ name: written.name, files: written.files, proof });
  unproved.delete(job);
  return { ...written, madeMs, proof, seconds: (performance.now() - startedMs) / 1000 };
}

/** Removes a written mixture that did not pass its proof, also that of a worker that is gone. Throws `kept-in-use`. */
export async function discardUnproved({ job, name }: Written): Promise<void> {
  const found = unproved.get(job);
  unproved.delete(job);
  await (found ? found.folder.remove() : removeKeptJob(job, name));
}

/** Opens and compares. Throws the first refusal of mixing. */
async function matchAll(named: readonly NamedSource[]) {
  const models = await Promise.all(named.map(({ source }) => openModel(source)));
  const { problems, tensors } = await compareModels(models);
  checkProblems(problems);
  return { tensors, checkpoints: models.map(({ checkpoint }) => checkpoint) };
}

function byPath(a: WrittenFile, b: WrittenFile): number {
  return a.path < b.path ? -1 : 1;
}
