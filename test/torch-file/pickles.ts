/** Pickles written by hand, opcode by opcode, and the files around them. Each character of a text is one byte. */
import { openTorchFile } from '../../src/torch-file/torch-file.ts';
import { concat, zipOf, type ZipFile } from '../support/zip.ts';

export function bytesOf(code: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(code, 'latin1'));
}

function uint32(value: number): string {
  return String.fromCharCode(...new Uint8Array(Uint32Array.of(value).buffer));
}

/** BINUNICODE. */
export function text(value: string): string {
  const utf8 = String.fromCharCode(...new TextEncoder().encode(value));
  return `X${uint32(utf8.length)}${utf8}`;
}

/** BININT, or LONG1 beyond it. */
export function int(value: number): string {
  if (value === (value | 0)) return `J${uint32(value)}`;
  return `\x8a\x08${String.fromCharCode(...new Uint8Array(BigInt64Array.of(BigInt(value)).buffer))}`;
}

export function tuple(...items: readonly string[]): string {
  return `(${items.join('')}t`;
}

export function global(module: string, name: string): string {
  return `c${module}\n${name}\n`;
}

export const orderedDict = `${global('collections', 'OrderedDict')})R`;

interface View {
  readonly storage?: string;
  readonly type?: string;
  readonly count?: number | string;
  readonly place?: string;
  readonly offset?: number | string;
  readonly shape?: readonly number[] | string;
  readonly strides?: readonly number[] | string;
  readonly gradient?: string;
  readonly hooks?: string;
  readonly more?: string;
  readonly rebuild?: string;
}

/** `_rebuild_tensor_v2` of a storage of six float32, by default whole. */
export function tensor(view: View = {}): string {
  const { storage = '0', type = global('torch', 'FloatStorage'), count = 6, place = 'cpu' } = view;
  const { offset = 0, shape = [6], strides = [1], gradient = '\x89', hooks = orderedDict, more = '' } = view;
  const { rebuild = global('torch._utils', '_rebuild_tensor_v2') } = view;
  const number = (value: number | string) => (typeof value === 'number' ? int(value) : value);
  const list = (value: readonly number[] | string) =>
    typeof value === 'string' ? value : tuple(...value.map(int));
  const id = tuple(text('storage'), type, text(storage), text(place), number(count));
  const args = [`${id}Q`, number(offset), list(shape), list(strides), gradient, hooks, more];
  return `${rebuild}${tuple(...args)}R`;
}

/** A whole pickle of a dict: names and what stands for them. */
export function dict(entries: readonly (readonly [string, string])[]): string {
  return pickle(`}(${entries.map(([name, value]) => text(name) + value).join('')}u`);
}

export function pickle(body: string): string {
  return `\x80\x02${body}.`;
}

/** 24 bytes, six float32. */
export const storage = new Uint8Array(Float32Array.of(1, 2, 3, 4, 5, 6).buffer);

/** A sound file around this pickle, and around files that take the place of its own or come beside them. */
export function fileOf(code: string | Uint8Array, others: readonly ZipFile[] = []): Blob {
  const own: readonly ZipFile[] = [
    { path: 'a/data.pkl', data: typeof code === 'string' ? bytesOf(code) : code },
    { path: 'a/byteorder', data: 'little' },
    { path: 'a/data/0', data: storage },
    { path: 'a/version', data: '3\n' },
  ];
  const replaced = own.filter(({ path }) => !others.some((other) => other.path === path));
  return new Blob([zipOf([...replaced, ...others])]);
}

export const open = (code: string | Uint8Array, others?: readonly ZipFile[]) =>
  openTorchFile(fileOf(code, others), 'x.bin');

export { concat };
