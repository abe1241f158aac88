/**
 * Where the elements of a strided view lie. Pure: the element at index (i₀, i₁, …) is element Σ iₖ · strideₖ of the
 * storage, counted from the view's first.
 */

/** Whether the elements lie in row-major order without gaps; strides of dimensions of size 1 matter to nothing. */
export function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  if (shape.includes(0)) return true;
  let expected = 1;
  for (let d = shape.length - 1; d >= 0; d--) {
    if (shape[d] === 1) continue;
    if (strides[d] !== expected) return false;
    expected *= shape[d]!;
  }
  return true;
}

/** The element farthest from the first, for a view that has elements. Inexact above 2^53, where no storage reaches. */
export function lastElement(shape: readonly number[], strides: readonly number[]): number {
  return shape.reduce((sum, size, d) => sum + (size - 1) * strides[d]!, 0);
}
