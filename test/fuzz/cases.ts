/** What is fuzzed: models made of bytes, each known by its seed, kind and number. */
import type { Bytes } from './mutate-bytes.ts';

/** Kinds of mutants, which are drawn, and the named attacks, which are listed. */
export const kinds = ['header', 'index', 'bin'] as const;
export type Kind = (typeof kinds)[number] | 'attack';

export interface Case {
  /** By path. */
  readonly files: Readonly<Record<string, Bytes>>;
  /** What was done to a sound model; nothing if it is sound still. */
  readonly how: readonly string[];
}
