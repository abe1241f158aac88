/** What a model is run on to see what it makes of a text, whatever its task: to look at, and to hold two checkpoints together. */
import { KnownError } from '../errors.ts';
import type { Unit } from './feeds.ts';
import { encodeOwn, type ModelPlan } from './plan-model.ts';
import { architectureOf, ownPooling, type Scorable } from './scorable.ts';

/** A text; for rerankers a query and a passage; for language models what is given and, if there is one, how it goes on. */
export type ModelInput = string | readonly [string, string];

/** Throws `text-too-long`, `text-without-tokens`, and the refusals of scoring. */
export function planOutputs(
  model: Scorable,
  inputs: readonly ModelInput[],
  prompt: string,
): Omit<ModelPlan, 'settle' | 'problems'> {
  const { task, tokenizer, modules } = model;
  const pooling = task === 'encoder' ? ownPooling(model) : 'cls';
  const architecture = architectureOf(model, pooling);
  const units = inputs.map((input): Unit => {
    const [first, second] = typeof input === 'string' ? [input, undefined] : input;
    switch (task) {
      case 'encoder':
        return { ids: encodeOwn(model, prompt + first).ids };
      case 'reranker': {
        const { ids, types } = tokenizer.encodePair(first, second ?? first, modules.maxTokens);
        return { ids, types };
      }
      case 'decoder': {
        const { ids } = tokenizer.encode(second === undefined ? first : `${first} ${second}`, Infinity);
        return { ids, scored: [{ position: ids.length - 1, label: 0 }] };
      }
      case 'encoder-decoder': {
        const target = [architecture.startId ?? 0];
        return { ids: tokenizer.encode(first, Infinity).ids, target, scored: [{ position: 0, label: 0 }] };
      }
    }
  });
  const { maxPositions: limit } = architecture;
  for (const { ids } of units) {
    if (ids.length > limit) {
      throw new KnownError('text-too-long', { model: model.name, tokens: ids.length, limit });
    }
    // where nothing stands before a text, one without a token leaves nothing to run
    if (ids.length === 0) throw new KnownError('text-without-tokens', { model: model.name });
  }
  return {
    ...{ architecture, units },
    pooling: architecture.pooling ?? pooling,
    hiddenId: task === 'decoder' ? tokenizer.padId : undefined,
    length: Math.max(...units.map(({ ids }) => ids.length)),
  };
}
