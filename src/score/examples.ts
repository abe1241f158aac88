/** Few-shot examples: what a person gives to say what the mixture should be good at. */

export interface Example {
  readonly query: string;
  /** Only `positives[0]` is scored, as in the reference. */
  readonly positives: readonly string[];
  readonly negatives: readonly string[];
}
