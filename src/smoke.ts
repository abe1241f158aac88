/**
 * The last check of an output: it is opened from its written files as any user would open it, and runs one text; so
 * does a mixture computed in memory from the ingredients (recompute.ts). Both must say the same.
 */
import { isKnown, KnownError, toProblem, type ErrorCode, type Problem } from './errors.ts';
import type { Task } from './graph/graph.ts';
import type { Device } from './graph/runtime.ts';
import { openUnfinished } from './job/folder.ts';
import { openWritten } from './job/written.ts';
import { openModelCheckpoint } from './model/dense.ts';
import { openInputs, openScorable, type NamedSource } from './pipeline.ts';
import type { MergeJob, Written } from './pour.ts';
import type { SmokeCheck } from './proof.ts';
import { recomputeMixture } from './recompute.ts';
import { readQuickly } from './safetensors/quick.ts';
import { toUnit } from './score/contrastive.ts';
import { allOf, partsOf } from './score/run-model.ts';
import { architectureOf, bytesToPlace, ownPooling, readerOf, type Scorable } from './score/scorable.ts';
import type { Scorer, Watching } from './score/score.ts';

export interface SmokeJob extends Pick<MergeJob, 'weights' | 'dtype'> {
  readonly written: Written;
  /** A text of the person's own; ours when it is absent or blank. */
  readonly text?: string;
  readonly device: Device;
  /** What the models are run as, where somebody says so. */
  readonly task?: Task;
}

/**
 * The most that any component of the two vectors of length 1 may differ by. Equal values in one session give equal bits, and
 * devices agree to 3e-6 (design.md, 1). Measured on the golden BERT: two swapped tensors move a component by 0.09, two
 * exchanged weights by 0.08, a forgotten rounding to bfloat16 by 1e-3.
 */
export const smokeLimit = 1e-5;

/** No model's own field: any tokenizer makes something of it. */
const sentence = 'A mixture is known by its taste: stir 2 parts with 1, and try it.';

/**
 * Of values that are placed. Two models go through, and one of them is mixed once more on the way: one of 2.4 GB in float32 takes half
 * a minute on two threads (docs/speed.md), so at this limit it is a minute in all, ten times what mixing takes.
 */
const wasmLimitBytes = 1.5 * 1024 ** 3;

/** What keeps a model from being scored, whoever asks; anything else that goes wrong is the output's failure. */
const refusals: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'architecture-unknown',
  'activation-unknown',
  'position-type-unknown',
  'config-field-invalid',
  'config-unsupported',
  'task-unknown',
  'module-unknown',
  'pooling-unknown',
  'tokenizer-missing',
  'tokenizer-other-format',
  'tokenizer-unsupported',
  'graph-tensor-missing',
  'graph-tensor-shape',
  'json-invalid',
  'file-too-large',
  'gpu-too-small',
  'gpu-full',
  'memory-short',
  'memory-missing',
]);

/** The same of the written files, once the base was found to run. */
const notRunnable: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  ...(['gpu-too-small', 'gpu-full', 'memory-missing'] as const),
  ...(['text-too-long', 'text-without-tokens'] as const),
]);

/** Characters of an example: a language model runs a text whole, and what is to be seen shows in few tokens. */
const textLimit = 1000;

/** There is no such device now; the CPU tells as much of the files. */
const gone: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['gpu-missing', 'gpu-lost']);

/**
 * Throws `output-differs`, and whatever keeps the written files from being opened and run. Where the base cannot be scored or
 * does not fit, says so instead. Memory: one part of a model in float32 at a time, as scoring.
 */
export async function runSmoke(
  scorer: Scorer,
  named: readonly NamedSource[],
  job: SmokeJob,
  watching: Watching,
): Promise<SmokeCheck> {
  try {
    return await runOn(scorer, named, job, watching);
  } catch (error) {
    if (!(error instanceof KnownError) || !gone.has(error.code)) throw error;
    return runOn(scorer, named, { ...job, device: 'cpu' }, watching);
  }
}

