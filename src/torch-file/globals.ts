/**
 * The names that a pickle may mention, and what is made of them here: storages and views of storages. A list, not a
 * look-up: what is not on it is refused before anything is done with it.
 *
 * Source: https://github.com/pytorch/pytorch, torch/_weights_only_unpickler.py `_get_allowed_globals`, of which this is
 * a part; torch/_utils.py `_rebuild_tensor_v2`, `_rebuild_tensor_v3`, `_rebuild_parameter`
 */
import { isFloat, type Dtype } from '../tensor/dtype.ts';
import { Misuse } from './misuse.ts';
import { nameKind, type Dict, type RawTensor, type Storage, type Tuple, type Value } from './values.ts';

/** Storages with a dtype, by the class that the pickle names. Complex, quantised and 8-bit floats are not among them. */
const storageDtypes: ReadonlyMap<string, Dtype> = new Map([
  ['torch.FloatStorage', 'F32'],
  ['torch.HalfStorage', 'F16'],
  ['torch.BFloat16Storage', 'BF16'],
  ['torch.DoubleStorage', 'F64'],
  ['torch.LongStorage', 'I64'],
  ['torch.IntStorage', 'I32'],
  ['torch.ShortStorage', 'I16'],
  ['torch.CharStorage', 'I8'],
  ['torch.ByteStorage', 'U8'],
  ['torch.BoolStorage', 'BOOL'],
]);
const bytesStorage = 'torch.storage.UntypedStorage';

/** Dtypes that have no storage of their own: their tensors are rebuilt from bytes. */
const newDtypes: ReadonlyMap<string, Dtype> = new Map([
  ['torch.uint16', 'U16'],
  ['torch.uint32', 'U32'],
  ['torch.uint64', 'U64'],
]);

const orderedDict = 'collections.OrderedDict';
const rebuildTensor = 'torch._utils._rebuild_tensor_v2';
const rebuildNewTensor = 'torch._utils._rebuild_tensor_v3';
const rebuildParameter = 'torch._utils._rebuild_parameter';

const allowed: ReadonlySet<string> = new Set([
  ...storageDtypes.keys(),
  ...newDtypes.keys(),
  ...[bytesStorage, orderedDict, rebuildTensor, rebuildNewTensor, rebuildParameter],
]);

/** Places that PyTorch writes; tensors of others are not saved as views of a storage. */
const location = /^(?:cpu|cuda|mps|xpu|hpu|npu|ipu)(?::\d{1,3})?$/;

export function isAllowed(name: string): boolean {
  return allowed.has(name);
}

/** What calling `func` with `args` makes. Throws `Misuse`. */
export function reduce(func: Value, args: Value): Value {
  if (!isKind(func, 'global')) throw new Misuse(`it calls a ${nameKind(func)}`);
  const items = readItems(args, `the arguments of ${func.name}`);
  switch (func.name) {
    case orderedDict:
      if (items.length > 0) throw new Misuse(`it gives ${func.name} arguments`);
      return { kind: 'dict', ordered: true, entries: undefined };
    case rebuildTensor:
      return readTensor(items, 'typed', func.name);
    case rebuildNewTensor:
      return readTensor(items, 'untyped', func.name);
    case rebuildParameter:
      return readParameter(items, func.name);
    default:
      throw new Misuse(`it calls ${func.name}`);
  }
}

/** A storage, from `('storage', class, key, location, count)`. Throws `Misuse`. */
export function readStorage(id: Value): Storage {
  const [tag, type, key, where, count, ...others] = readItems(id, 'a persistent id');
  if (tag !== 'storage' || others.length > 0) throw new Misuse('a persistent id is no storage');
  const name = isKind(type, 'global') ? type.name : '';
  if (!storageDtypes.has(name) && name !== bytesStorage) throw new Misuse(`a storage is a ${nameKind(type)}`);
  if (typeof key !== 'string') throw new Misuse('the key of a storage is no text');
  if (typeof where !== 'string' || !location.test(where))
    throw new Misuse('a storage lies at an unknown place');
  return {
    kind: 'storage',
    key,
    dtype: storageDtypes.get(name),
    count: readSize(count, 'the size of a storage'),
  };
}

