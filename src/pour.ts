/**
 * The last step of the pipeline: a mixture becomes files in a job's folder, written, closed and proved before anything
 * is offered. Memory is bounded by chunks; a failure or a stop leaves nothing behind.
 *
 * The proof's last check, the smoke run, is another worker's: so an output is written here (`mergeAll`), tried there
 * (smoke.ts), and only then completed here, where its folder has been held locked all the while.
 */
import { checkProblems, KnownError } from './errors.ts';
import { planFiles, type ConfigDtype, type PlannedFile } from './export/files.ts';
import { createJob, type JobFolder, type WrittenFile } from './job/folder.ts';
import { removeKeptJob } from './job/kept.ts';
import { identifyModel, type FileIdentity } from './identity.ts';
import { cardOf, describeBase, nameOf, recipeOf, type Base } from './lineage.ts';
import { planLinear, type MixDtype, type OutputDtype, type Plan } from './merge/plan.ts';
import { mergeTensors } from './merge/run.ts';
import { compareModels } from './model/compare.ts';
import { settingsLimitBytes } from './model/json-file.ts';
import type { Prompts } from './model/prompts.ts';
import { readFile } from './model/small-file.ts';
import type { Way } from './inputs.ts';
import { isCached, openInputs, openModel, type NamedSource } from './pipeline.ts';
import { proveFiles, type Check, type OnCheck, type Proof, type SmokeCheck } from './proof.ts';
import { printRecipe } from './recipe/print.ts';
import { checkpointPath } from './safetensors/checkpoint.ts';
import { planFile, writeCheckpoint } from './safetensors/writer.ts';
import type { Watching } from './score/score.ts';
import { checkWeights } from './score/weights.ts';
import type { ModelRef } from './source/source.ts';
import { createSha256 } from './tensor/sha256.ts';

