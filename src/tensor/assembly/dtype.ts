/** Dtypes as kernels.ts numbers them. */
export const F32: u32 = 0;
export const F16: u32 = 1;
export const BF16: u32 = 2;
export const F64: u32 = 3;
