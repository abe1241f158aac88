/** Puts together what the slices of a language model's head said of the same positions. */
import type { Part } from '../graph/graph.ts';
import type { HeadItem } from './run-model.ts';

/** Rows [start, end) of the head's table in each part. */
function rangesOf(head: readonly Part[]): readonly { readonly start: number; readonly end: number }[] {
  return head.map(({ parameters }) => {
    const rows = parameters.map(({ rows }) => rows).find((rows) => typeof rows === 'object' && 'end' in rows);
    if (typeof rows !== 'object' || !('end' in rows)) throw new TypeError('a part of the head has no rows');
    return rows;
  });
}

/** (scored,) nats: logsumexp over all slices less the label's logit, summed in double precision. */
export function joinLoss(items: readonly HeadItem[], head: readonly Part[]): Float32Array {
  const ranges = rangesOf(head);
  return Float32Array.from(
    items.flatMap(({ batch, results }) => {
      const sums = results.get('logsumexp')!;
      const logits = results.get('label')!;
      return (batch.units[0]!.scored ?? []).map(({ label }, row) => {
        const parts = sums.map(({ data }) => data[row]!);
        const highest = Math.max(...parts);
        const total = highest + Math.log(parts.reduce((sum, part) => sum + Math.exp(part - highest), 0));
        const slice = ranges.findIndex(({ start, end }) => label >= start && label < end);
        return total - logits[slice]!.data[row]!;
      });
    }),
  );
}

/** (scored · vocabulary,) */
export function joinLogits(
  items: readonly HeadItem[],
  head: readonly Part[],
  vocabulary: number,
): Float32Array {
  const ranges = rangesOf(head);
  const count = items.reduce((sum, { batch }) => sum + (batch.units[0]!.scored ?? []).length, 0);
  const logits = new Float32Array(count * vocabulary);
  let before = 0;
  for (const { batch, results } of items) {
    const rows = (batch.units[0]!.scored ?? []).length;
    results.get('logits')!.forEach(({ data }, slice) => {
      const { start, end } = ranges[slice]!;
      const width = end - start;
      for (let row = 0; row < rows; row++) {
        logits.set(data.subarray(row * width, (row + 1) * width), (before + row) * vocabulary + start);
      }
    });
    before += rows;
  }
  return logits;
}
