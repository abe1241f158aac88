/**
 * SHA-256, streaming. The message schedule does not depend on the state, so that of four blocks is made at once, a block a
 * lane; the rounds, which do, go one block after the other.
 *
 * Source: FIPS 180-4 (https://doi.org/10.6028/NIST.FIPS.180-4), 4.1.2, 4.2.2, 5.1.1, 5.3.3 and 6.2.
 */

/** Bytes of a hash that is under way, in memory that the caller gives. */
@unmanaged class Sha256 {
  a!: u32; b!: u32; c!: u32; d!: u32; e!: u32; f!: u32; g!: u32; h!: u32;
  /** Bytes so far. */
  total!: u64;
  /** Bytes that wait in `rest`, which follow these fields. */
  fill!: usize;
}

const groupBytes: usize = 256;
const blockBytes: usize = 64;

/** (64,) of (4,): word t of four blocks, the round's constant added once it is no more needed as it is. */
const schedule: usize = memory.data(64 * 16, 16);

/** (64,) the first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
const constants: usize = memory.data<u32>([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
], 16);

@inline function restOf(hash: Sha256): usize {
  return changetype<usize>(hash) + 64;
}

/** Starts a hash in 640 bytes of memory. */
export function beginSha256(at: usize): void {
  const hash = changetype<Sha256>(at);
  hash.a = 0x6a09e667; hash.b = 0xbb67ae85; hash.c = 0x3c6ef372; hash.d = 0xa54ff53a;
  hash.e = 0x510e527f; hash.f = 0x9b05688c; hash.g = 0x1f83d9ab; hash.h = 0x5be0cd19;
  hash.total = 0;
  hash.fill = 0;
}

export function updateSha256(at: usize, data: usize, bytes: usize): void {
  const hash = changetype<Sha256>(at);
  hash.total += bytes;
  if (hash.fill > 0) {
    const taken = min(groupBytes - hash.fill, bytes);
    memory.copy(restOf(hash) + hash.fill, data, taken);
    hash.fill += taken;
    data += taken;
    bytes -= taken;
    if (hash.fill < groupBytes) return;
    takeGroups(hash, restOf(hash), 1, 4);
    hash.fill = 0;
  }
  takeGroups(hash, data, bytes / groupBytes, 4);
  const left = bytes % groupBytes;
  memory.copy(restOf(hash), data + (bytes - left), left);
  hash.fill = left;
}

/** Ends the hash: 32 bytes at its beginning. */
export function endSha256(at: usize): void {
  const hash = changetype<Sha256>(at);
  const rest = restOf(hash);
  // a one, zeros, and the length in bits at the end of a block
  const blocks = (hash.fill + 9 + blockBytes - 1) / blockBytes;
  store<u8>(rest + hash.fill, 0x80);
  memory.fill(rest + hash.fill + 1, 0, blocks * blockBytes - hash.fill - 1);
  store<u64>(rest + blocks * blockBytes - 8, bswap<u64>(hash.total * 8));
  for (let block: usize = 0; block < blocks; block++) takeGroups(hash, rest + block * blockBytes, 1, 1);
  for (let i: usize = 0; i < 32; i += 4) store<u32>(at + i, bswap<u32>(load<u32>(at + i)));
}

@inline function swapBytes(v: v128): v128 {
  return v128.shuffle<u8>(v, v, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12);
}

@inline function rotate4(v: v128, bits: i32): v128 {
  return v128.or(v128.shr<u32>(v, bits), v128.shl<u32>(v, 32 - bits));
}

@inline function sigma0(v: v128): v128 {
  return v128.xor(v128.xor(rotate4(v, 7), rotate4(v, 18)), v128.shr<u32>(v, 3));
}

@inline function sigma1(v: v128): v128 {
  return v128.xor(v128.xor(rotate4(v, 17), rotate4(v, 19)), v128.shr<u32>(v, 10));
}

@inline function sum0(a: u32): u32 {
  return rotr<u32>(a, 2) ^ rotr<u32>(a, 13) ^ rotr<u32>(a, 22);
}

@inline function sum1(e: u32): u32 {
  return rotr<u32>(e, 6) ^ rotr<u32>(e, 11) ^ rotr<u32>(e, 25);
}

/** Not by what the last round had of it, which takes fewer operations and two more registers than a browser has to give. */
@inline function majority(a: u32, b: u32, c: u32): u32 {
  return (a & b) | (c & (a | b));
}

