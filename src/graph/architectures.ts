/** Which architectures can be scored: `model_type` to the graph that runs it. One row a family. */
import { KnownError } from '../errors.ts';
import type { Config } from '../model/config.ts';
import { buildBert } from './bert.ts';
import type { EncoderGraph, PoolingNode } from './graph.ts';

const encoders: Readonly<
  Record<string, (config: Config, model: string, pooling: PoolingNode) => EncoderGraph>
> = {
  bert: buildBert,
};

/** Whether models of this type can be scored, as far as the type alone tells. */
export function isKnownType(modelType: string): boolean {
  return Object.hasOwn(encoders, modelType);
}

/** Builds the graph of an encoder. Throws `architecture-unknown`, and what the family's builder throws. */
export function buildEncoder(config: Config, model: string, pooling: PoolingNode): EncoderGraph {
  const { modelType } = config;
  const build = isKnownType(modelType) ? encoders[modelType] : undefined;
  if (build === undefined) throw new KnownError('architecture-unknown', { model, modelType });
  return build(config, model, pooling);
}
