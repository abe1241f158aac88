/** What a language model would most likely say next: p = softmax(logits), in double precision. */

export interface NextToken {
  readonly id: number;
  /** What it adds to the text; `undefined` where the tokenizer has no token for this row of the table. */
  readonly text: string | undefined;
  readonly probability: number;
}

/** The likeliest first; of equal ones the lower id. @param logits (vocabulary,) */
export function likeliest(
  logits: Float32Array,
  count: number,
  textOf: (id: number) => string | undefined,
): readonly NextToken[] {
  const highest = logits.reduce((most, logit) => Math.max(most, logit), -Infinity);
  const total = logits.reduce((sum, logit) => sum + Math.exp(logit - highest), 0);
  return idsOfHighest(logits, count).map((id) => ({
    id,
    text: textOf(id),
    probability: Math.exp(logits[id]! - highest) / total,
  }));
}

function idsOfHighest(logits: Float32Array, count: number): readonly number[] {
  const ids: number[] = [];
  logits.forEach((logit, id) => {
    if (ids.length === count && !(logit > logits[ids.at(-1)!]!)) return;
    // from the end: an equal one that came before stays before
    let place = ids.length;
    while (place > 0 && logit > logits[ids[place - 1]!]!) place--;
    ids.splice(place, 0, id);
    ids.length = Math.min(ids.length, count);
  });
  return ids;
}
