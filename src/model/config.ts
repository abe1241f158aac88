/**
 * A model's config.json: its architecture and the settings of its layers. Which settings matter is for
 * the architecture's graph to know; here they are only read by name and type.
 */
import { KnownError } from '../errors.ts';
import type { Source } from '../source/source.ts';
import { ownField, readJsonObject, settingsLimitBytes, type JsonObject } from './json-file.ts';
import { nameFile } from './small-file.ts';

/** Settings by name. A field that is absent or null takes the default; every getter throws `config-field-invalid`. */
export class Config {
  readonly file: string;
  readonly modelType: string;
  readonly #fields: JsonObject;

  /** @param file what failures call it */
  constructor(fields: JsonObject, file: string) {
    this.#fields = fields;
    this.file = file;
    this.modelType = this.string('model_type', '');
  }

  /** The field as it stands in the file, `undefined` when it is absent or null. */
  raw(field: string): unknown {
    return ownField(this.#fields, field) ?? undefined;
  }

  /** Stated as null: where a family takes that for something else than absence. */
  isNull(field: string): boolean {
    return ownField(this.#fields, field) === null;
  }

  integer(field: string, fallback?: number): number {
    const value = this.raw(field) ?? fallback;
    if (!Number.isSafeInteger(value)) throw this.#invalid(field, 'a whole number');
    return value as number;
  }

  number(field: string, fallback?: number): number {
    const value = this.raw(field) ?? fallback;
    if (!Number.isFinite(value)) throw this.#invalid(field, 'a number');
    return value as number;
  }

  string(field: string, fallback?: string): string {
    const value = this.raw(field) ?? fallback;
    if (typeof value !== 'string') throw this.#invalid(field, 'a string');
    return value;
  }

  boolean(field: string, fallback?: boolean): boolean {
    const value = this.raw(field) ?? fallback;
    if (typeof value !== 'boolean') throw this.#invalid(field, 'true or false');
    return value;
  }

  /** The class that saved the model, e.g. `BertForSequenceClassification`; `undefined` when none is named. */
  get architecture(): string | undefined {
    const named = this.raw('architectures');
    const first: unknown = Array.isArray(named) ? named[0] : undefined;
    return typeof first === 'string' ? first : undefined;
  }

  #invalid(field: string, wanted: string): KnownError {
    const value = this.raw(field);
    const why = value === undefined ? 'it is missing' : `${show(value)} is not ${wanted}`;
    return new KnownError('config-field-invalid', { file: this.file, field, why });
  }
}

/** Throws `config-missing`, or `model-adapter` where an adapter's settings stand in its place; as `readJsonObject`; and `config-field-invalid` if `model_type` is not a string. */
export async function readConfig(source: Source): Promise<Config> {
  const fields = await readJsonObject(source, 'config.json', settingsLimitBytes);
  if (!fields) {
    const model = source.name;
    const isAdapter = (await source.list()).some(({ path }) => path === 'adapter_config.json');
    throw new KnownError(isAdapter ? 'model-adapter' : 'config-missing', { model });
  }
  return new Config(fields, nameFile(source, 'config.json'));
}

/**
 * Throws `config-unsupported` for settings that change what every tensor means, whatever the architecture:
 * a quantised checkpoint's values are not its parameters.
 */
export function checkQuantisation(config: Config, model: string): void {
  const quantisation = config.raw('quantization_config');
  if (quantisation === undefined) return;
  throw new KnownError('config-unsupported', {
    model,
    field: 'quantization_config',
    value: show(quantisation),
  });
}

/** A value in a message; a nested setting may be pages long. */
function show(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}
