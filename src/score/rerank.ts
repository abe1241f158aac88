/**
 * The loss of a reranker: of each example, the cross-entropy of its positive among its own negatives.
 *
 *   loss = mean over examples of −log softmax([s(q, pos[0]), s(q, neg₁), …])[0]                  nats
 *
 * The reference cannot score rerankers; this is ours. Scores are the classifier's logits as they are.
 */
import { KnownError, type Problem } from '../errors.ts';
import { rowLoss } from './contrastive.ts';
import type { Example } from './examples.ts';
import type { Unit } from './feeds.ts';
import type { Terms } from './terms.ts';
import type { TextTokenizer } from './tokenize.ts';

/** Pairs of all examples, the positive's first. Throws `example-negatives-needed`: without any, the loss is 0 for every model. */
export function planPairs(
  examples: readonly Example[],
  tokenizer: TextTokenizer,
  model: string,
  maxTokens: number,
): { readonly units: readonly Unit[]; readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const units = examples.flatMap(({ query, positives, negatives }, e) => {
    if (negatives.length === 0) throw new KnownError('example-negatives-needed', { example: e + 1 });
    const pairs = [positives[0]!, ...negatives].map((passage) =>
      tokenizer.encodePair(query, passage, maxTokens),
    );
    const tokens = Math.max(...pairs.map(({ fullCount }) => fullCount));
    if (tokens > maxTokens) {
      const facts = { example: e + 1, model, tokens, limit: maxTokens };
      problems.push({ severity: 'note', code: 'example-truncated', facts });
    }
    return pairs.map(({ ids, types }): Unit => ({ ids, types }));
  });
  return { units, problems };
}

/** @param rows (pairs,) scores (1,), in the order of `planPairs` */
export function termsOfPairs(examples: readonly Example[], rows: readonly Float32Array[]): readonly Terms[] {
  let start = 0;
  return examples.map(({ negatives }) => {
    const scores = Float64Array.from(rows.slice(start, (start += 1 + negatives.length)), (row) => row[0]!);
    return { sum: rowLoss(scores, 0), count: 1 };
  });
}
