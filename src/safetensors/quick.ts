/**
 * A checkpoint's floats where its files lie in this browser's storage: read at once into the kernels' memory and widened there.
 * As a Blob each tensor is a message to another process, and a model has hundreds. What is not stored is left to the checkpoint.
 */
import type { Source } from '../source/source.ts';
import { openKernels, slackBytes, type Kernels, type Place } from '../tensor/kernels.ts';
import type { HalfDtype } from '../tensor/narrow.ts';
import type { Checkpoint, Readable, Tensor } from './checkpoint.ts';
import { openStored, type StoredCheckpoint } from './stored.ts';

/** Widened at once: 1 MiB of half-precision values, so that they are in the processor's cache. */
const pieceElements = 512 * 1024;

/**
 * What `work` makes of these checkpoints, whose files are held open meanwhile. They read as `Checkpoint.read` does, and throw
 * `storage-unavailable` where a file was lost. Dedicated workers only: another context has no such files.
 */
export async function readQuickly<T>(
  opened: readonly { readonly checkpoint: Checkpoint; readonly source: Source }[],
  work: (quick: readonly Readable[]) => Promise<T>,
): Promise<T> {
  const widening = new Widening(await openKernels());
  const held: StoredCheckpoint[] = [];
  try {
    for (const { checkpoint, source } of opened) held.push(await openStored(checkpoint, source));
    return await work(opened.map(({ checkpoint }, m) => quickOf(checkpoint, held[m]!, widening)));
  } finally {
    for (const stored of held) stored.close();
  }
}

function quickOf(checkpoint: Checkpoint, stored: StoredCheckpoint, widening: Widening): Readable {
  return {
    tensors: checkpoint.tensors,
    async read(tensor, start, end) {
      const { dtype } = tensor;
      if (!stored.has(tensor) || !/^(F32|F16|BF16)$/.test(dtype)) return checkpoint.read(tensor, start, end);
      const values = new Float32Array(end - start);
      if (dtype === 'F16' || dtype === 'BF16') widening.read(stored, tensor, dtype, start, values);
      else stored.read(tensor, 4 * start, new Uint8Array(values.buffer));
      return values;
    },
  };
}

class Widening {
  readonly #kernels: Kernels;
  readonly #from: Place;
  readonly #to: Place;

  constructor(kernels: Kernels) {
    this.#kernels = kernels;
    this.#from = kernels.take(2 * pieceElements + slackBytes);
    this.#to = kernels.take(4 * pieceElements + slackBytes);
  }

  /** Fills `values` with the tensor's elements from `start` on. */
  read(
    stored: StoredCheckpoint,
    tensor: Tensor,
    dtype: HalfDtype,
    start: number,
    values: Float32Array,
  ): void {
    for (let done = 0; done < values.length; done += pieceElements) {
      const count = Math.min(pieceElements, values.length - done);
      stored.read(tensor, 2 * (start + done), this.#kernels.view(this.#from, 2 * count));
      this.#kernels.widen(this.#to, this.#from, dtype, count);
      const widened = this.#kernels.view(this.#to, 4 * count);
      new Uint8Array(values.buffer, values.byteOffset + 4 * done, 4 * count).set(widened);
    }
  }
}