export interface MergeJob {
  readonly models: readonly ModelRef[];
  /** (models,) mixing weights, in model order; rounded to float32 when the plan is made. */
  readonly weights: readonly number[];
  /** Model 1's prompts as edited on the page; its own when absent. */
  readonly prompts?: Prompts;
  /** What the values are stored as; float32 when absent. */
  readonly dtype?: OutputDtype;
  /** Where the weights come from, for the card; absent when they were set by hand. */
  readonly scoring?: {
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
  /** How the values of Hub models came: `straight` ones were never compared with the Hub's hashes. */
  readonly inputs?: Way;
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
 * Writes a mixture and proves its files. Complete it or discard it: until then nobody else can open it, and it ends
 * with this worker. Throws the refusals of mixing, `weights-invalid`, `value-overflows`, `storage-full`, what
 * `proveFiles` and reading throw, and AbortError.
 */
export async function mergeAll(
  named: readonly NamedSource[],
  job: Omit<MergeJob, 'models'>,
  watching: Watching,
  onCheck: OnCheck = () => undefined,
): Promise<Written> {
  const startedMs = performance.now();
  checkWeights(job.weights, named.length);
  const open = async () => {
    const matched = await matchAll(named);
    const base = await describeBase(named[0]!.source, job.prompts);
    const plan = planLinear(matched.tensors, job.weights, job.dtype);
    return { ...matched, base, plan, small: await planSmallFiles(base, plan.dtype) };
  };
  const outputBytes = ({ plan }: Awaited<ReturnType<typeof open>>): number => planFile(plan.tensors).bytes;
  const { opened, way } = await openInputs(named, open, watching, outputBytes, job.inputs);
  const { checkpoints, base, plan, small } = opened;
  const identities: (readonly FileIdentity[])[] = [];
  for (const model of named) identities.push(await identifyModel(model, watching));

  const name = nameOf(named);
  const folder = await createJob(name);
  try {
    const written: WrittenFile[] = [await writeMerged(folder, plan, checkpoints, watching)];
    for (const file of small) {
      written.push(await writeSmall(folder, file, base.source, watching.signal));
    }
    const made = { name, identities, files: [...written].sort(byPath) };
    const recipe = recipeOf(named, base, job, made);
    written.push(await writeText(folder, recipePath, printRecipe(recipe), watching.signal));
    const card = await cardOf(named, base, job, made, recipe);
    written.push(await writeText(folder, cardPath, card, watching.signal));
    const files = written.sort(byPath);
    const checks = await proveFiles(folder, files, plan.tensors, watching, onCheck);
    const whole: Written = { job: folder.id, name, files, inputs: way };
    unproved.set(folder.id, { folder, written: whole, checks, startedMs });
    return whole;
  } catch (error) {
    // the first failure is the one to tell; what cannot be removed now has no marker, and is kept as left unfinished
    await folder.remove().catch(() => undefined);
    throw error;
  }
}

/** Makes a written mixture an output, with the last check of its proof. Throws `output-unproved` when this worker did not write it. */
export async function completeOutput(job: string, smoke: SmokeCheck): Promise<Output> {
  const found = unproved.get(job);
  if (found === undefined) throw new KnownError('output-unproved', { job });
  const { folder, written, checks, startedMs } = found;
  const proof: Proof = { checks: [...checks, smoke] };
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

async function writeMerged(
  folder: JobFolder,
  plan: Plan,
  checkpoints: Parameters<typeof mergeTensors>[1],
  { signal, report }: Watching,
): Promise<WrittenFile> {
  const file = planFile(plan.tensors);
  const byName = new Map(plan.tensors.map((tensor) => [tensor.name, tensor]));
  const ordered = file.tensors.map(({ name }) => byName.get(name)!);
  const hash = await createSha256();
  hash.update(file.header);
  const sink = await folder.writable(checkpointPath);
  let done = file.header.byteLength;
  const chunks = async function* (): AsyncGenerator<Uint8Array> {
    for await (const chunk of mergeTensors(ordered, checkpoints, signal)) {
      hash.update(chunk);
      done += chunk.byteLength;
      yield chunk;
      report({ stage: 'merge', subject: checkpointPath, done, total: file.bytes, unit: 'bytes' });
    }
  };
  await writeCheckpoint(file, chunks(), sink, signal);
  return { path: checkpointPath, bytes: file.bytes, sha256: hash.digestHex() };
}

/** As config.json spells them. */
const configDtypes: Readonly<Record<MixDtype, ConfigDtype>> = {
  F32: 'float32',
  F16: 'float16',
  BF16: 'bfloat16',
};

async function planSmallFiles(
  { source, config, modules, prompts, embeds }: Base,
  dtype: MixDtype,
): Promise<readonly PlannedFile[]> {
  const text = async (path: string): Promise<string | undefined> => {
    const bytes = await readFile(source, path, settingsLimitBytes);
    return bytes && new TextDecoder().decode(bytes);
  };
  const paths = (await source.list()).map(({ path }) => path);
  return planFiles(paths, {
    model: source.name,
    config: (await text('config.json'))!,
    dtype: configDtypes[dtype],
    modules: await text('modules.json'),
    sentenceConfig: await text('config_sentence_transformers.json'),
    // a language model has no pooling to write down
    embedding: embeds
      ? { hiddenSize: config.integer('hidden_size', 0), maxTokens: modules.maxTokens }
      : undefined,
    prompts,
  });
}

async function writeSmall(
  folder: JobFolder,
  file: PlannedFile,
  base: NamedSource['source'],
  signal: AbortSignal,
): Promise<WrittenFile> {
  switch (file.kind) {
    case 'text':
      return writeText(folder, file.path, file.text, signal);
    case 'copy': {
      // a kept module's values are tensors, which a cached source leaves on the Hub, unchecked, until they are fetched
      const blob = isCached(base) ? await base.fetchFile(file.path, { signal }) : await base.open(file.path);
      if (blob === undefined) throw new KnownError('source-changed', { model: base.name, file: file.path });
      return writeStream(folder, file.path, blob.stream(), signal);
    }
  }
}

function writeText(folder: JobFolder, path: string, text: string, signal: AbortSignal): Promise<WrittenFile> {
  return writeStream(folder, path, new Blob([text]).stream(), signal);
}

async function writeStream(
  folder: JobFolder,
  path: string,
  stream: ReadableStream<Uint8Array>,
  signal: AbortSignal,
): Promise<WrittenFile> {
  const hash = await createSha256();
  let bytes = 0;
  const meter = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      hash.update(chunk);
      bytes += chunk.byteLength;
      controller.enqueue(chunk);
    },
  });
  await stream.pipeThrough(meter).pipeTo(await folder.writable(path), { signal });
  return { path, bytes, sha256: hash.digestHex() };
}
