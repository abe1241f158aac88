/** What tokenizer.json states, read without trust. A `TypeError` says in its message what is wrong. */
import { isObject, ownField, type JsonObject } from '../../model/json-file.ts';

export function toObject(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}

export function toList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The field's text. Throws if it is absent or something else. */
export function readText(object: JsonObject, field: string): string {
  const value = ownField(object, field);
  if (typeof value === 'string') return value;
  throw new TypeError(`its ${field} is ${show(value)}, not a text`);
}

/** As `readText`; `undefined` when the field is absent or null. */
export function readOptionalText(object: JsonObject, field: string): string | undefined {
  return (ownField(object, field) ?? undefined) === undefined ? undefined : readText(object, field);
}

/** A whole number of at least 0. */
export function readIndex(object: JsonObject, field: string): number {
  const value = ownField(object, field);
  if (Number.isSafeInteger(value) && Number(value) >= 0) return Number(value);
  throw new TypeError(`its ${field} is ${show(value)}, not an index`);
}

export function show(value: unknown): string {
  const text = JSON.stringify(value) ?? 'absent';
  return text.length > 40 ? `${text.slice(0, 39)}…` : text;
}
