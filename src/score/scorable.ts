/** A model that is ready to be scored: its settings, tokenizer, graph and parameters by canonical name. */
import { checkProblems, KnownError } from '../errors.ts';
import { buildArchitecture, tasksOf, type Use } from '../graph/architectures.ts';
import type { Architecture, Part, PartParameter, Task } from '../graph/graph.ts';
import { sumBytes } from '../graph/memory.ts';
import type { FloatValue } from '../graph/session.ts';
import { checkQuantisation, type Config } from '../model/config.ts';
import type { Modules } from '../model/modules.ts';
import { nameTensors } from '../model/names.ts';
import type { Pooling } from '../model/pooling.ts';
import type { Readable, Tensor } from '../safetensors/checkpoint.ts';
import { isFloat } from '../tensor/dtype.ts';
import type { TextTokenizer } from './tokenize.ts';

export interface Scorable {
  readonly name: string;
  readonly config: Config;
  /** What it is run as: as its configuration says, or as somebody corrected it. */
  readonly task: Task;
  /** Of files, or one that computes what is read (merge/mixed.ts); with the tensors of Dense modules, `2_Dense/linear.weight`. */
  readonly checkpoint: Readable;
  readonly modules: Modules;
  readonly tokenizer: TextTokenizer;
}

/**
 * What a model is, as its files say: the class that saved it, and whether sentence-transformers' modules stand around it.
 * Throws `architecture-unknown`, and `task-unknown` where its class says of it what models of its type cannot be run as here.
 */
export function readTask(config: Config, name: string, { assumed }: Pick<Modules, 'assumed'>): Task {
  const tasks = tasksOf(config, name);
  const { architecture = '' } = config;
  const stated: Task | undefined = architecture.endsWith('ForSequenceClassification')
    ? 'reranker'
    : !assumed || architecture.endsWith('EncoderModel')
      ? 'encoder'
      : architecture.endsWith('ForConditionalGeneration')
        ? 'encoder-decoder'
        : /ForCausalLM$|LMHead/.test(architecture)
          ? 'decoder'
          : undefined;
  if (stated === 'reranker' && !tasks.includes(stated)) {
    // a classifier on a language model is no language model
    throw new KnownError('task-unknown', { model: name, modelType: config.modelType, task: stated });
  }
  return stated !== undefined && tasks.includes(stated) ? stated : tasks[0]!;
}

/** Builds what runs the model. Throws the refusals of scoring: `architecture-unknown` and what a family's builder throws. */
export function architectureOf(
  { config, name, task, modules }: Pick<Scorable, 'config' | 'name' | 'task' | 'modules'>,
  pooling: Pooling,
): Architecture {
  checkQuantisation(config, name);
  const use: Use =
    task === 'encoder'
      ? { task, pooling: pooling === 'max' ? 'max' : 'matrix', dense: modules.dense }
      : { task };
  return buildArchitecture(config, name, use);
}

/** The model's own pooling. Throws the first refusal that its modules earned. */
export function ownPooling({ name, modules }: Pick<Scorable, 'name' | 'modules'>): Pooling {
  checkProblems(modules.problems);
  if (modules.pooling === undefined)
    throw new KnownError('pooling-unknown', { model: name, pooling: 'none' });
  return modules.pooling;
}

/** Of float32 that these parts place, one after the other: what takes time. */
export function bytesToPlace(parts: readonly Part[]): number {
  return sumBytes(parts.flatMap(({ parameters }) => parameters));
}

/** How to read each parameter of these parts, after all were found. Throws `graph-tensor-missing`, `graph-tensor-shape`. */
export function readerOf(
  parts: readonly Part[],
  { name, config, checkpoint }: Pick<Scorable, 'name' | 'config' | 'checkpoint'>,
): (parameter: PartParameter, ids: readonly number[] | undefined) => Promise<FloatValue> {
  const { tensors } = nameTensors(checkpoint.tensors, config.modelType);
  const found = new Map<string, Tensor>();
  for (const parameter of parts.flatMap(({ parameters }) => parameters)) {
    const tensor = tensors.get(parameter.name);
    if (tensor === undefined || !isFloat(tensor.dtype)) {
      throw new KnownError('graph-tensor-missing', { model: name, tensor: parameter.name });
    }
    const want = printShape(parameter.shape);
    const got = printShape(tensor.shape);
    if (want !== got)
      throw new KnownError('graph-tensor-shape', { model: name, tensor: parameter.name, want, got });
    found.set(parameter.name, tensor);
  }
  return async ({ name, shape, rows }, ids) => {
    const tensor = found.get(name)!;
    const rest = shape.slice(1);
    const rowElements = rest.reduce((product, size) => product * size, 1);
    if (rows === 'all') {
      return { type: 'float32', data: await checkpoint.read(tensor, 0, tensor.elementCount), shape };
    }
    if ('end' in rows) {
      const { start, end } = rows;
      const data = await checkpoint.read(tensor, start * rowElements, end * rowElements);
      return { type: 'float32', data, shape: [end - start, ...rest] };
    }
    const data = await readRows(checkpoint, tensor, ids ?? [], rowElements);
    return { type: 'float32', data, shape: [ids?.length ?? 0, ...rest] };
  };
}

/** Rows that lie so near are read in one go: a request for less than this takes as long as one for this. */
const nearElements = 64 * 1024;

/** Most elements of such a reading: 16 MiB of float32. */
const readElements = 4 * 1024 * 1024;

/** @param ids ascending @returns (ids · row,) */
async function readRows(
  checkpoint: Readable,
  tensor: Tensor,
  ids: readonly number[],
  rowElements: number,
): Promise<Float32Array> {
  const rows = new Float32Array(ids.length * rowElements);
  for (let from = 0; from < ids.length;) {
    let to = from + 1;
    const start = ids[from]!;
    const isNear = (row: number): boolean =>
      (ids[row]! - ids[row - 1]!) * rowElements <= nearElements &&
      (ids[row]! + 1 - start) * rowElements <= readElements;
    while (to < ids.length && isNear(to)) to++;
    const values = await checkpoint.read(tensor, start * rowElements, (ids[to - 1]! + 1) * rowElements);
    for (let row = from; row < to; row++) {
      const at = (ids[row]! - start) * rowElements;
      rows.set(values.subarray(at, at + rowElements), row * rowElements);
    }
    from = to;
  }
  return rows;
}

function printShape(shape: readonly number[]): string {
  return `(${shape.join(', ')})`;
}
