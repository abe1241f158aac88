import { describe, expect, test } from 'vitest';
import { dtypes, elementBytes, isDtype, isFloat, kindOf } from '../../src/tensor/dtype.ts';

describe('elementBytes', () => {
  test('gives the width that the name states', () => {
    for (const dtype of dtypes) {
      expect(elementBytes(dtype), dtype).toBe(dtype === 'BOOL' ? 1 : Number(dtype.replace(/\D/g, '')) / 8);
    }
  });

  test('never falls from one dtype to the next, so that wide tensors can be laid out first', () => {
    const widths = dtypes.map(elementBytes);
    expect(widths).toEqual(widths.toSorted((a, b) => a - b));
  });
});

describe('isFloat', () => {
  test('holds for the four floating-point dtypes alone', () => {
    expect(dtypes.filter(isFloat)).toEqual(['F16', 'BF16', 'F32', 'F64']);
    expect(kindOf('BF16')).toBe('float');
    expect(kindOf('BOOL')).toBe('integer');
  });
});

describe('isDtype', () => {
  test.each(['F8_E4M3', 'f32', '', 'constructor', '__proto__', 'toString'])('does not know %j', (text) => {
    expect(isDtype(text)).toBe(false);
  });
});
