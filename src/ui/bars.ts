/** The geometry of bars and of the glass: from values to lengths. No colours, no text. */

/** (models,) values to lengths in per cent of the longest, or of `reach` where that is longer. */
export function barLengths(values: readonly number[], reach = 0): readonly number[] {
  const longest = Math.max(...values.filter(Number.isFinite), reach);
  return values.map((value) => (longest > 0 && value > 0 ? Math.min(1, value / longest) * 100 : 0));
}

export interface Layer {
  /** From the rim of the liquid, downwards. */
  readonly top: number;
  readonly height: number;
}

/**
 * (models,) weights to layers of a glass that is filled to `fullHeight`, the first model uppermost. Heights are the weights; where
 * some are negative, those have no layer and the others share the glass.
 */
export function layersOf(weights: readonly number[], fullHeight: number): readonly Layer[] {
  const shares = weights.map((weight) => (weight > 0 ? weight : 0));
  const sum = shares.reduce((total, share) => total + share, 0);
  let top = 0;
  return shares.map((share) => {
    const layer = { top, height: sum > 0 ? (share / sum) * fullHeight : 0 };
    top += layer.height;
    return layer;
  });
}
