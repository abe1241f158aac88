import { describe, expect, test } from 'vitest';
import { KnownError } from '../../src/errors.ts';
import { openCheckpoint, type Checkpoint } from '../../src/safetensors/checkpoint.ts';
import { refusal, sourceOf } from '../model/models.ts';
import { fileOf } from './files.ts';

/** "a" and "b", two bytes each. */
const a = `{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}`;
const b = `{"b":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}`;
const fileA = fileOf(a, Uint8Array.of(1, 2));
const fileB = fileOf(b, Uint8Array.of(3, 4));
const index = (map: Record<string, string>) =>
  JSON.stringify({ metadata: { total_size: 4.0 }, weight_map: map });

describe('openCheckpoint', () => {
  test('opens a single file from its header', async () => {
    const checkpoint = await openCheckpoint(
      sourceOf({ 'model.safetensors': fileA, 'other.safetensors': fileB }),
    );
    expect(checkpoint.model).toBe('tiny');
    expect([...checkpoint.tensors.values()]).toEqual([
      {
        name: 'a',
        dtype: 'U8',
        shape: [2],
        elementCount: 2,
        bytes: 2,
        file: 'model.safetensors',
        start: 8 + a.length,
      },
    ]);
    expect(checkpoint.files).toEqual([{ path: 'model.safetensors', bytes: fileA.length }]);
    expect(checkpoint.bytes).toBe(fileA.length);
  });

  test('reads 8 bytes and the header, and nothing of the data', async () => {
    const ranges: [number | undefined, number | undefined][] = [];
    class Watched extends Blob {
      override slice(start?: number, end?: number, type?: string): Blob {
        ranges.push([start, end]);
        return super.slice(start, end, type);
      }
    }
    const watched = new Watched([fileA]);
    const source = {
      ...sourceOf({}),
      open: (path: string) => Promise.resolve(path === 'model.safetensors' ? watched : undefined),
    };
    await openCheckpoint(source);
    expect(ranges).toEqual([
      [0, 8],
      [8, 8 + a.length],
    ]);
  });

  test('opens shards, with the tensors that the index does not list', async () => {
    const checkpoint = await openCheckpoint(
      sourceOf({
        'model.safetensors.index.json': index({ b: 'two.safetensors', a: 'one.safetensors' }),
        'one.safetensors': fileA,
        'two.safetensors': fileOf(
          `{"b":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"c":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}}`,
          Uint8Array.of(3, 4, 5),
        ),
      }),
    );
    expect([...checkpoint.tensors.values()].map(({ name, file }) => [name, file])).toEqual([
      ['a', 'one.safetensors'],
      ['b', 'two.safetensors'],
      ['c', 'two.safetensors'],
    ]);
    expect(checkpoint.files.map(({ path }) => path)).toEqual(['one.safetensors', 'two.safetensors']);
  });

  test('takes names of tensors that objects have by themselves', async () => {
    const names = ['constructor', '__proto__', 'toString'];
    const entries = names.map(
      (name, i) => `"${name}":{"dtype":"U8","shape":[1],"data_offsets":[${i},${i + 1}]}`,
    );
    const checkpoint = await openCheckpoint(
      sourceOf({
        'model.safetensors.index.json': `{"weight_map":{${names.map((name) => `"${name}":"s"`).join(',')}}}`,
        s: fileOf(`{${entries.join(',')}}`, Uint8Array.of(1, 2, 3)),
      }),
    );
    expect([...checkpoint.tensors.keys()]).toEqual(names);
  });
});

