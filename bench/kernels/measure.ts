/**
 * The kernels of src/tensor, each on the same chunk, in whatever engine loads this file: Node, or a worker of Chromium. A kernel's
 * rate is of the bytes that it reads and writes, so that copying memory is the most that any can reach.
 */
import { addScaled } from '../../src/tensor/add-scaled.ts';
import { toFloat32 } from '../../src/tensor/convert.ts';
import { firstNonFinite } from '../../src/tensor/finite.ts';
import { narrow } from '../../src/tensor/narrow.ts';
import { createSha256 } from '../../src/tensor/sha256.ts';

export interface Rate {
  readonly kernel: string;
  /** 1e9 bytes read and written, a second. */
  readonly gigabytesPerSecond: number;
}

/** 4 Mi elements: what a chunk of a merge holds, and more than any cache. */
const elementCount = 4 * 1024 * 1024;
const repeats = 7;

interface Kernel {
  readonly name: string;
  /** Read and written. */
  readonly bytes: number;
  run(): void;
}

/** Best of some repetitions: what is slower was disturbed, or not compiled yet. */
export async function measureKernels(): Promise<readonly Rate[]> {
  return (await openKernels()).map((kernel) => ({
    kernel: kernel.name,
    gigabytesPerSecond: kernel.bytes / 1e9 / bestSeconds(kernel),
  }));
}

function bestSeconds({ run }: Kernel): number {
  let best = Number.POSITIVE_INFINITY;
  for (let repeat = 0; repeat < repeats; repeat++) {
    const started = performance.now();
    run();
    best = Math.min(best, (performance.now() - started) / 1000);
  }
  return best;
}

async function openKernels(): Promise<readonly Kernel[]> {
  const values = makeValues();
  const [sum, other] = [values.slice(), new Float32Array(elementCount)];
  const halves = { F16: new Uint16Array(elementCount), BF16: new Uint16Array(elementCount) };
  narrow(values, 'F16', halves.F16);
  narrow(values, 'BF16', halves.BF16);
  const out = new Uint16Array(elementCount);
  const bytes = { F16: new Uint8Array(halves.F16.buffer), BF16: new Uint8Array(halves.BF16.buffer) };
  const hash = await createSha256();
  const [half, full] = [2 * elementCount, 4 * elementCount];
  return [
    { name: 'copy', bytes: 2 * full, run: () => other.set(values) },
    { name: 'widen BF16', bytes: half + full, run: () => toFloat32(bytes.BF16, 'BF16', other) },
    { name: 'widen F16', bytes: half + full, run: () => toFloat32(bytes.F16, 'F16', other) },
    { name: 'add scaled F32', bytes: 3 * full, run: () => addScaled(sum, values, 1e-3) },
    { name: 'narrow to BF16', bytes: half + full, run: () => void narrow(values, 'BF16', out) },
    { name: 'narrow to F16', bytes: half + full, run: () => void narrow(values, 'F16', out) },
    { name: 'find non-finite', bytes: full, run: () => void firstNonFinite(values) },
    { name: 'SHA-256', bytes: full, run: () => hash.update(new Uint8Array(values.buffer)) },
  ];
}

/** Near what a model holds: between −0.1 and 0.1, no two alike for long. (n,) */
function makeValues(): Float32Array<ArrayBuffer> {
  const values = new Float32Array(elementCount);
  let state = 5;
  for (let i = 0; i < elementCount; i++) {
    // a linear congruential generator. Source: Numerical Recipes, 7.1
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    values[i] = (state / 2 ** 32 - 0.5) / 5;
  }
  return values;
}
