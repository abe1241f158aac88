/**
 * The end of a language model: of the rows that are scored, the logits of every token, or what their loss needs. A slice has
 * some of the table's rows, so that neither the table nor all logits are ever whole in memory; score/language-slices.ts puts
 * the slices together again.
 *
 *   logits = x Wᵀ + b                              (scored, rows of the slice)
 *   nll    = logsumexp over all slices − logit of the label
 */
import type { LanguageHead } from './graph.ts';
import { integer } from './onnx.ts';
import type { PartWriter } from './part.ts';

/** `loss`: the results `logsumexp` and `label`, (scored, 1) each. `logits`: the result `logits`, (scored, rows). */
export type HeadWants = 'loss' | 'logits';

/** Name of the carried value that the head reads: (scored, dim). */
export const scoredRows = 'scored_rows';

/** The last stage before the head: keeps the rows that are scored. */
export function keepScored(part: PartWriter, x: string, dim: number): void {
  part.give(scoredRows, part.node('Gather', [x, part.feed({ kind: 'scored' })], { axis: integer(0) }), dim);
}

export function writeHeadSlice(
  part: PartWriter,
  { table, softcap }: LanguageHead,
  start: number,
  end: number,
  wants: HeadWants,
): void {
  const inputs = [part.take(scoredRows, table.shape[1]!), part.rowsOf(table, start, end)];
  let logits = part.node('Gemm', inputs, { transB: integer(1) });
  if (softcap !== undefined) {
    const cap = part.scalar(softcap);
    logits = part.node('Mul', [part.node('Tanh', [part.node('Div', [logits, cap])]), cap]);
  }
  if (wants === 'logits') {
    part.result('logits', 'Identity', [logits], ['scored', end - start]);
    return;
  }
  part.result('logsumexp', 'ReduceLogSumExp', [logits, part.shape(1)], ['scored', 1]);
  const labels = part.feed({ kind: 'labels', start, end });
  part.result('label', 'GatherElements', [logits, labels], ['scored', 1], { axis: integer(1) });
}
