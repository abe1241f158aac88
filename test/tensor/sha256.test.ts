import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createSha256 } from '../../src/tensor/sha256.ts';

describe('createSha256', () => {
  test('gives the digest of nothing', async () => {
    const hash = await createSha256();
    expect(hash.digestHex()).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  });

  test('gives the digest of the whole, however it is cut', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 200 })), async (chunks) => {
        const ours = await createSha256();
        const theirs = createHash('sha256');
        for (const chunk of chunks) {
          ours.update(chunk);
          theirs.update(chunk);
        }
        expect(ours.digestHex()).toBe(theirs.digest('hex'));
      }),
    );
  });

  test('takes a view into a larger buffer as that view alone', async () => {
    const hash = await createSha256();
    hash.update(new TextEncoder().encode('xabcx').subarray(1, 4));
    expect(hash.digestHex()).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });

  test('keeps two hashes apart', async () => {
    const one = await createSha256();
    const two = await createSha256();
    one.update(Uint8Array.of(1));
    two.update(Uint8Array.of(2));
    expect(one.digestHex()).not.toBe(two.digestHex());
  });
});
