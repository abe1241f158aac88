/** Where a pattern lies in a text, and the text cut there in the five ways that tokenizer.json can ask for. */
import { isObject, ownField } from '../../model/json-file.ts';
import { readText, show } from './fields.ts';
import { asRegexSees } from './unicode-age.ts';

/** Oniguruma's regular expression in JavaScript's spelling, with the flags `g` and `u`. Throws if there is none. */
export type Compile = (source: string) => RegExp;

/** [start, end) in UTF-16 units. */
export type Span = readonly [start: number, end: number];

export type Pattern = (text: string) => readonly Span[];

/** @param value `{ String }` or `{ Regex }` */
export function parsePattern(value: unknown, compile: Compile): Pattern {
  if (isObject(value)) {
    if (ownField(value, 'String') !== undefined) return literal(readText(value, 'String'));
    if (ownField(value, 'Regex') !== undefined) return expression(compile(readText(value, 'Regex')));
  }
  throw new TypeError(`a pattern of it is ${show(value)}`);
}

/** A regular expression of tokenizer.json, or of the library itself. */
export function expression(regex: RegExp): Pattern {
  const match = characters(regex);
  return (text) => match(asRegexSees(text));
}

/** Where a regular expression lies; for what the library tells without one, from newer tables. */
export function characters(regex: RegExp): Pattern {
  return (text) =>
    Array.from(text.matchAll(regex), ({ index, 0: found }): Span => [index, index + found.length]).filter(
      ([start, end]) => start < end,
    );
}

function literal(wanted: string): Pattern {
  return (text) => {
    const spans: Span[] = [];
    let at = wanted === '' ? -1 : text.indexOf(wanted);
    for (; at >= 0; at = text.indexOf(wanted, at + wanted.length)) spans.push([at, at + wanted.length]);
    return spans;
  };
}

/** The text with `content` in the place of each span. @param spans in order, without overlaps */
export function replaceAt(text: string, spans: readonly Span[], content: string): string {
  let done = '';
  let from = 0;
  for (const [start, end] of spans) {
    done += text.slice(from, start) + content;
    from = end;
  }
  return from === 0 ? text : done + text.slice(from);
}

const behaviours = ['Removed', 'Isolated', 'MergedWithPrevious', 'MergedWithNext', 'Contiguous'] as const;
export type Behaviour = (typeof behaviours)[number];

export function parseBehaviour(value: unknown): Behaviour {
  const found = behaviours.find((behaviour) => behaviour === value);
  if (found === undefined) throw new TypeError(`a behavior of it is ${show(value)}`);
  return found;
}

/**
 * Cuts a text where the pattern is: matches fall away, stand alone, join a neighbour that is no match, or join each other.
 *
 * @param matches in order, without overlaps
 * @param inverted what lies between the matches counts as the match
 */
export function cutText(
  text: string,
  matches: readonly Span[],
  behaviour: Behaviour,
  inverted = false,
): readonly Span[] {
  const parts: { span: Span; matched: boolean }[] = [];
  let end = 0;
  for (const span of matches) {
    if (end < span[0]) parts.push({ span: [end, span[0]], matched: inverted });
    parts.push({ span, matched: !inverted });
    end = span[1];
  }
  if (end < text.length) parts.push({ span: [end, text.length], matched: inverted });

  switch (behaviour) {
    case 'Removed':
      return parts.filter(({ matched }) => !matched).map(({ span }) => span);
    case 'Isolated':
      return parts.map(({ span }) => span);
    case 'Contiguous':
      return joinWhere(parts, (part, before) => part.matched === before.matched);
    case 'MergedWithPrevious':
      return joinWhere(parts, (part, before) => part.matched && !before.matched);
    case 'MergedWithNext':
      return joinWhere(parts, (part, before) => before.matched && !part.matched);
  }
}

interface Part {
  readonly span: Span;
  readonly matched: boolean;
}

/** Joins a part to the one before it where the two, as they were, say so. */
function joinWhere(parts: readonly Part[], joins: (part: Part, before: Part) => boolean): readonly Span[] {
  const spans: Span[] = [];
  parts.forEach((part, i) => {
    const before = parts[i - 1];
    const last = spans.at(-1);
    if (before && last && joins(part, before)) spans[spans.length - 1] = [last[0], part.span[1]];
    else spans.push(part.span);
  });
  return spans;
}
