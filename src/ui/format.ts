/** Numbers for people: three significant digits, units, in the language of the page. */
import type { OutputDtype } from '../pipeline.ts';
import type { Progress } from '../progress.ts';
import { m } from './messages/messages.js';
import { getLocale } from './messages/runtime.js';

function print(value: number, options: Intl.NumberFormatOptions): string {
  return new Intl.NumberFormat(getLocale(), options).format(value);
}

/** Three significant digits, e.g. a loss in nats. */
export function formatNumber(value: number): string {
  return print(value, { maximumSignificantDigits: 3 });
}

/** Four decimals, so that a sum of weights that misses 1 by more than is allowed does not read as 1. */
export function formatSum(sum: number): string {
  return print(sum, { maximumFractionDigits: 4 });
}

/** Every digit, grouped: for facts where one byte more or less is the point. */
export function formatExact(value: number): string {
  return print(value, { maximumFractionDigits: 20 });
}

/** A large count in short, e.g. 1.86M. */
export function formatCount(value: number): string {
  return print(value, { notation: 'compact', maximumSignificantDigits: 3 });
}

/** A cosine or a reranker's score: three decimals, so that a column lines up. */
export function formatScore(value: number): string {
  return print(value, { minimumFractionDigits: 3, maximumFractionDigits: 3 });
}

const byteUnits = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;

/** Decimal units, as the Hub and file managers count: 1 MB is 1,000,000 bytes. */
export function formatBytes(bytes: number): string {
  // 999,500 would round to 1,000 kB: leave a unit where three digits no longer hold it
  const power = bytes < 999.5 ? 0 : Math.min(4, Math.floor(Math.log10(bytes / 0.9995) / 3));
  // the short unit of a byte is not a symbol in every language
  if (power === 0) return `${formatNumber(bytes)} B`;
  return print(bytes / 1000 ** power, {
    style: 'unit',
    unit: byteUnits[power] ?? 'kilobyte',
    unitDisplay: 'short',
    maximumSignificantDigits: 3,
  });
}

/** What values are stored as, in the words of Python. */
export function formatDtype(dtype: OutputDtype): string {
  switch (dtype) {
    case 'F32':
      return 'float32';
    case 'F16':
      return 'float16';
    case 'BF16':
      return 'bfloat16';
    case 'as-model-1':
      return m.dtype_of_base();
  }
}

/** A mixing weight or a probability as a share, e.g. 24.6%. */
export function formatShare(weight: number): string {
  // below this a share is nothing that a person can see or a bar can show
  if (weight > 0 && weight < 1e-4) return `< ${print(1e-4, { style: 'percent', maximumFractionDigits: 2 })}`;
  return print(weight, { style: 'percent', maximumSignificantDigits: 3 });
}

/** Any of several numbers in words, e.g. "2, 3 or 5". */
export function formatAnyOf(values: readonly number[]): string {
  return new Intl.ListFormat(getLocale(), { type: 'disjunction' }).format(values.map(formatExact));
}

function formatUnit(value: number, unit: 'second' | 'minute' | 'hour', digits: number): string {
  return print(value, { style: 'unit', unit, unitDisplay: 'narrow', maximumSignificantDigits: digits });
}

export function formatSeconds(seconds: number): string {
  if (seconds < 59.5) return formatUnit(seconds, 'second', 2);
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return formatUnit(minutes, 'minute', 2);
  return `${formatUnit(Math.floor(minutes / 60), 'hour', 3)} ${formatUnit(minutes % 60, 'minute', 2)}`;
}

/** A day and a time of it, from milliseconds since 1970. */
export function formatWhen(ms: number): string {
  return new Intl.DateTimeFormat(getLocale(), { dateStyle: 'medium', timeStyle: 'short' }).format(ms);
}

/** How much of a stage is done, e.g. `1.2 MB of 3.7 MB` or `batch 2 of 5`. */
export function formatDone(progress: Progress): string {
  const format = progress.unit === 'bytes' ? formatBytes : formatExact;
  const amounts = { done: format(progress.done), total: format(progress.total) };
  return progress.unit === 'bytes' ? m.progress_bytes(amounts) : m.progress_batches(amounts);
}

export function formatRate(perSecond: number, unit: Progress['unit']): string {
  return unit === 'bytes'
    ? m.rate_bytes({ rate: formatBytes(perSecond) })
    : m.rate_batches({ rate: formatNumber(perSecond) });
}

/** A month is enough to tell what is kept up from what is not, e.g. Jan 2026. In UTC, as the Hub states times. */
export function formatMonth(ms: number): string {
  const options = { year: 'numeric', month: 'short', timeZone: 'UTC' } as const;
  return new Intl.DateTimeFormat(getLocale(), options).format(ms);
}

/** Names in a row, e.g. `a, b and c`. */
export function formatList(names: readonly string[]): string {
  return new Intl.ListFormat(getLocale(), { type: 'conjunction' }).format(names);
}

/** The time of day to the second. */
export function formatTime(ms: number): string {
  return new Intl.DateTimeFormat(getLocale(), { timeStyle: 'medium' }).format(ms);
}

/** The first digits of a commit or hash, as many as people compare by eye. */
export function shortHash(hash: string): string {
  return hash.slice(0, 8);
}