@inline function choose(e: u32, f: u32, g: u32): u32 {
  return ((f ^ g) & e) ^ g;
}

/** Reads the 16 words of four blocks and makes the other 48, with the constants added. */
function makeSchedule(data: usize): void {
  for (let i: usize = 0; i < blockBytes; i += 16) {
    const r0 = swapBytes(v128.load(data + i));
    const r1 = swapBytes(v128.load(data + i + blockBytes));
    const r2 = swapBytes(v128.load(data + i + 2 * blockBytes));
    const r3 = swapBytes(v128.load(data + i + 3 * blockBytes));
    const low01 = v128.shuffle<u32>(r0, r1, 0, 4, 1, 5);
    const high01 = v128.shuffle<u32>(r0, r1, 2, 6, 3, 7);
    const low23 = v128.shuffle<u32>(r2, r3, 0, 4, 1, 5);
    const high23 = v128.shuffle<u32>(r2, r3, 2, 6, 3, 7);
    const w = schedule + (i << 2);
    v128.store(w, v128.shuffle<u32>(low01, low23, 0, 1, 4, 5));
    v128.store(w, v128.shuffle<u32>(low01, low23, 2, 3, 6, 7), 16);
    v128.store(w, v128.shuffle<u32>(high01, high23, 0, 1, 4, 5), 32);
    v128.store(w, v128.shuffle<u32>(high01, high23, 2, 3, 6, 7), 48);
  }
  let k = constants;
  const last = schedule + 48 * 16;
  for (let w = schedule; w < last; w += 16, k += 4) {
    // w[t + 16] = w[t] + sigma0(w[t + 1]) + w[t + 9] + sigma1(w[t + 14])
    const word = v128.load(w);
    const early = v128.add<u32>(word, sigma0(v128.load(w, 16)));
    const late = v128.add<u32>(v128.load(w, 144), sigma1(v128.load(w, 224)));
    v128.store(w, v128.add<u32>(early, late), 256);
    v128.store(w, v128.add<u32>(word, v128.load_splat<u32>(k)));
  }
  for (let w = last; w < last + 16 * 16; w += 16, k += 4) {
    v128.store(w, v128.add<u32>(v128.load(w), v128.load_splat<u32>(k)));
  }
}

/** Takes the first `blocks` (1 to 4) blocks of each group of 256 bytes, of which all are read. */
function takeGroups(hash: Sha256, data: usize, groups: usize, blocks: usize): void {
  let a = hash.a, b = hash.b, c = hash.c, d = hash.d, e = hash.e, f = hash.f, g = hash.g, h = hash.h;
  for (; groups > 0; groups--, data += groupBytes) {
    makeSchedule(data);
    for (let lane: usize = 0; lane < blocks * 4; lane += 4) {
      const a0 = a, b0 = b, c0 = c, d0 = d, e0 = e, f0 = f, g0 = g, h0 = h;
      let w = schedule + lane;
      const end = w + 64 * 16;
      // what waits for e comes last in each sum: it is the longest chain
      for (; w < end; w += 128) {
        h = h + load<u32>(w) + choose(e, f, g) + sum1(e); d += h; h += majority(a, b, c); h += sum0(a);
        g = g + load<u32>(w, 16) + choose(d, e, f) + sum1(d); c += g; g += majority(h, a, b); g += sum0(h);
        f = f + load<u32>(w, 32) + choose(c, d, e) + sum1(c); b += f; f += majority(g, h, a); f += sum0(g);
        e = e + load<u32>(w, 48) + choose(b, c, d) + sum1(b); a += e; e += majority(f, g, h); e += sum0(f);
        d = d + load<u32>(w, 64) + choose(a, b, c) + sum1(a); h += d; d += majority(e, f, g); d += sum0(e);
        c = c + load<u32>(w, 80) + choose(h, a, b) + sum1(h); g += c; c += majority(d, e, f); c += sum0(d);
        b = b + load<u32>(w, 96) + choose(g, h, a) + sum1(g); f += b; b += majority(c, d, e); b += sum0(c);
        a = a + load<u32>(w, 112) + choose(f, g, h) + sum1(f); e += a; a += majority(b, c, d); a += sum0(b);
      }
      a += a0; b += b0; c += c0; d += d0; e += e0; f += f0; g += g0; h += h0;
    }
  }
  hash.a = a; hash.b = b; hash.c = c; hash.d = d; hash.e = e; hash.f = f; hash.g = g; hash.h = h;
}
