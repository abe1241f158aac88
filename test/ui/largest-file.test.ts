import { describe, expect, test } from 'vitest';
import { LargestFile } from '../../src/ui/largest-file.svelte.ts';
import { planned } from './client.ts';

/** Two tensors of 4 and 3.4 MB, or nothing that is known yet. */
function open(known: 'known' | 'unknown' = 'known'): LargestFile {
  const fit = { at: 'known', comparison: { problems: [], output: planned } } as const;
  return new LargestFile({ fit: known === 'known' ? fit : { at: 'unknown' } }, () => 'F32');
}

describe('LargestFile', () => {
  test('begins at 5 GB, which decides nothing for a small mixture', () => {
    const largest = open();
    expect(largest.bytes).toBe(5e9);
    expect(largest.files).toEqual({ at: 'known', count: 1, larger: 'none' });
    expect(largest.shardBytes).toBeUndefined();
  });

  test('says how many files come of a size of one’s own', () => {
    const largest = open();
    largest.choice = 'own';
    largest.ownUnit = 'MB';
    largest.ownText = '4.1';
    expect(largest.bytes).toBe(4_100_000);
    expect(largest.files).toEqual({ at: 'known', count: 2, larger: 'none' });
    expect(largest.shardBytes).toBe(4_100_000);
    largest.ownText = '3.5';
    expect(largest.files).toEqual({ at: 'known', count: 2, larger: 'some' });
  });

  test.each(['', '0', '-1', '0.5', 'much'])(
    'refuses “%s” megabytes, and leaves it as it was typed',
    (text) => {
      for (const known of ['known', 'unknown'] as const) {
        const largest = open(known);
        largest.choice = 'own';
        largest.ownUnit = 'MB';
        largest.ownText = text;
        expect(largest.files).toMatchObject({ at: 'failed', error: { code: 'shard-bytes-invalid' } });
        expect(largest.ownText).toBe(text);
        largest.choice = 'one';
        expect(largest.files.at).toBe(known);
      }
    },
  );

  test.each([5e9, 1e8, 3e9, 1.5e6, 4_294_967_295, 123_456_789, undefined, NaN])(
    'stands at %s bytes as it was set once',
    (bytes) => {
      const largest = open();
      largest.restore(bytes);
      expect(largest.bytes).toBe(bytes);
    },
  );
});
