/**
 * What one model is run on, and what its results mean: per task and definition of loss. Everything is tokenised before
 * anything large is loaded, so that what is wrong with the texts is said at once.
 */
import { KnownError, type Problem } from '../errors.ts';
import type { Architecture } from '../graph/graph.ts';
import type { Pooling } from '../model/pooling.ts';
import type { Prompts } from '../model/prompts.ts';
import {
  checkCompletions,
  defaultCompletionTokens,
  endOf,
  planDecoder,
  planEncoderDecoder,
} from './completion.ts';
import { checkExamples, planOwn, planReference, type Batch } from './contrastive.ts';
import type { Example, ExampleSet } from './examples.ts';
import type { Unit } from './feeds.ts';
import { lossesWithoutEach, lossOf } from './losses.ts';
import { planPairs, termsOfPairs } from './rerank.ts';
import { architectureOf, ownPooling, type Scorable } from './scorable.ts';
import { lossesWithoutTerms, lossOfTerms, sumTerms } from './terms.ts';
import type { TextTokenizer } from './tokenize.ts';

export type LossDefinition =
  | {
      /**
       * Embedding models: each model's own pooling and normalisation, these prompts; cosine / 0.05; all examples in one batch.
       * Language models: every scored token counts the same. Rerankers: see rerank.ts.
       */
      readonly kind: 'own';
      /** (models,) in model order. */
      readonly prompts: readonly Prompts[];
    }
  | {
      /** The reference package's definition: CLS, no prompt, model 1's tokenizer, batches in order. */
      readonly kind: 'reference';
      readonly batchSize: number;
      readonly maxInputTokens: number;
      readonly negativeCount: number;
    };

export interface ModelPlan {
  readonly architecture: Architecture;
  readonly units: readonly Unit[];
  readonly pooling: Pooling;
  readonly hiddenId: number | undefined;
  /** What counts as the length of a text for rotary tables that depend on it. */
  readonly length: number | undefined;
  readonly problems: readonly Problem[];
  /** From the results of the units: nats, and nats without each example. */
  readonly settle: (rows: readonly Float32Array[]) => {
    readonly loss: number;
    readonly without: readonly number[];
  };
}

/** @param m the model's index, for its prompts */
export function planModel(
  model: Scorable,
  first: Scorable,
  m: number,
  set: ExampleSet,
  definition: LossDefinition,
): ModelPlan {
  // the reference loads every model's tensors into one module, made from model 1's, and nothing that stands around it
  const bare = { ...first, modules: { ...first.modules, dense: [] } };
  const donor = definition.kind === 'reference' ? bare : { ...model, task: first.task };
  if (definition.kind === 'reference') checkReference(first, definition);
  const { task } = first;
  const wanted = task === 'encoder' || task === 'reranker' ? 'contrastive' : 'completion';
  if (set.kind !== wanted) throw new KnownError('examples-task', { model: first.name, task });
  if (set.kind === 'completion') return planCompletion(model.name, donor, set.examples, definition);
  if (task === 'reranker') return planReranker(model.name, donor, set.examples);
  return planEncoder(model, donor, m, set.examples, definition);
}

/** Throws `definition-unsupported`, `setting-invalid`. */
function checkReference(
  { name, task, tokenizer }: Scorable,
  { batchSize, maxInputTokens }: Extract<LossDefinition, { kind: 'reference' }>,
): void {
  if (task === 'reranker') throw new KnownError('definition-unsupported', { model: name });
  if (!Number.isSafeInteger(batchSize) || batchSize < 1) {
    throw new KnownError('setting-invalid', { setting: 'batch-size', value: String(batchSize) });
  }
  checkInputTokens(maxInputTokens, tokenizer);
}

/** A limit that leaves no room for a token of the text would give every text the same embedding. */
function checkInputTokens(maxInputTokens: number, { leastTokens }: TextTokenizer): void {
  if (Number.isSafeInteger(maxInputTokens) && maxInputTokens >= leastTokens) return;
  throw new KnownError('setting-invalid', { setting: 'max-input-tokens', value: String(maxInputTokens) });
}

function planCompletion(
  name: string,
  donor: Scorable,
  examples: Extract<ExampleSet, { kind: 'completion' }>['examples'],
  definition: LossDefinition,
): ModelPlan {
  checkCompletions(examples);
  const { tokenizer, modules } = donor;
  const architecture = architectureOf(donor, 'cls');
  const isReference = definition.kind === 'reference';
  const batchSize = isReference ? definition.batchSize : examples.length;
  const own = Math.min(modules.maxTokens > 0 ? modules.maxTokens : Infinity, defaultCompletionTokens);
  const maxTokens = isReference ? definition.maxInputTokens : own;
  const cutting = { model: name, maxTokens, batchSize };
  const { startId } = architecture;
  const isDecoder = startId === undefined;
  if (isReference && isDecoder && tokenizer.padId === undefined) {
    // the reference pads every example, and fails here
    throw new KnownError('padding-missing', { model: donor.name });
  }
  const { units, problems } = isDecoder
    ? planDecoder(examples, tokenizer, endOf(tokenizer, donor.config), cutting)
    : planEncoderDecoder(examples, tokenizer, startId, cutting);
  checkLengths(units, (unit) => unit + 1, donor, architecture);
  return {
    ...{ architecture, units, problems, pooling: 'cls' },
    hiddenId: isDecoder ? tokenizer.padId : undefined,
    length: isReference ? maxTokens : Math.max(...units.map(({ ids }) => ids.length)),
    settle: (rows) => {
      const terms = rows.map(sumTerms);
      return { loss: lossOfTerms(terms, batchSize), without: lossesWithoutTerms(terms, batchSize) };
    },
  };
}

