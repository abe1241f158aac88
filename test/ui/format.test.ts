import { afterEach, describe, expect, test } from 'vitest';
import {
  formatBytes,
  formatCount,
  formatDone,
  formatExact,
  formatMonth,
  formatNumber,
  formatRate,
  formatSeconds,
  formatShare,
  formatSum,
  shortHash,
} from '../../src/ui/format.ts';
import { overwriteGetLocale } from '../../src/ui/messages/runtime.js';

afterEach(() => overwriteGetLocale(() => 'en'));

/** Intl separates with spaces of several kinds. */
function plain(text: string): string {
  return text.replaceAll(/\s/gu, ' ');
}

describe('formatBytes', () => {
  test.each([
    [0, '0 B'],
    [185, '185 B'],
    [999.4, '999 B'],
    [1000, '1 kB'],
    [3_724_576, '3.72 MB'],
    [999_499, '999 kB'],
    [999_600, '1 MB'],
    [14_239_890_000, '14.2 GB'],
  ])('prints %d bytes as %s', (bytes, text) => {
    expect(plain(formatBytes(bytes))).toBe(text);
  });
});

describe('formatMonth', () => {
  test('prints the month of a moment in UTC, in the language of the page', () => {
    // the last moment of January, whatever the clock here
    const ms = Date.UTC(2026, 1, 1) - 1;
    expect(formatMonth(ms)).toBe('Jan 2026');
    overwriteGetLocale(() => 'zh');
    expect(formatMonth(ms)).toBe('2026年1月');
  });
});

describe('formatShare', () => {
  test.each([
    [0.246, '24.6%'],
    [1, '100%'],
    [0, '0%'],
    [3e-17, '< 0.01%'],
    [-0.5, '-50%'],
  ])('prints %d as %s', (weight, text) => {
    expect(formatShare(weight)).toBe(text);
  });
});

describe('formatSeconds', () => {
  test.each([
    [0.618, '0.62s'],
    [12.3, '12s'],
    [59.7, '1m'],
    [150, '3m'],
    [3_700, '1h 2m'],
  ])('prints %d seconds as %s', (seconds, text) => {
    expect(plain(formatSeconds(seconds))).toBe(text);
  });
});

describe('formatNumber', () => {
  test('keeps three significant digits', () => {
    expect(formatNumber(0.034_512)).toBe('0.0345');
  });
});

describe('formatSum', () => {
  test('tells a sum that is refused from 1', () => {
    expect(formatSum(0.9989)).toBe('0.9989');
    expect(formatSum(1 / 3 + 1 / 3 + 1 / 3)).toBe('1');
  });
});

describe('formatExact', () => {
  test('keeps every digit', () => {
    expect(formatExact(3_724_576)).toBe('3,724,576');
  });
});

describe('formatCount', () => {
  test('counts in the units of the language', () => {
    expect(formatCount(1_860_000)).toBe('1.86M');
    overwriteGetLocale(() => 'zh');
    expect(formatCount(1_860_000)).toBe('186万');
  });
});

describe('formatDone', () => {
  test('says bytes and batches each in its own way', () => {
    const progress = {
      stage: 'fetch',
      subject: 'base',
      done: 1_200_000,
      total: 3_700_000,
      unit: 'bytes',
    } as const;
    expect(plain(formatDone(progress))).toBe('1.2 MB of 3.7 MB');
    expect(formatDone({ ...progress, stage: 'score', done: 2, total: 5, unit: 'batches' })).toBe(
      'batch 2 of 5',
    );
  });
});

describe('formatRate', () => {
  test('says bytes and batches a second', () => {
    expect(plain(formatRate(8_123_456, 'bytes'))).toBe('8.12 MB/s');
    expect(formatRate(2.125, 'batches')).toBe('2.13 batches/s');
  });
});

describe('shortHash', () => {
  test('keeps the first eight digits', () => {
    expect(shortHash('c3116aef00112233')).toBe('c3116aef');
  });
});
