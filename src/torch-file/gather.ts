/**
 * A strided view's elements in row-major order, gathered from ranges of its storage. Memory: the elements asked for and
 * one window; time: one pass over the windows that hold them.
 *
 * The elements asked for are cut into boxes (a run of indexes in every dimension); a box is cut along its widest stride
 * until what it spans is small, or mostly asked for. A transposed matrix is so read as blocks of its storage's rows.
 */
import { lastElement } from './strides.ts';

export interface StridedView {
  readonly shape: readonly number[];
  /** (dimensions,) in elements. */
  readonly strides: readonly number[];
  /** Bytes of one element: 1, 2, 4 or 8. */
  readonly width: number;
}

/** Bytes [start, end) counted from the view's first element. */
type ReadRange = (startByte: number, endByte: number) => Promise<Uint8Array<ArrayBuffer>>;

/** What a read may take at most: a few of them at a time keep a disk busy, and the chunk asked for is larger. */
const windowBytes = 4 * 1024 * 1024;

/** Below this, reading what lies between costs less than another read. */
const smallBytes = 64 * 1024;

/** Above it, at least one byte in so many has to be one that was asked for. */
const sparsest = 8;

/** A run of indexes in every dimension. All numbers are elements; all lists are (dimensions,). */
interface Box {
  readonly size: readonly number[];
  readonly strides: readonly number[];
  /** Of its place in the output, which is row-major. */
  readonly outStrides: readonly number[];
  /** Of its first element: from the view's first, and in the output. */
  readonly from: number;
  readonly to: number;
}

/** Elements [start, end) of a view, (end - start,) · width bytes, in a buffer of their own. */
export async function gather(
  view: StridedView,
  start: number,
  end: number,
  read: ReadRange,
): Promise<Uint8Array<ArrayBuffer>> {
  const out = new Uint8Array((end - start) * view.width);
  for (const box of cutBoxes(view, start, end)) await gatherBox(box, view.width, out, read);
  return out;
}

/** The fewest boxes that make up elements [start, end): at most two for each dimension. */
function* cutBoxes({ shape, strides }: StridedView, start: number, end: number): Generator<Box> {
  const inner = rowMajor(shape);
  for (let at = start; at < end;) {
    const d = inner.findIndex((count) => at % count === 0 && count <= end - at);
    const index = shape.map((size, d) => Math.floor(at / inner[d]!) % size);
    const count = Math.min(shape[d]! - index[d]!, Math.floor((end - at) / inner[d]!));
    const size = shape.map((full, each) => (each < d ? 1 : each === d ? count : full));
    const from = index.reduce((sum, i, each) => sum + i * strides[each]!, 0);
    yield { size, strides, outStrides: rowMajor(size), from, to: at - start };
    at += count * inner[d]!;
  }
}

/** Strides of an array of this shape without gaps. */
function rowMajor(shape: readonly number[]): readonly number[] {
  const strides = new Array<number>(shape.length).fill(1);
  for (let d = shape.length - 2; d >= 0; d--) strides[d] = strides[d + 1]! * shape[d + 1]!;
  return strides;
}

async function gatherBox(
  box: Box,
  width: number,
  out: Uint8Array<ArrayBuffer>,
  read: ReadRange,
): Promise<void> {
  const spanBytes = (lastElement(box.size, box.strides) + 1) * width;
  const wantedBytes = box.size.reduce((product, size) => product * size, 1) * width;
  const dense = spanBytes <= windowBytes && wantedBytes * sparsest >= spanBytes;
  if (spanBytes <= smallBytes || dense) {
    const window = await read(box.from * width, box.from * width + spanBytes);
    return scatter(box, width, window, out);
  }
  for (const half of halve(box)) await gatherBox(half, width, out, read);
}

/** Along the dimension whose elements lie farthest apart. */
function halve(box: Box): readonly [Box, Box] {
  const { size, strides, outStrides, from, to } = box;
  let widest = -1;
  size.forEach((count, d) => {
    if (count > 1 && (widest === -1 || strides[d]! > strides[widest]!)) widest = d;
  });
  const half = size[widest]! >> 1;
  const withCount = (count: number) => size.map((each, d) => (d === widest ? count : each));
  return [
    { ...box, size: withCount(half) },
    {
      ...box,
      size: withCount(size[widest]! - half),
      from: from + half * strides[widest]!,
      to: to + half * outStrides[widest]!,
    },
  ];
}

/** Copies words of at most 4 bytes: a float that passed through a number could lose a NaN's payload. */
function scatter(
  box: Box,
  width: number,
  window: Uint8Array<ArrayBuffer>,
  out: Uint8Array<ArrayBuffer>,
): void {
  const words = width === 8 ? 2 : 1;
  const Words = width === 1 ? Uint8Array : width === 2 ? Uint16Array : Uint32Array;
  const wordsOf = ({ buffer, byteOffset, byteLength }: Uint8Array<ArrayBuffer>) =>
    new Words(buffer, byteOffset, byteLength / Words.BYTES_PER_ELEMENT);
  const [from, to] = [wordsOf(window), wordsOf(out)];
  const size = [...box.size, words];
  const strides = [...box.strides.map((stride) => stride * words), 1];
  const outStrides = [...box.outStrides.map((stride) => stride * words), 1];
  const last = size.length - 1;
  const copy = (d: number, source: number, target: number): void => {
    if (d === last) for (let i = 0; i < words; i++) to[target + i] = from[source + i]!;
    else {
      for (let i = 0; i < size[d]!; i++) copy(d + 1, source + i * strides[d]!, target + i * outStrides[d]!);
    }
  };
  copy(0, 0, box.to * words);
}
