/** A model that is ready to be scored: its settings, tokenizer, graph and parameters by canonical name. */
import { checkProblems, KnownError } from '../errors.ts';
import { buildEncoder } from '../graph/architectures.ts';
import type { EncoderGraph, Parameter } from '../graph/graph.ts';
import { checkQuantisation, type Config } from '../model/config.ts';
import type { Modules } from '../model/modules.ts';
import { nameTensors } from '../model/names.ts';
import type { Pooling } from '../model/pooling.ts';
import type { Checkpoint, Tensor } from '../safetensors/checkpoint.ts';
import { isFloat } from '../tensor/dtype.ts';
import type { TextTokenizer } from './tokenize.ts';

export interface Scorable {
  readonly name: string;
  readonly config: Config;
  /** Its values may be computed as they are read. */
  readonly checkpoint: Pick<Checkpoint, 'tensors' | 'read'>;
  readonly modules: Modules;
  readonly tokenizer: TextTokenizer;
}

/** Builds the graph for this pooling. Throws the refusals of scoring: `architecture-unknown` and what a family's builder throws. */
export function graphOf({ config, name }: Pick<Scorable, 'config' | 'name'>, pooling: Pooling): EncoderGraph {
  checkQuantisation(config, name);
  return buildEncoder(config, name, pooling === 'max' ? 'max' : 'matrix');
}

/** The model's own pooling. Throws the first refusal that its modules earned. */
export function ownPooling({ name, modules }: Pick<Scorable, 'name' | 'modules'>): Pooling {
  checkProblems(modules.problems);
  if (modules.pooling === undefined)
    throw new KnownError('pooling-unknown', { model: name, pooling: 'none' });
  return modules.pooling;
}

/**
 * How to read each of the graph's parameters, after all were found. Throws `graph-tensor-missing`, `graph-tensor-shape`.
 */
export function readerOf(
  graph: EncoderGraph,
  { name, config, checkpoint }: Pick<Scorable, 'name' | 'config' | 'checkpoint'>,
): (parameter: Parameter) => Promise<Float32Array> {
  const { tensors } = nameTensors(checkpoint.tensors, config.modelType);
  const found = new Map<string, Tensor>();
  for (const parameter of graph.parameters) {
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
  return (parameter) => {
    const tensor = found.get(parameter.name)!;
    return checkpoint.read(tensor, 0, tensor.elementCount);
  };
}

function printShape(shape: readonly number[]): string {
  return `(${shape.join(', ')})`;
}
