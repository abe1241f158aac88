/**
 * The kernels that run at memory's speed, in AssemblyScript: compiled to one small WebAssembly module with SIMD by
 * vite.kernels.ts. Pointers are bytes into the module's memory, at any alignment; kernels.ts is the only caller.
 */
export { mix, narrow, widen } from './mix';
export { checksum, isFinite } from './check';
export { beginSha256, endSha256, updateSha256 } from './sha256';

/** Where the caller's memory begins: what lies before is the kernels' own. */
export function heapBase(): usize {
  return __heap_base;
}
