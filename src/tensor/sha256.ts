/** The one door to hash-wasm. `crypto.subtle` hashes only what is whole in memory; this takes a file chunk by chunk. */

export interface Sha256 {
  /** Takes the next bytes; copies them, so the caller may reuse the buffer at once. */
  update(bytes: Uint8Array): void;
  /** Ends the hash: 64 lower-case hexadecimal digits. Call it once, and `update` no more. */
  digestHex(): string;
}

export async function createSha256(): Promise<Sha256> {
  // loaded when something is first hashed
  const { createSHA256 } = await import('hash-wasm');
  const hasher = await createSHA256();
  return {
    update(bytes) {
      hasher.update(bytes);
    },
    digestHex() {
      return hasher.digest('hex');
    },
  };
}