async function runOn(
  scorer: Scorer,
  named: readonly NamedSource[],
  { weights, dtype = 'F32', written, text = '', device, task }: SmokeJob,
  watching: Watching,
): Promise<SmokeCheck> {
  // from here on memory is the runtime's, and the person knows what is being done
  watching.report({ stage: 'smoke', subject: written.name, done: 0, total: 0, unit: 'batches' });
  const base = await orRefusal(() => openBase(scorer, named[0]!, device, task, watching));
  if ('why' in base) return { kind: 'smoke', state: 'not-run', ...base };

  const openAll = () => Promise.all(named.map(({ source }) => openModelCheckpoint(source)));
  // what had no room before has less now
  const inputs = await openInputs(named, openAll, watching, () => 0, written.inputs);
  const opened = inputs.opened.map((checkpoint, m) => ({ checkpoint, source: named[m]!.source }));
  const output = await openScorable(
    openWritten(await openUnfinished(written.job), written.name, written.files),
    task,
  );

  let kind: 'sentence' | 'example' = text.trim() === '' ? 'sentence' : 'example';
  const embed = async (model: Scorable): Promise<Float32Array> => {
    const texts = [kind === 'example' ? text.slice(0, textLimit) : sentence];
    const { outputs } = await scorer.outputs(model, texts, '', device, asSmoke(watching));
    return model.task === 'reranker' ? outputs[0]! : toUnit(outputs[0]!);
  };
  // its own settings and tokenizer on one side, the base's on the other: they too have to agree
  const got = await orRefusal(async () => {
    try {
      return await embed(output);
    } catch (error) {
      // the text is no fault of the files
      if (kind === 'sentence' || !isTextual(error)) throw error;
      kind = 'sentence';
      return embed(output);
    }
  }, notRunnable);
  if ('why' in got) return { kind: 'smoke', state: 'not-run', ...got };
  const { modelType } = base.config;
  const want = await readQuickly(opened, (checkpoints) => {
    const mixture = recomputeMixture(checkpoints, weights, modelType, dtype, output.checkpoint);
    return embed({ ...base, checkpoint: mixture });
  });
  const difference = largestDifference(got, want);
  // also when it is no number
  if (!(difference <= smokeLimit)) throw new KnownError('output-differs', { difference, limit: smokeLimit });
  return { kind: 'smoke', state: 'passed', text: kind, difference, limit: smokeLimit };
}

/** Model 1, which lends settings and tokenizer. Throws the refusals of scoring, and `memory-short`. */
async function openBase(
  scorer: Scorer,
  { source }: NamedSource,
  device: Device,
  task: Task | undefined,
  { signal, report }: Watching,
): Promise<Scorable> {
  const base = await openScorable(source, task);
  const architecture = architectureOf(base, base.task === 'encoder' ? ownPooling(base) : 'cls');
  const parts = allOf(partsOf(architecture, base.name, 'logits'));
  const needBytes = bytesToPlace(parts);
  // the runtime may have to be fetched: how large it is and how far is the browser's to know
  report({ stage: 'fetch', subject: 'onnxruntime', done: 0, total: 0, unit: 'bytes' });
  const { provider } = await scorer.ranOn(device, parts, signal);
  if (provider === 'wasm' && needBytes > wasmLimitBytes) {
    throw new KnownError('memory-short', { model: base.name, needBytes, limitBytes: wasmLimitBytes });
  }
  // finds every parameter, or says which is not there
  readerOf(parts, base);
  return base;
}

/** What `work` gives, or why it cannot be done here. */
async function orRefusal<T extends object>(
  work: () => Promise<T>,
  codes = refusals,
): Promise<T | { readonly why: Problem }> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof KnownError && codes.has(error.code)) return { why: toProblem(error) };
    throw error;
  }
}

function isTextual(error: unknown): boolean {
  return isKnown(error, 'text-too-long') || isKnown(error, 'text-without-tokens');
}

/** Placing a model is all that takes time, part after part; its one batch is nothing to count. */
function asSmoke({ signal, report }: Watching): Watching {
  return {
    signal,
    report: (progress) => {
      if (progress.unit === 'bytes' && progress.stage !== 'fetch') report({ ...progress, stage: 'smoke' });
    },
  };
}

/** @param a, b (dim,) NaN when either has one, infinite when their lengths differ */
function largestDifference(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return Infinity;
  return a.reduce((largest, value, d) => Math.max(largest, Math.abs(value - b[d]!)), 0);
}
