import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { startDigest } from '../../src/source/digest.ts';
import { createSha256 } from '../../src/tensor/sha256.ts';

const file = { path: 'config.json', identity: '', oid: '' };

describe('startDigest', () => {
  test('gives the name that git gives a blob', async () => {
    // printf 'hello\n' | git hash-object --stdin
    const hex = 'ce013625030ba8dba906f756967f9e9ca394464a';
    const digest = await startDigest({ ...file, bytes: 6, hash: { kind: 'git-sha1', hex } }, createSha256);
    digest.update(new TextEncoder().encode('hel'));
    digest.update(new TextEncoder().encode('lo\n'));
    expect(await digest.digestHex()).toBe(hex);
  });

  test('gives the SHA-256 of what came in pieces', async () => {
    const hex = createHash('sha256').update('hello').digest('hex');
    const digest = await startDigest({ ...file, bytes: 5, hash: { kind: 'sha256', hex } }, createSha256);
    digest.update(new TextEncoder().encode('he'));
    digest.update(new TextEncoder().encode('llo'));
    expect(await digest.digestHex()).toBe(hex);
  });

  test('refuses to hash in memory what git does not hold', async () => {
    const entry = { ...file, bytes: 10 ** 10, hash: { kind: 'git-sha1' as const, hex: '' } };
    await expect(startDigest(entry, createSha256)).rejects.toMatchObject({ code: 'file-too-large' });
  });
});
