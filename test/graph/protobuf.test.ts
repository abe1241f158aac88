import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Message } from '../../src/graph/protobuf.ts';
import { decode } from './decode.ts';

const hex = (message: Message) => Buffer.from(message.finish()).toString('hex');

describe('Message', () => {
  test.each([
    [0, '0800'],
    [1, '0801'],
    [127, '087f'],
    [128, '088001'],
    [150, '089601'],
    [16383, '08ff7f'],
    [16384, '08808001'],
    [2 ** 31 - 1, '08ffffffff07'],
    [2 ** 31, '088080808008'],
    [2 ** 32, '088080808010'],
    [Number.MAX_SAFE_INTEGER, '08ffffffffffffff0f'],
    [-1, '08ffffffffffffffffff01'],
    [-2, '08feffffffffffffffff01'],
    [-(2 ** 31), '0880808080f8ffffffff01'],
    [Number.MIN_SAFE_INTEGER, '0881808080808080f0ff01'],
  ])('writes %i in as few bytes as the format says', (value, want) => {
    expect(hex(new Message().integer(1, value))).toBe(want);
  });

  test('writes a field number above 15 in two bytes', () => {
    expect(hex(new Message().integer(16, 1))).toBe('800101');
    expect(hex(new Message().integer(20, 7))).toBe('a00107');
  });

  test('writes floats little-endian', () => {
    expect(hex(new Message().float(2, 1))).toBe('150000803f');
    expect(hex(new Message().float(2, -2.5))).toBe('15000020c0');
  });

  test('rounds a float to the nearest float32', () => {
    expect(decode(new Message().float(2, 1e-12).finish())).toEqual([
      { field: 2, kind: 'float', value: Math.fround(1e-12) },
    ]);
  });

  test('writes text as UTF-8 with its length in bytes', () => {
    expect(hex(new Message().text(2, 'testing'))).toBe('120774657374696e67');
    expect(hex(new Message().text(1, 'é😀'))).toBe('0a06c3a9f09f9880');
    expect(hex(new Message().text(1, ''))).toBe('0a00');
  });

  test('writes a nested message whole', () => {
    expect(hex(new Message().message(3, new Message().integer(1, 150)))).toBe('1a03089601');
    expect(hex(new Message().message(3, new Message()))).toBe('1a00');
  });

  test.each([255, 256, 257, 511, 512, 513, 100_000])(
    'keeps what it holds when it grows past its %i bytes',
    (byteCount) => {
      const bytes = Uint8Array.from({ length: byteCount }, (_, i) => i % 251);
      const fields = decode(new Message().integer(1, 5).bytes(2, bytes).integer(3, -7).finish());
      expect(fields).toEqual([
        { field: 1, kind: 'integer', value: 5n },
        { field: 2, kind: 'bytes', value: bytes },
        { field: 3, kind: 'integer', value: -7n },
      ]);
    },
  );

  test('grows a field at a time', () => {
    const message = new Message();
    for (let value = 0; value < 1000; value++) message.integer(1, value).float(2, value);
    const fields = decode(message.finish());
    expect(fields).toHaveLength(2000);
    expect(fields.at(-2)).toEqual({ field: 1, kind: 'integer', value: 999n });
    expect(fields.at(-1)).toEqual({ field: 2, kind: 'float', value: 999 });
  });

  test('writes what a reader gets back', () => {
    const field = fc.integer({ min: 1, max: 2 ** 20 });
    const entry = fc.oneof(
      fc.record({ field, kind: fc.constant('integer' as const), value: fc.maxSafeInteger() }),
      fc.record({
        field,
        kind: fc.constant('float' as const),
        value: fc.float({ noNaN: true }),
      }),
      fc.record({ field, kind: fc.constant('bytes' as const), value: fc.uint8Array({ maxLength: 400 }) }),
    );
    fc.assert(
      fc.property(fc.array(entry), (entries) => {
        const message = new Message();
        for (const { field, kind, value } of entries) {
          if (kind === 'integer') message.integer(field, value);
          else if (kind === 'float') message.float(field, value);
          else message.bytes(field, value);
        }
        expect(decode(message.finish())).toEqual(
          entries.map((entry) =>
            entry.kind === 'integer' ? { ...entry, value: BigInt(entry.value) } : entry,
          ),
        );
      }),
    );
  });
});
