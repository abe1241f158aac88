/** What one contestant did once, in seconds and bytes; and medians of several. */

export type Contestant = 'LM_Cocktail' | 'mergekit' | 'Shaker' | 'raw copy';

export const contestants: readonly Contestant[] = ['LM_Cocktail', 'mergekit', 'Shaker', 'raw copy'];

export interface Run {
  /** What the ratios are of. Peers: the whole process; Shaker: from the click to "file closed". */
  readonly seconds: number;
  /** Peers: after their imports; Shaker: from the click to "offered". */
  readonly otherSeconds?: number;
  /** Of all files that were written. */
  readonly writtenBytes: number;
  /** Most memory at once, without pages of mapped files: peers: of the process; Shaker: above idle. */
  readonly peakBytes?: number;
  /** The same with them. */
  readonly peakMappedBytes?: number;
  /** Shaker: from the smoke run's start to "offered", where there was one; `peakBytes` is before it. */
  readonly smokeBytes?: number;
}

/** A run, or why there is none: the peer's last line, or that it took all memory. */
export type Outcome = Run | { readonly failed: string };

export function isRun(outcome: Outcome): outcome is Run {
  return 'seconds' in outcome;
}

/** The middle one; of an even number the lower middle. `undefined` of none. */
export function median(values: readonly number[]): number | undefined {
  return [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)];
}

/** Median of one of the runs' numbers, where they have it. */
export function medianOf(runs: readonly Run[], key: keyof Run): number | undefined {
  return median(runs.flatMap((run) => run[key] ?? []));
}

/** The most of one of the runs' numbers: what is bounded must be bounded in every run. */
export function mostOf(runs: readonly Run[], key: keyof Run): number | undefined {
  const values = runs.flatMap((run) => run[key] ?? []);
  return values.length === 0 ? undefined : Math.max(...values);
}