describe('Checkpoint', () => {
  const floats = fileOf(
    `{"h":{"dtype":"F16","shape":[3],"data_offsets":[0,6]},"f":{"dtype":"F32","shape":[2],"data_offsets":[6,14]},"i":{"dtype":"I16","shape":[2],"data_offsets":[14,18]}}`,
    Uint8Array.of(0x00, 0x3c, 0x00, 0xc0, 0x00, 0x38, 0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0, 1, 0, 2, 0),
  );
  const open = () => openCheckpoint(sourceOf({ 'model.safetensors': floats }));
  const tensorOf = (checkpoint: Checkpoint, name: string) => checkpoint.tensors.get(name)!;

  test('reads a range of elements as float32, aligned in the file or not', async () => {
    const checkpoint = await open();
    expect([...(await checkpoint.read(tensorOf(checkpoint, 'h'), 0, 3))]).toEqual([1, -2, 0.5]);
    expect([...(await checkpoint.read(tensorOf(checkpoint, 'h'), 1, 2))]).toEqual([-2]);
    expect([...(await checkpoint.read(tensorOf(checkpoint, 'f'), 0, 2))]).toEqual([1, -2]);
    expect(await checkpoint.read(tensorOf(checkpoint, 'f'), 2, 2)).toHaveLength(0);
  });

  test('reads integers as their bytes only', async () => {
    const checkpoint = await open();
    const tensor = tensorOf(checkpoint, 'i');
    expect([...(await checkpoint.readElements(tensor, 1, 2))]).toEqual([2, 0]);
    expect([...(await checkpoint.readBytes(tensor, 1, 3))]).toEqual([0, 2]);
    await expect(checkpoint.read(tensor, 0, 2)).rejects.toThrow('i is I16');
  });

  test.each([
    [-1, 1],
    [2, 1],
    [0, 3],
    [NaN, 1],
  ])('refuses the range [%d, %d) of a tensor of two elements', async (start, end) => {
    const checkpoint = await open();
    await expect(checkpoint.read(tensorOf(checkpoint, 'f'), start, end)).rejects.toThrow(RangeError);
  });

  /** A source whose file answers its first opening, for the header, and then does `later` instead. */
  async function openThen(later: () => Promise<Blob | undefined>) {
    let opened = 0;
    const source = {
      ...sourceOf({}),
      open: () => (opened++ === 0 ? Promise.resolve(new Blob([floats])) : later()),
    };
    const checkpoint = await openCheckpoint(source);
    return { checkpoint, read: () => checkpoint.read(tensorOf(checkpoint, 'h'), 0, 3) };
  }
  /** A blob of the right size whose slices fail, or are short. */
  const blobWhoseSlicesGive = (answer: () => Promise<ArrayBuffer>) => {
    const blob = new Blob([floats]);
    blob.slice = () => Object.assign(new Blob(), { arrayBuffer: answer });
    return blob;
  };

  test('says that the file changed when it is gone or of another size', async () => {
    const changed = ['source-changed', { model: 'tiny', file: 'model.safetensors' }];
    const gone = await openThen(() => Promise.resolve(undefined));
    expect(await refusal(gone.read())).toEqual(changed);
    const grown = await openThen(() => Promise.resolve(new Blob([floats, 'x'])));
    expect(await refusal(grown.read())).toEqual(changed);
  });

  test('says how many bytes are missing from a read', async () => {
    const { read } = await openThen(() =>
      Promise.resolve(blobWhoseSlicesGive(() => Promise.resolve(new ArrayBuffer(2)))),
    );
    expect(await refusal(read())).toEqual([
      'read-short',
      { file: 'tiny/model.safetensors', wantBytes: 6, gotBytes: 2 },
    ]);
  });

  test('passes on what the source says, and wraps what the platform throws, even a string', async () => {
    const known = new KnownError('hub-unreachable', { host: 'hub.example' });
    const unreachable = await openThen(() =>
      Promise.resolve(blobWhoseSlicesGive(() => Promise.reject(known))),
    );
    expect(await refusal(unreachable.read())).toEqual(['hub-unreachable', { host: 'hub.example' }]);

    const stopped = await openThen(() =>
      Promise.resolve(blobWhoseSlicesGive(() => Promise.reject(new DOMException('stopped', 'AbortError')))),
    );
    await expect(stopped.read()).rejects.toMatchObject({ name: 'AbortError' });

    const odd = await openThen(() =>
      Promise.resolve(blobWhoseSlicesGive(() => Promise.reject('socket closed'))),
    );
    expect(await refusal(odd.read())).toEqual([
      'file-unreadable',
      { file: 'tiny/model.safetensors', why: 'socket closed' },
    ]);
  });

  test('tries again after a failed opening', async () => {
    let tries = 0;
    const { read } = await openThen(() =>
      tries++ === 0
        ? Promise.reject(new KnownError('hub-unreachable', { host: 'h' }))
        : Promise.resolve(new Blob([floats])),
    );
    expect(await refusal(read())).toEqual(['hub-unreachable', { host: 'h' }]);
    expect([...(await read())]).toEqual([1, -2, 0.5]);
  });
});