function planReranker(name: string, donor: Scorable, examples: readonly Example[]): ModelPlan {
  checkExamples(examples);
  const architecture = architectureOf(donor, 'cls');
  const { units, problems } = planPairs(examples, donor.tokenizer, name, donor.modules.maxTokens);
  const owners = examples.flatMap(({ negatives }, e) => [e, ...negatives.map(() => e)]);
  checkLengths(units, (unit) => owners[unit]! + 1, donor, architecture);
  return {
    ...{ architecture, units, problems, hiddenId: undefined, length: undefined },
    pooling: architecture.pooling ?? 'cls',
    settle: (rows) => {
      const terms = termsOfPairs(examples, rows);
      return { loss: lossOfTerms(terms, Infinity), without: lossesWithoutTerms(terms, Infinity) };
    },
  };
}

/** Throws `example-too-long`: the position table has no such row, and the reference crashes. */
function checkLengths(
  units: readonly Unit[],
  exampleOf: (unit: number) => number,
  { name: model }: Scorable,
  { maxPositions: limit }: Architecture,
): void {
  units.forEach(({ ids }, unit) => {
    const facts = { example: exampleOf(unit), model, tokens: ids.length, limit };
    if (ids.length > limit) throw new KnownError('example-too-long', facts);
  });
}

function planEncoder(
  model: Scorable,
  donor: Scorable,
  m: number,
  examples: readonly Example[],
  definition: LossDefinition,
): ModelPlan {
  const isOwn = definition.kind === 'own';
  const batches = isOwn
    ? planOwn(examples)
    : planReference(examples, definition.batchSize, definition.negativeCount);
  const pooling = isOwn ? ownPooling(model) : 'cls';
  const architecture = architectureOf(donor, pooling);
  const encode = (text: string, side: keyof Prompts) =>
    isOwn
      ? { ...encodeOwn(model, (definition.prompts[m]?.[side] ?? '') + text), limit: model.modules.maxTokens }
      : {
          ...donor.tokenizer.encode(text, definition.maxInputTokens),
          limit: definition.maxInputTokens,
        };
  const longest = new Map<number, { tokens: number; limit: number }>();
  const owners: number[] = [];
  const encodeAll = (side: keyof Prompts) =>
    batches.flatMap((batch, b) =>
      (side === 'query' ? batch.queries : batch.passages).map((text, index): Unit => {
        const example = exampleOf(batches, b, side, index);
        const { ids, fullCount, limit } = encode(text, side);
        if (fullCount > Math.max(limit, longest.get(example)?.tokens ?? 0)) {
          longest.set(example, { tokens: fullCount, limit });
        }
        owners.push(example);
        return { ids };
      }),
    );
  const units = [...encodeAll('query'), ...encodeAll('document')];
  checkLengths(units, (unit) => owners[unit]!, model, architecture);
  const problems = [...longest].map(([example, { tokens, limit }]): Problem => ({
    severity: 'note',
    code: 'example-truncated',
    facts: { example, model: model.name, tokens, limit },
  }));
  // `own` takes all examples in one batch
  const batchSize = isOwn ? Infinity : definition.batchSize;
  return {
    ...{ architecture, units, pooling, problems, hiddenId: undefined },
    length: Math.max(...units.map(({ ids }) => ids.length)),
    settle: (rows) => ({
      loss: lossOf(batches, rows),
      without: lossesWithoutEach(batches, batchSize, rows),
    }),
  };
}

/** The number, from 1, of the example that a text of a batch is of. */
function exampleOf(batches: readonly Batch[], b: number, side: keyof Prompts, index: number): number {
  const before = batches.slice(0, b).reduce((count, { queries }) => count + queries.length, 0);
  const { targets } = batches[b]!;
  return before + (side === 'query' ? index : targets.findLastIndex((target) => target <= index)) + 1;
}

/** As sentence-transformers reads a text: stripped, lower-cased where the model says so. */
export function encodeOwn({ modules, tokenizer }: Scorable, text: string) {
  const stripped = text.trim();
  return tokenizer.encode(modules.lowerCase ? stripped.toLowerCase() : stripped, modules.maxTokens);
}
