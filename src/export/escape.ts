/** Text of others inside Markdown, YAML and Python: names and licences come from strangers and must stay text. */

/** Enough for any honest name. */
const nameLength = 200;

/** Control, format (also the ones that turn text round), line and paragraph characters, and halves of pairs. */
const invisible = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+/gu;

/** One line of `text` as Markdown that shows exactly that text, also inside a table. */
export function toMarkdown(text: string): string {
  const line = Array.from(text.replace(invisible, ' ')).slice(0, nameLength).join('').trim();
  // `:`, `@` and `www.` too: addresses and mentions become links by themselves
  return line.replace(/[\\`*_{}[\]()<>#+!|~^$&@:]/g, '\\$&').replace(/www\./gi, 'www\\.');
}

/**
 * `text` in double quotes on one line: a scalar of YAML, and a string of Python.
 * Source: https://yaml.org/spec/1.2.2/#73-flow-scalar-styles
 */
export function toQuoted(text: string): string {
  // a JSON string is both, save for characters that YAML does not print
  const unprintable = /[\u007f-\u009f\u2028\u2029\ufeff]/g;
  const escape = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return JSON.stringify(text).replace(unprintable, escape);
}