/** `(storage, offset, size, stride, requires_grad, hooks[, dtype][, metadata])`. */
function readTensor(items: readonly Value[], from: 'typed' | 'untyped', name: string): RawTensor {
  const dtypeCount = from === 'untyped' ? 1 : 0;
  if (items.length !== 6 + dtypeCount && items.length !== 7 + dtypeCount) {
    throw new Misuse(`it gives ${name} ${items.length} arguments`);
  }
  const [storage, offset, size, stride, needsGradient, hooks, ...rest] = items;
  if (!isKind(storage, 'storage')) throw new Misuse(`a tensor is a view of a ${nameKind(storage)}`);
  const dtype = from === 'typed' ? storage.dtype : readNewDtype(rest[0]);
  if (dtype === undefined || (from === 'untyped' && storage.dtype !== undefined)) {
    throw new Misuse('a tensor does not fit the kind of its storage');
  }
  checkGradient(needsGradient, dtype);
  checkEmpty(hooks, 'the hooks of a tensor');
  const metadata = rest[dtypeCount];
  if (metadata !== undefined && metadata !== null) checkEmpty(metadata, 'the metadata of a tensor');
  const shape = readItems(size, 'a shape').map((each) => readSize(each, 'a dimension'));
  const strides = readItems(stride, 'strides').map((each) => readSize(each, 'a stride'));
  if (shape.length !== strides.length) {
    throw new Misuse(`a tensor has ${shape.length} dimensions and ${strides.length} strides`);
  }
  return { kind: 'tensor', storage, dtype, offset: readSize(offset, 'an offset'), shape, strides };
}

function readNewDtype(value: Value | undefined): Dtype {
  const dtype = isKind(value, 'global') ? newDtypes.get(value.name) : undefined;
  if (dtype === undefined) throw new Misuse(`the dtype of a tensor is a ${nameKind(value)}`);
  return dtype;
}

/** `(tensor, requires_grad, hooks)`: a parameter is its tensor. */
function readParameter(items: readonly Value[], name: string): RawTensor {
  const [tensor, needsGradient, hooks] = items;
  if (items.length !== 3) throw new Misuse(`it gives ${name} ${items.length} arguments`);
  if (!isKind(tensor, 'tensor')) throw new Misuse(`a parameter is made of a ${nameKind(tensor)}`);
  checkGradient(needsGradient, tensor.dtype);
  checkEmpty(hooks, 'the hooks of a parameter');
  return tensor;
}

/** Only floats have gradients. */
function checkGradient(value: Value | undefined, dtype: Dtype): void {
  if (typeof value !== 'boolean' || (value && !isFloat(dtype))) {
    throw new Misuse(`whether a tensor of ${dtype} needs a gradient is ${String(value)}`);
  }
}

function checkEmpty(value: Value | undefined, what: string): void {
  if (!isKind(value, 'dict') || (value.entries?.size ?? 0) > 0)
    throw new Misuse(`${what} are not an empty dict`);
}

function readItems(value: Value | undefined, what: string): Tuple['items'] {
  if (!isKind(value, 'tuple')) throw new Misuse(`${what} are a ${nameKind(value)}`);
  return value.items;
}

/** A whole number from 0 to 2^53 - 1. */
function readSize(value: Value | undefined, what: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw new Misuse(`${what} is ${typeof value === 'number' ? value : `a ${nameKind(value)}`}`);
}

interface Kinds {
  global: { readonly kind: 'global'; readonly name: string };
  tuple: Tuple;
  dict: Dict;
  storage: Storage;
  tensor: RawTensor;
}

function isKind<K extends keyof Kinds>(value: Value | undefined, kind: K): value is Kinds[K] {
  return typeof value === 'object' && value !== null && value.kind === kind;
}
