/** What a pickle of a state dict may be made of. Nothing here does anything: there are no classes and no calls. */
import type { Dtype } from '../tensor/dtype.ts';

export type Value = string | number | boolean | null | Container | Global | Storage | RawTensor;

export type Container = Tuple | List | Dict;

export interface Tuple {
  readonly kind: 'tuple';
  readonly items: readonly Value[];
}

export interface List {
  readonly kind: 'list';
  readonly items: Value[];
}

export interface Dict {
  readonly kind: 'dict';
  /** An OrderedDict may be given attributes (`_metadata`), which are not entries. */
  readonly ordered: boolean;
  /** `undefined` until there is one. */
  entries: Map<string | number, Value> | undefined;
}

/** A name from the list in globals.ts. */
export interface Global {
  readonly kind: 'global';
  readonly name: string;
}

/** A run of elements in a file of its own in the zip. */
export interface Storage {
  readonly kind: 'storage';
  /** `data/<key>` in the zip. */
  readonly key: string;
  /** `undefined` for bytes whose tensors say what they are. */
  readonly dtype: Dtype | undefined;
  /** Elements, or bytes where there is no dtype. */
  readonly count: number;
}

/** A view of a storage, not yet checked against it. */
export interface RawTensor {
  readonly kind: 'tensor';
  readonly storage: Storage;
  readonly dtype: Dtype;
  /** In elements. */
  readonly offset: number;
  readonly shape: readonly number[];
  /** (dimensions,) in elements. */
  readonly strides: readonly number[];
}

/** How refusals call a value. */
export function nameKind(value: Value | undefined): string {
  if (value === null) return 'None';
  if (value === undefined) return 'nothing';
  if (typeof value !== 'object') return typeof value;
  return value.kind === 'dict' && value.ordered ? 'OrderedDict' : value.kind;
}
