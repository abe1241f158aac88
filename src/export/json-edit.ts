/**
 * Changes single fields of a JSON object and keeps the rest as it was written: the order of the keys and the
 * spelling of every number and string. `JSON.stringify(JSON.parse(text))` does not: it turns Python's `0.0` into
 * `0`, which strict readers take for another type, and rounds integers beyond 2^53.
 */
import { KnownError } from '../errors.ts';

/** One field of the outermost object: its JSON text as it should be, or `undefined` to remove it. New fields come last. */
export type Edits = Readonly<Record<string, string | undefined>>;

/** Strings, then numbers and words, then punctuation. Enough once JSON.parse has accepted the text. */
const tokens = /"(?:[^"\\]|\\.)*"|[-+.\w]+|[{}[\]:,]/g;

/** The object in `text` with `edits` applied, indented by two spaces. Throws `json-invalid` unless it is an object. */
export function editJson(text: string, edits: Edits, file: string): string {
  const fields = parseFields(text, file);
  for (const [key, value] of Object.entries(edits)) {
    if (value === undefined) fields.delete(key);
    else fields.set(key, value);
  }
  const body = [...fields].map(([key, value]) => `${JSON.stringify(key)}:${value}`).join(',');
  return printTokens(`{${body}}`);
}

/** An object's fields, each with the JSON text of its value. Of a key given twice the last counts, as in Python. Throws `json-invalid`. */
export function parseFields(text: string, file: string): Map<string, string> {
  const json = text.replace(/^\uFEFF/, '');
  parseObject(json, file);
  const fields = new Map<string, string>();
  let depth = 0;
  let key: string | undefined;
  let value = '';
  for (const [token] of json.matchAll(tokens)) {
    if (token === '}' || token === ']') depth--;
    if (depth === 1 && token === ':' && value === '') continue;
    if (depth === 0 || (depth === 1 && token === ',')) {
      if (key !== undefined) fields.set(key, value);
      key = undefined;
      value = '';
    } else if (key === undefined) {
      key = JSON.parse(token) as string;
    } else {
      value += token;
    }
    if (token === '{' || token === '[') depth++;
  }
  return fields;
}

/** Throws `json-invalid` unless `text` is a JSON object. */
export function parseObject(text: string, file: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    throw new KnownError('json-invalid', { file, why: (error as Error).message }, { cause: error });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new KnownError('json-invalid', { file, why: 'not an object' });
  }
  return value as Readonly<Record<string, unknown>>;
}

/** Lays out valid JSON as Python's `json.dump(indent=2)` does. */
function printTokens(json: string): string {
  let printed = '';
  let indent = '\n';
  let previous = '';
  for (const [token] of json.matchAll(tokens)) {
    const closes = token === '}' || token === ']';
    if (closes) indent = indent.slice(0, -2);
    const opened = previous === '{' || previous === '[';
    // an empty object or list stays on its line
    if ((opened && !closes) || (closes && !opened) || previous === ',') printed += indent;
    printed += token === ':' ? ': ' : token;
    if (token === '{' || token === '[') indent += '  ';
    previous = token;
  }
  return `${printed}\n`;
}
