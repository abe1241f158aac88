/**
 * The hash that the Hub states of a file, computed as its bytes come:
 *
 *   sha256     of the bytes: files kept outside git (LFS)
 *   git-sha1   SHA-1 of "blob <size>\0" and the bytes: the others, as git names a blob
 *
 * Source: https://git-scm.com/book/en/v2/Git-Internals-Git-Objects, "Object Storage"
 */
import { KnownError } from '../errors.ts';
import type { HubEntry } from './hub.ts';

/** A SHA-256 that takes its bytes in pieces, which it may not keep. */
export type CreateSha256 = () => Promise<{ update(bytes: Uint8Array): void; digestHex(): string }>;

export interface Digest {
  readonly update: (bytes: Uint8Array) => void;
  /** Lower-case hexadecimal. */
  digestHex(): Promise<string>;
}

/** The Hub takes no file over 10 MB outside LFS; what is far above that is not read into memory to be hashed. */
const gitLimitBytes = 64 * 1024 * 1024;

/** Throws `file-too-large` for a file that git should not hold, and whose hash needs it whole in memory. */
export async function startDigest(entry: HubEntry, createSha256: CreateSha256): Promise<Digest> {
  if (entry.hash.kind === 'sha256') {
    const sha256 = await createSha256();
    return { update: (bytes) => sha256.update(bytes), digestHex: async () => sha256.digestHex() };
  }
  if (entry.bytes > gitLimitBytes) {
    throw new KnownError('file-too-large', {
      file: entry.path,
      bytes: entry.bytes,
      limitBytes: gitLimitBytes,
    });
  }
  const prefix = new TextEncoder().encode(`blob ${entry.bytes}\0`);
  const whole = new Uint8Array(prefix.byteLength + entry.bytes);
  whole.set(prefix);
  let at = prefix.byteLength;
  return {
    update(bytes) {
      whole.set(bytes, at);
      at += bytes.byteLength;
    },
    async digestHex() {
      return toHex(new Uint8Array(await crypto.subtle.digest('SHA-1', whole)));
    },
  };
}

export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
