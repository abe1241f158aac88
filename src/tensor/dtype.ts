/**
 * The element types that we read, named as safetensors spells them. Eight-bit and narrower floats are not among
 * them: they mean something only beside a scale that the format does not tie to the tensor.
 *
 * Source: https://github.com/huggingface/safetensors#format
 */

/** In the reference writer's order, narrowest first: its files hold tensors in the reverse of this order. */
const table = {
  BOOL: { bytes: 1, kind: 'integer' },
  U8: { bytes: 1, kind: 'integer' },
  I8: { bytes: 1, kind: 'integer' },
  I16: { bytes: 2, kind: 'integer' },
  U16: { bytes: 2, kind: 'integer' },
  F16: { bytes: 2, kind: 'float' },
  BF16: { bytes: 2, kind: 'float' },
  I32: { bytes: 4, kind: 'integer' },
  U32: { bytes: 4, kind: 'integer' },
  F32: { bytes: 4, kind: 'float' },
  F64: { bytes: 8, kind: 'float' },
  I64: { bytes: 8, kind: 'integer' },
  U64: { bytes: 8, kind: 'integer' },
} as const;

export type Dtype = keyof typeof table;
export type FloatDtype = { [D in Dtype]: (typeof table)[D]['kind'] extends 'float' ? D : never }[Dtype];
export type DtypeKind = 'float' | 'integer';

/** Every dtype, narrowest first. */
export const dtypes = Object.keys(table) as readonly Dtype[];

/** Bytes of one element; also the alignment that a typed array over such elements needs. */
export function elementBytes(dtype: Dtype): number {
  return table[dtype].bytes;
}

export function kindOf(dtype: Dtype): DtypeKind {
  return table[dtype].kind;
}

export function isDtype(text: string): text is Dtype {
  return Object.hasOwn(table, text);
}

export function isFloat(dtype: Dtype): dtype is FloatDtype {
  return table[dtype].kind === 'float';
}
