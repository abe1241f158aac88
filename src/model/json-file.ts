/** A model's JSON files, as values that nobody has checked yet. */
import { KnownError, type ErrorCode } from '../errors.ts';
import { mistakenCodes, nameMistaken } from '../safetensors/mistaken.ts';
import type { Source } from '../source/source.ts';
import { nameFile, readFile } from './small-file.ts';

/** Settings are kilobytes; a label table in config.json can make it some hundred. Beyond this it is another kind of file. */
export const settingsLimitBytes = 4 * 1024 * 1024;

/** What such a file is refused for: a fact about the model, where any other failure, such as a lost network, is not. */
export const damageCodes: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'json-invalid',
  'file-too-large',
  ...mistakenCodes,
]);

export type JsonObject = Readonly<Record<string, unknown>>;

/** The parsed file, or `undefined` when the model has none. Throws `json-invalid`, and as `readFile`. */
export async function readJson(source: Source, path: string, limitBytes: number): Promise<unknown> {
  const bytes = await readFile(source, path, limitBytes);
  return bytes && parseJson(bytes, nameFile(source, path));
}

/** As `readJson`, for a file that has to hold an object; anything else is `json-invalid`. */
export async function readJsonObject(
  source: Source,
  path: string,
  limitBytes: number,
): Promise<JsonObject | undefined> {
  const bytes = await readFile(source, path, limitBytes);
  return bytes && parseJsonObject(bytes, nameFile(source, path));
}

/** Skips a byte order mark. Throws `json-invalid`, or as `nameMistaken` what the file is instead; bytes that are not UTF-8 are never replaced by something else. */
export function parseJson(bytes: Uint8Array, file: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as unknown;
  } catch (error) {
    const why = error instanceof SyntaxError ? error.message : 'it is not UTF-8';
    const instead = nameMistaken(bytes, file, bytes.byteLength);
    throw instead ?? new KnownError('json-invalid', { file, why }, { cause: error });
  }
}

export function parseJsonObject(bytes: Uint8Array, file: string): JsonObject {
  const value = parseJson(bytes, file);
  if (isObject(value)) return value;
  throw new KnownError('json-invalid', { file, why: 'it is not an object' });
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The object's own field: a name such as `constructor` is not found in its prototype. */
export function ownField(object: JsonObject, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}
