/** A token for eyes and ears: what nobody sees in a text has a sign of its own, and a name. */
import { m } from './messages/messages.js';

export interface Piece {
  readonly shown: string;
  /** What is read out instead of a sign. */
  readonly spoken: string | undefined;
}

const signs: ReadonlyMap<string, { readonly shown: string; readonly spoken: () => string }> = new Map([
  [' ', { shown: '␣', spoken: m.try_space }],
  ['\n', { shown: '↵', spoken: m.try_line_end }],
  ['\t', { shown: '⇥', spoken: m.try_tab }],
]);

/** White space, controls, and what has no width, each by itself; the rest in stretches. */
const unseen = /[\p{White_Space}\p{Cc}\p{Cf}]/u;
const stretches = /[\p{White_Space}\p{Cc}\p{Cf}]|[^\p{White_Space}\p{Cc}\p{Cf}]+/gu;

export function spell(text: string): readonly Piece[] {
  return Array.from(text.matchAll(stretches), ([part]): Piece => {
    const sign = signs.get(part);
    if (sign !== undefined) return { shown: sign.shown, spoken: sign.spoken() };
    if (!unseen.test(part)) return { shown: part, spoken: undefined };
    const code = `U+${part.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`;
    return { shown: code, spoken: code };
  });
}
