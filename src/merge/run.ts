/**
 * Runs a plan chunk by chunk: while one is mixed, the next one's values are on their way. Memory: two chunks of each model and
 * one of the output, whatever the models' sizes.
 */
import type { Checkpoint } from '../safetensors/checkpoint.ts';
import { KnownError } from '../errors.ts';
import type { StoredCheckpoint } from '../safetensors/stored.ts';
import { addScaled, scale } from '../tensor/add-scaled.ts';
import { elementBytes, type FloatDtype } from '../tensor/dtype.ts';
import { firstNonFinite } from '../tensor/finite.ts';
import { slackBytes, type Kernels, type Place } from '../tensor/kernels.ts';
import { halfLimits, narrow, type HalfDtype } from '../tensor/narrow.ts';
import type { Chunk, Piece } from './chunks.ts';
import type { MixedTensor, Term } from './plan.ts';

/** What values are read from: (models,) of each, in the plan's order. */
export interface Inputs {
  readonly checkpoints: readonly Checkpoint[];
  /** Those of their files that can be read at once; empty where none can. */
  readonly stored: readonly StoredCheckpoint[];
}

export interface MixedChunk {
  readonly chunk: Chunk;
  /** The consumer's until it asks for the next chunk. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** See assembly/check.ts. */
  readonly checksum: string;
}

/**
 * The bytes of `chunks`, one after the other.
 *
 * Throws `values-not-finite`, `value-overflows`, AbortError between chunks, and what reading throws.
 */
export async function* mixChunks(
  chunks: readonly Chunk[],
  inputs: Inputs,
  kernels: Kernels,
  signal: AbortSignal,
): AsyncGenerator<MixedChunk> {
  const bench = layOut(chunks, inputs, kernels);
  let next = read(chunks[0], inputs);
  for (const [c, chunk] of chunks.entries()) {
    signal.throwIfAborted();
    const arrived = await next;
    next = read(chunks[c + 1], inputs);
    if (chunk.header) kernels.view(bench.out, chunk.header.length).set(chunk.header);
    chunk.pieces.forEach((piece, p) => runPiece(piece, arrived[p]!, bench, inputs));
    for (const overflowed of bench.failed.splice(0)) await explain(overflowed, inputs);
    const length = chunk.end - chunk.start;
    yield { chunk, bytes: kernels.view(bench.out, length), checksum: kernels.checksum(bench.out, length) };
  }
}

/** Where things lie in the kernels' memory. */
interface Bench {
  readonly kernels: Kernels;
  /** (terms,) room for one piece as it is stored. */
  readonly terms: readonly Place[];
  readonly out: Place;
  /** Pieces whose sums cannot be stored. */
  readonly failed: (Piece & { readonly kind: 'mix' })[];
}

function layOut(chunks: readonly Chunk[], { checkpoints }: Inputs, kernels: Kernels): Bench {
  const largest = chunks.reduce((most, { start, end }) => Math.max(most, end - start), 0);
  const pieces = chunks.flatMap(({ pieces }) => pieces);
  const room = (t: number): number =>
    pieces.reduce((most, piece) => {
      const term = piece.kind === 'mix' ? piece.tensor.terms[t] : undefined;
      return term ? Math.max(most, (piece.end - piece.start) * elementBytes(term.tensor.dtype)) : most;
    }, 0);
  const terms = checkpoints.map((_, t) => kernels.take(room(t) + slackBytes));
  return { kernels, terms, out: kernels.take(largest + slackBytes), failed: [] };
}

/** Of each piece of a chunk, (terms,) the bytes that had to be waited for; what is stored is read when it is needed. */
type Arrived = readonly (readonly (Uint8Array | undefined)[])[];

/** Starts reading at once. A failure is told when the chunk's turn comes, and is nobody's error if it never does. */
function read(chunk: Chunk | undefined, inputs: Inputs): Promise<Arrived> {
  const pieces = (chunk?.pieces ?? []).map((piece) => Promise.all(readPiece(piece, inputs)));
  const arrived = Promise.all(pieces);
  arrived.catch(() => undefined);
  return arrived;
}

function readPiece(piece: Piece, { checkpoints, stored }: Inputs): Promise<Uint8Array | undefined>[] {
  return sharesOf(piece).map(async ({ model, tensor }) => {
    if (stored[model]?.has(tensor)) return undefined;
    const width = piece.kind === 'mix' ? elementBytes(tensor.dtype) : 1;
    return checkpoints[model]!.readBytes(tensor, piece.start * width, piece.end * width);
  });
}

function sharesOf(piece: Piece): readonly Pick<Term, 'model' | 'tensor'>[] {
  return piece.kind === 'mix' ? piece.tensor.terms : [piece.tensor];
}

function runPiece(piece: Piece, arrived: Arrived[number], bench: Bench, { stored }: Inputs): void {
  const { kernels, terms, out } = bench;
  const at = out + piece.at;
  const fill = (t: number, into: Uint8Array, width: number): void => {
    const { model, tensor } = sharesOf(piece)[t]!;
    const bytes = arrived[t];
    if (bytes) into.set(bytes);
    else stored[model]!.read(tensor, piece.start * width, into);
  };
  if (piece.kind === 'copy') {
    fill(0, kernels.view(at, piece.end - piece.start), 1);
    return;
  }
  const count = piece.end - piece.start;
  const placed = piece.tensor.terms.map(({ tensor, weight }, t) => {
    const width = elementBytes(tensor.dtype);
    const values = terms[t]!;
    const room = kernels.view(values, count * width + slackBytes);
    fill(t, room.subarray(0, count * width), width);
    room.fill(0, count * width);
    // a term is of floats: the plan copies all else
    return { values, dtype: tensor.dtype as FloatDtype, weight };
  });
  if (kernels.mix(placed, at, piece.tensor.dtype, count) !== 'mixed') bench.failed.push(piece);
}

/** Computes a piece again, value by value, to say what is wrong with it. */
async function explain(
  { tensor, start, end }: Bench['failed'][number],
  { checkpoints }: Inputs,
): Promise<void> {
  const sum = await mixRange(tensor, checkpoints, start, end);
  if (tensor.dtype !== 'F32') checkRange(tensor.name, sum, tensor.dtype);
  throw new Error(`the kernels refused ${tensor.name}, and the plain loops did not`);
}

/**
 * Elements [start, end) of a mixed tensor, (end - start,), in float32 and in a buffer of their own: by plain loops, for what is
 * mixed to be read at once. Throws `values-not-finite` and what reading throws.
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

/** Throws `value-overflows` with the first sum that the half type does not hold. */
function checkRange(tensor: string, sum: Float32Array, dtype: HalfDtype): void {
  const value = narrow(sum, dtype, new Uint16Array(sum.length));
  if (value === undefined) return;
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
