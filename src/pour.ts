/**
 * The last step of the pipeline: a mixture becomes files in a job's folder, written, closed, read back and hashed
 * before anything is offered. Memory is bounded by chunks; a failure or a stop leaves nothing behind.
 */
import { checkProblems, isKnown, KnownError } from './errors.ts';
import { planFiles, type PlannedFile } from './export/files.ts';
import { zipStream } from './export/zip.ts';
import { createJob, openJob, type JobFolder, type WrittenFile } from './job/folder.ts';
import { discardAbandoned } from './job/offered.ts';
import { identifyModel, type FileIdentity } from './identity.ts';
import { cardOf, describeBase, nameOf, recipeOf, type Base } from './lineage.ts';
import { planLinear, type OutputDtype, type Plan } from './merge/plan.ts';
import { mergeTensors } from './merge/run.ts';
import { compareModels } from './model/compare.ts';
import { settingsLimitBytes } from './model/json-file.ts';
import type { Prompts } from './model/prompts.ts';
import { readFile } from './model/small-file.ts';
import { isCached, openFetched, openModel, type NamedSource } from './pipeline.ts';
import { printRecipe } from './recipe/print.ts';
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
  /** Float32 when absent. */
  readonly dtype?: OutputDtype;
  /** Where the page lies, for the link on the card; no link when absent. */
  readonly pageUrl?: string;
}

export { discardAbandoned, offerLock } from './job/offered.ts';
export type OutputFile = WrittenFile;

/** A merged model that was written, closed, read back and hashed. */
export interface Output {
  /** Names the job's folder; opens its files and its zip. */
  readonly job: string;
  /** What to call the model: also the folder inside the zip. */
  readonly name: string;
  readonly files: readonly OutputFile[];
  readonly seconds: number;
}

const checkpointPath = 'model.safetensors';
const cardPath = 'README.md';
const recipePath = 'recipe.json';

/** Read back in pieces of this size: 8 MiB, large enough for the disk's speed. */
const checkBytes = 8 * 1024 * 1024;

/** Throws the refusals of mixing, `weights-invalid`, `storage-full`, `output-damaged`, what reading throws, and AbortError. */
export async function mergeAll(
  named: readonly NamedSource[],
  job: Omit<MergeJob, 'models'>,
  watching: Watching,
): Promise<Output> {
  const started = performance.now();
  checkWeights(job.weights, named.length);
  const open = async () => {
    const matched = await matchAll(named);
    const base = await describeBase(named[0]!.source, job.prompts);
    return { ...matched, base, small: await planSmallFiles(base) };
  };
  const { tensors, checkpoints, base, small } = await openFetched(named, open, watching);
  const plan = planLinear(tensors, job.weights);
  const identities: (readonly FileIdentity[])[] = [];
  for (const model of named) identities.push(await identifyModel(model, watching));

  // whatever keeps leftovers from going is no reason not to mix
  await discardAbandoned().catch(() => undefined);
  const folder = await createJob();
  try {
    const name = nameOf(named);
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
    await checkFiles(folder, files, watching);
    await folder.complete({ name, files });
    return { job: folder.id, name, files, seconds: (performance.now() - started) / 1000 };
  } catch (error) {
    // the first failure is the one to tell; what cannot be removed now has no marker and goes with the next job
    await folder.remove().catch(() => undefined);
    throw error;
  }
}

/** Opens and compares. Throws the first refusal of mixing. */
async function matchAll(named: readonly NamedSource[]) {
  const models = await Promise.all(named.map(({ source }) => openModel(source)));
  const { problems, tensors } = await compareModels(models);
  checkProblems(problems);
  return { tensors, checkpoints: models.map(({ checkpoint }) => checkpoint) };
}

/** A file of a finished output. Throws `output-missing`. */
export async function openOutputFile(job: string, path: string): Promise<File> {
  return (await openJob(job)).file(path);
}

/** The finished output as one zip, beside its files. Throws `output-missing`, `storage-full`. */
export async function packOutput(job: string, name: string, { signal, report }: Watching): Promise<File> {
  const folder = await openJob(job);
  const files = (await folder.readComplete())?.files ?? [];
  const path = await packedPath(files);
  const entries = await Promise.all(files.map(async ({ path }) => ({ path, file: await folder.file(path) })));
  const { stream, bytes: total } = zipStream(entries, name);
  const packed = await folder.file(path).catch(ignoreMissing);
  // a download may still be reading it; one that was cut short is shorter
  if (packed?.size === total) return packed;
  // of files as they were before one was replaced
  await folder.removeBeside((other) => isPacked(other) && other !== path);
  let done = 0;
  const meter = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      done += chunk.byteLength;
      report({ stage: 'pack', subject: name, done, total, unit: 'bytes' });
      controller.enqueue(chunk);
    },
  });
  await stream.pipeThrough(meter).pipeTo(await folder.writable(path), { signal });
  return folder.file(path);
}

/**
 * Beside the files: the marker does not list it, so no zip holds another. Named after what it holds, since a file may
 * have been replaced by one of the same length.
 */
async function packedPath(files: readonly WrittenFile[]): Promise<string> {
  const hash = await createSha256();
  hash.update(new TextEncoder().encode(JSON.stringify(files)));
  return `packed-${hash.digestHex().slice(0, 16)}.zip`;
}

function isPacked(path: string): boolean {
  return /^packed-[0-9a-f]{16}\.zip$/.test(path);
}

function byPath(a: WrittenFile, b: WrittenFile): number {
  return a.path < b.path ? -1 : 1;
}

function ignoreMissing(error: unknown): undefined {
  if (!isKnown(error, 'output-missing')) throw error;
}

export async function discardOutput(job: string): Promise<void> {
  await (await openJob(job)).remove();
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

async function planSmallFiles({
  source,
  config,
  modules,
  prompts,
  embeds,
}: Base): Promise<readonly PlannedFile[]> {
  const text = async (path: string): Promise<string | undefined> => {
    const bytes = await readFile(source, path, settingsLimitBytes);
    return bytes && new TextDecoder().decode(bytes);
  };
  const paths = (await source.list()).map(({ path }) => path);
  return planFiles(paths, {
    model: source.name,
    config: (await text('config.json'))!,
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

/** Reads every file back from the disk and compares with what was written. Throws `output-damaged`. */
async function checkFiles(
  folder: JobFolder,
  files: readonly WrittenFile[],
  { signal, report }: Watching,
): Promise<void> {
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  let done = 0;
  for (const { path, bytes, sha256 } of files) {
    const file = await folder.file(path);
    if (file.size !== bytes) {
      throw new KnownError('output-damaged', { file: path, why: `${file.size} ≠ ${bytes} bytes` });
    }
    const hash = await createSha256();
    for (let start = 0; start < bytes; start += checkBytes) {
      signal.throwIfAborted();
      const part = await file.slice(start, start + checkBytes).arrayBuffer();
      hash.update(new Uint8Array(part));
      done += part.byteLength;
      report({ stage: 'check', subject: path, done, total, unit: 'bytes' });
    }
    const got = hash.digestHex();
    if (got !== sha256)
      throw new KnownError('output-damaged', { file: path, why: `SHA-256 ${got} ≠ ${sha256}` });
  }
}
