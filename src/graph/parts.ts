/** Cuts a model into parts: consecutive stages together, as long as their parameters fit in the memory of one part. */
import type { Architecture, LanguageHead, Part } from './graph.ts';
import { writeHeadSlice, type HeadWants } from './language-head.ts';
import { PartWriter } from './part.ts';

/**
 * Elements of float32 that are placed at once: 256 MB, and once more as the runtime's copy on the CPU. MiniLM is one part,
 * BGE base two; a layer of a 7 B model is one.
 */
export const partElements = 64 * 1024 * 1024;

/**
 * The parts that run one after the other. Cost: the graphs are written twice, once to see how large the stages are.
 *
 * @param limitElements of parameters in one part; a stage beyond it is a part of its own
 * @param wanted names of carried values that are read at the end
 */
export function planParts(
  { stages }: Pick<Architecture, 'stages'>,
  model: string,
  limitElements = partElements,
  wanted: readonly string[] = [],
): readonly Part[] {
  const alone = stages.map((stage) => {
    const part = new PartWriter(model);
    stage(part);
    return part;
  });
  const groups: number[][] = [];
  let sum = 0;
  for (const [s, { elementCount }] of alone.entries()) {
    const open = groups.at(-1);
    sum += elementCount;
    if (open !== undefined && sum <= limitElements) {
      open.push(s);
    } else {
      groups.push([s]);
      sum = elementCount;
    }
  }
  return groups.map((group) => {
    const part = new PartWriter(model);
    for (const s of group) stages[s]!(part);
    const later = alone.slice(group.at(-1)! + 1);
    return part.finish(new Set([...wanted, ...later.flatMap(({ takes }) => takes)]));
  });
}

/** Of the head's table at once, 64 MB; as many logits of the rows that are scored at once (score/run-model.ts). */
export const headElements = 16 * 1024 * 1024;

/** The head in slices of its rows, each of at most `limitElements`. */
export function planHead(
  head: LanguageHead,
  wants: HeadWants,
  model: string,
  limitElements = headElements,
): readonly Part[] {
  const [rowCount, dim] = head.table.shape as readonly [number, number];
  const sliceRows = Math.max(1, Math.floor(limitElements / dim));
  const parts: Part[] = [];
  for (let start = 0; start < rowCount; start += sliceRows) {
    const part = new PartWriter(model);
    writeHeadSlice(part, head, start, Math.min(start + sliceRows, rowCount), wants);
    parts.push(part.finish(new Set()));
  }
  return parts;
}
