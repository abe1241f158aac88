/**
 * Runs a plan: merged bytes in the file's order, one chunk at a time. Memory: (terms + 1) chunks, half a chunk more
 * where values are stored in half precision, whatever the models' sizes.
 */
import type { Checkpoint } from '../safetensors/checkpoint.ts';
import { KnownError } from '../errors.ts';
import { addScaled, scale } from '../tensor/add-scaled.ts';
import { firstNonFinite } from '../tensor/finite.ts';
import { halfLimits, narrow, type HalfDtype } from '../tensor/narrow.ts';
import type { MixedTensor, PlannedTensor, Term } from './plan.ts';

/** Shared by the chunks of all models and of the output: 64 MiB. */
const budgetBytes = 64 * 1024 * 1024;

/** Elements of one chunk of float32: budget / (models + 1). */
export function chunkElementsFor(modelCount: number): number {
  return Math.max(1, Math.floor(budgetBytes / 4 / (modelCount + 1)));
}

/**
 * The bytes of `tensors`, one after the other. A yielded chunk is the consumer's to keep.
 *
 * @param checkpoints (models,) in the plan's order
 * @param chunkElements most elements of float32 in one chunk; integers are copied in chunks of as many bytes
 *
 * Throws `values-not-finite`, `value-overflows`, AbortError between chunks, and what reading throws.
 */
export async function* mergeTensors(
  tensors: readonly PlannedTensor[],
  checkpoints: readonly Checkpoint[],
  signal: AbortSignal,
  chunkElements = chunkElementsFor(checkpoints.length),
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  for (const planned of tensors) {
    switch (planned.kind) {
      case 'copy':
        yield* copyChunks(planned, checkpoints, chunkElements * 4, signal);
        break;
      case 'mix':
        yield* mixChunks(planned, checkpoints, chunkElements, signal);
        break;
    }
  }
}

async function* mixChunks(
  planned: MixedTensor,
  checkpoints: readonly Checkpoint[],
  chunkElements: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const { shape } = planned;
  const elementCount = shape.reduce((product, size) => product * size, 1);
  for (let start = 0; start < elementCount; start += chunkElements) {
    signal.throwIfAborted();
    const end = Math.min(start + chunkElements, elementCount);
    const sum = await mixRange(planned, checkpoints, start, end);
    const { name, dtype } = planned;
    yield new Uint8Array(dtype === 'F32' ? sum.buffer : toHalf(name, sum, dtype).buffer);
  }
}

/**
 * Elements [start, end) of a mixed tensor, (end - start,), in float32 and in a buffer of their own. Throws
 * `values-not-finite` and what reading throws.
 */
export async function mixRange(
  { name, terms }: MixedTensor,
  checkpoints: readonly Checkpoint[],
  start: number,
  end: number,
): Promise<Float32Array<ArrayBuffer>> {
  const inputs = await Promise.all(
    terms.map(({ model, tensor }) => checkpoints[model]!.read(tensor, start, end)),
  );
  const sum = new Float32Array(end - start);
  terms.forEach(({ weight }, t) => {
    // the first share overwrites: 0 + (−0) would lose a sign
    if (t === 0) scale(sum, inputs[t]!, weight);
    else addScaled(sum, inputs[t]!, weight);
  });
  checkFinite(name, sum, inputs, terms, checkpoints);
  return sum;
}

/** The sums as they are stored, rounded once. Throws `value-overflows`. */
function toHalf(tensor: string, sum: Float32Array, dtype: HalfDtype): Uint16Array<ArrayBuffer> {
  const bits = new Uint16Array(sum.length);
  const value = narrow(sum, dtype, bits);
  if (value === undefined) return bits;
  const asked = dtype === 'F16' ? 'float16' : 'bfloat16';
  throw new KnownError('value-overflows', { tensor, dtype: asked, value, limit: halfLimits[dtype] });
}

/** Throws `values-not-finite`, naming the model that has such a value; else the sum left float32's range in the last of them. */
function checkFinite(
  tensor: string,
  sum: Float32Array,
  inputs: readonly Float32Array[],
  terms: readonly Term[],
  checkpoints: readonly Checkpoint[],
): void {
  if (firstNonFinite(sum) < 0) return;
  const bad = inputs.findIndex((values) => firstNonFinite(values) >= 0);
  const term = terms[bad] ?? terms.at(-1)!;
  throw new KnownError('values-not-finite', { model: checkpoints[term.model]!.model, tensor });
}

async function* copyChunks(
  { model, tensor }: PlannedTensor & { kind: 'copy' },
  checkpoints: readonly Checkpoint[],
  chunkBytes: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  for (let start = 0; start < tensor.bytes; start += chunkBytes) {
    signal.throwIfAborted();
    const end = Math.min(start + chunkBytes, tensor.bytes);
    yield await checkpoints[model]!.readBytes(tensor, start, end);
  }
}
