/** Making one text, or two, fit. Source: https://github.com/huggingface/tokenizers, `truncate_encodings` (longest first). */

/** Which end of a text gives way. */
export type Side = 'left' | 'right';

/** @param ids (n,) */
export function truncate(ids: readonly number[], count: number, side: Side): readonly number[] {
  if (ids.length <= count) return ids;
  return side === 'right' ? ids.slice(0, count) : ids.slice(ids.length - count);
}

/**
 * How many tokens of each of two texts stay. The longer one gives way until both are equally long; then they share the
 * room, and an odd token goes to the longer one, or to the second of two that are equally long.
 */
export function shareRoom(
  first: number,
  second: number,
  room: number,
): readonly [first: number, second: number] {
  if (first + second <= room) return [first, second];
  const shorter = Math.min(first, second);
  const half = Math.floor(room / 2);
  const kept: readonly [number, number] =
    2 * shorter <= room ? [shorter, room - shorter] : [half, room - half];
  return first > second ? [kept[1], kept[0]] : kept;
}
