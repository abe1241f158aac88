/**
 * What a language model is scored on: the tokens of the output, and the end.
 *
 *   decoder           ids = encode(input + ' ' + output) + end; the first encode(input).length are given, the rest is scored
 *                     without an input, a text: ids = encode(output), and all but the first are scored
 *   encoder-decoder   encode(input) goes in; encode(output) is scored, after the start token
 *   loss              mean over all scored tokens of a batch, in nats; mean over batches
 *
 * The boundary is a length, also where the joint text begins with other tokens than the input alone. Text is cut on the right;
 * nothing is padded: under a causal mask padding on the right changes nothing.
 *
 * Source: FlagEmbedding, `research/LM_Cocktail/LM_Cocktail/utils.py`, `preprocess_data_for_llm` and `compute_weights`.
 */
import { KnownError, type Problem } from '../errors.ts';
import type { Config } from '../model/config.ts';
import type { Completion } from './examples.ts';
import type { Unit } from './feeds.ts';
import type { TextTokenizer } from './tokenize.ts';

/** The reference pads every example to so many tokens by default. */
export const defaultCompletionTokens = 2048;

export interface CompletionPlan {
  readonly units: readonly Unit[];
  readonly problems: readonly Problem[];
}

/** Throws `examples-empty`, and `example-output-missing` with the example's number from 1. */
export function checkCompletions(examples: readonly Completion[]): void {
  if (examples.length === 0) throw new KnownError('examples-empty', {});
  examples.forEach(({ output }, e) => {
    if (output.trim() === '') throw new KnownError('example-output-missing', { example: e + 1 });
  });
}

interface Cutting {
  readonly model: string;
  readonly maxTokens: number;
  readonly batchSize: number;
}

/** The token that ends a text: the tokenizer's, else the configuration's, as GPT-2's own files have it only there. */
export function endOf(tokenizer: TextTokenizer, config: Config): number | undefined {
  if (tokenizer.eosId !== undefined) return tokenizer.eosId;
  return Number.isSafeInteger(config.raw('eos_token_id')) ? config.integer('eos_token_id') : undefined;
}

/** Throws `token-missing` for a tokenizer without an end token, `example-nothing-scored`. */
export function planDecoder(
  examples: readonly Completion[],
  tokenizer: TextTokenizer,
  end: number | undefined,
  cutting: Cutting,
): CompletionPlan {
  const { model, maxTokens } = cutting;
  if (end === undefined) throw new KnownError('token-missing', { model, token: 'eos_token' });
  const whole = examples.map(({ input, output }) => {
    if (input === '') return { given: 1, ids: tokenizer.encode(output, Infinity).ids };
    const given = tokenizer.encode(input, Infinity).ids.length;
    return { given, ids: [...tokenizer.encode(`${input} ${output}`, Infinity).ids, end] };
  });
  const units = whole.map(({ given, ids }): Unit => {
    const kept = ids.slice(0, maxTokens);
    // what stands at s + 1 is what position s has to say
    const first = Math.max(given, 1);
    const scored = kept.slice(first).map((label, i) => ({ position: first + i - 1, label }));
    return { ids: kept, scored };
  });
  checkScored(units, cutting);
  const problems = whole.flatMap(({ ids }, e) => noteCut(ids.length, e, cutting));
  return { units, problems };
}

/** Labels that are the padding id are not scored, as in the reference. Throws `example-nothing-scored`. */
export function planEncoderDecoder(
  examples: readonly Completion[],
  tokenizer: TextTokenizer,
  startId: number,
  cutting: Cutting,
): CompletionPlan {
  const { maxTokens } = cutting;
  const problems: Problem[] = [];
  const units = examples.map(({ input, output }, e): Unit => {
    const source = tokenizer.encode(input, maxTokens);
    const labels = tokenizer.encode(output, maxTokens);
    problems.push(...noteCut(Math.max(source.fullCount, labels.fullCount), e, cutting));
    return {
      ids: source.ids,
      target: [startId, ...labels.ids.slice(0, -1)],
      scored: labels.ids.flatMap((label, position) =>
        label === tokenizer.padId ? [] : [{ position, label }],
      ),
    };
  });
  checkScored(units, cutting);
  return { units, problems };
}

/** A batch without one scored token has no loss: the reference's weights are NaN there. */
function checkScored(units: readonly Unit[], { model, maxTokens, batchSize }: Cutting): void {
  for (let start = 0; start < units.length; start += batchSize) {
    const batch = units.slice(start, start + batchSize);
    if (batch.some(({ scored = [] }) => scored.length > 0)) continue;
    throw new KnownError('example-nothing-scored', { example: start + 1, model, limit: maxTokens });
  }
}

function noteCut(tokens: number, e: number, { model, maxTokens }: Cutting): readonly Problem[] {
  if (tokens <= maxTokens) return [];
  const facts = { example: e + 1, model, tokens, limit: maxTokens };
  return [{ severity: 'note', code: 'example-truncated', facts }];
}
