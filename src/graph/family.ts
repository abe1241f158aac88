/** What a family's file gives (one file a family, one row in architectures.ts), and how it reads its settings. */
import { KnownError } from '../errors.ts';
import type { Config } from '../model/config.ts';
import type { LanguageHead, Parameter, Stage, Task } from './graph.ts';
import type { PartWriter } from './part.ts';

export interface Family {
  /** What it can be run as, the most usual first. */
  readonly tasks: readonly Task[];
  /** Throws `config-field-invalid`, `config-unsupported`, `position-type-unknown`, `activation-unknown`. */
  readonly build: (config: Config, model: string, task: Task) => Body;
}

/** A model up to its last hidden state, and the heads that can follow. */
export interface Body {
  /** The last of them gives `lastHidden`, (tokens, dim); of an encoder-decoder the target's. */
  readonly stages: readonly Stage[];
  readonly dim: number;
  /** The longest sequence; infinite where positions have no table. */
  readonly maxPositions: number;
  /** `reranker`: from the pooled (batch, dim) to (batch, labels). */
  readonly classifier?: Classifier;
  /** `decoder`, `encoder-decoder`. */
  readonly head?: LanguageHead;
  /** `encoder-decoder`: the first id of the decoder's input. */
  readonly startId?: number;
}

export interface Classifier {
  readonly pooling: 'cls' | 'mean';
  readonly write: (part: PartWriter, pooled: string, labelCount: number, dim: number) => string;
}

/** The carried value between stages, and at the end of the last. */
export const lastHidden = 'hidden';

/** A stage from `lastHidden` to `lastHidden`. */
export function step(dim: number, work: (part: PartWriter, x: string) => string): Stage {
  return (part) => part.give(lastHidden, work(part, part.take(lastHidden, dim)), dim);
}

/** Far above any model's; a number like 10^9 would be built, layer by layer, until memory ends. */
const maxLayerCount = 1024;

export function readLayerCount(config: Config, field: string, fallback?: number): number {
  return readSize(config, field, fallback, maxLayerCount);
}

/** A whole number from 1 to `most`. Throws `config-field-invalid`. */
export function readSize(
  config: Config,
  field: string,
  fallback?: number,
  most = Number.MAX_SAFE_INTEGER,
): number {
  const value = config.integer(field, fallback);
  if (value >= 1 && value <= most) return value;
  const why = value < 1 ? `${value} is not above 0` : `${value} is above ${most}`;
  throw new KnownError('config-field-invalid', { file: config.file, field, why });
}

/**
 * The name that a setting stands under: its own, or the other one that transformers takes for it. Throws `config-field-invalid`
 * where both stand and differ.
 */
export function nameOf(config: Config, field: string, other: string): string {
  const [own, value] = [config.raw(field), config.raw(other)];
  if (value === undefined || value === own) return field;
  if (own === undefined) return other;
  const why = `${print(value)} differs from ${field} ${print(own)}`;
  throw new KnownError('config-field-invalid', { file: config.file, field: other, why });
}

/** A number of heads that divides `size`, which is called `of`. */
export function readHeads(
  config: Config,
  field: string,
  size: number,
  of: string,
  fallback?: number,
): number {
  const headCount = config.integer(field, fallback);
  if (headCount >= 1 && size % headCount === 0) return headCount;
  const why = `${headCount} does not divide ${of} ${size}`;
  throw new KnownError('config-field-invalid', { file: config.file, field, why });
}

/**
 * What gives logits: the embeddings' own table where `tie_word_embeddings` says so, else one of its shape.
 *
 * @param tied where the configuration does not say
 */
export function headOf(
  config: Config,
  table: Parameter,
  tied: boolean,
  name = 'lm_head.weight',
): LanguageHead {
  const isTied = config.boolean('tie_word_embeddings', tied);
  return { table: isTied ? table : { ...table, name }, softcap: undefined };
}

/** Throws `config-unsupported` where the field has another value than those that are built; absent is `fallback`. */
export function requireValue(
  config: Config,
  model: string,
  field: string,
  built: readonly unknown[],
  fallback: unknown = built[0],
): void {
  const value = config.raw(field) ?? fallback;
  if (built.includes(value)) return;
  throw new KnownError('config-unsupported', { model, field, value: print(value) });
}

function print(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}
