/** How steady weights are when one example is left out: the range of each, and which examples decide who is first. */

export interface Steadiness {
  /** (models,) the lowest and the highest weight over the runs with one example left out. */
  readonly ranges: readonly { readonly lowest: number; readonly highest: number }[];
  /** The model that has most as it stands. */
  readonly first: number;
  /** Models that would be first, and the examples, from 1, each of which would put them there if it were left out. */
  readonly others: readonly { readonly model: number; readonly examples: readonly number[] }[];
}

/**
 * @param weights (models,) as they stand
 * @param without (examples, models) had that example not been there; at least one
 */
export function steadinessOf(
  weights: readonly number[],
  without: readonly (readonly number[])[],
): Steadiness {
  const ranges = weights.map((_, m) => {
    const values = without.map((row) => row[m] ?? Number.NaN);
    return { lowest: Math.min(...values), highest: Math.max(...values) };
  });
  const first = firstOf(weights);
  const others = new Map<number, number[]>();
  without.forEach((row, e) => {
    const model = firstOf(row);
    // equal shares put nobody before anybody
    if (model === first || row[model] === row[first]) return;
    others.set(model, [...(others.get(model) ?? []), e + 1]);
  });
  return { ranges, first, others: [...others].map(([model, examples]) => ({ model, examples })) };
}

function firstOf(weights: readonly number[]): number {
  return weights.indexOf(Math.max(...weights));
}
