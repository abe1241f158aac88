/** Models made of plain data, and models in folders, as sources and as opened models. */
import { readdir, readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { KnownError } from '../../src/errors.ts';
import { readConfig } from '../../src/model/config.ts';
import type { OpenedModel } from '../../src/model/compare.ts';
import { openVocabulary } from '../../src/model/vocabulary.ts';
import { openModelCheckpoint, readDenseSettings } from '../../src/model/dense.ts';
import { planFile } from '../../src/safetensors/writer.ts';
import type { Dtype } from '../../src/tensor/dtype.ts';
import type { Source } from '../../src/source/source.ts';

/** Text and bytes stand as they are; anything else stands for its JSON. */
export type Files = Readonly<Record<string, unknown>>;

/** @param oids content hashes by path, where the source is to state them */
export function sourceOf(
  files: Files,
  name = 'tiny',
  oids: Readonly<Record<string, string>> = {},
): Source & { readonly opened: string[] } {
  const blobs = new Map(Object.entries(files).map(([path, file]) => [path, new Blob([toPart(file)])]));
  const opened: string[] = [];
  const entries = [...blobs].map(([path, { size }]) => {
    const oid = oids[path];
    return { path, bytes: size, identity: `${name} ${path}`, ...(oid === undefined ? {} : { oid }) };
  });
  return {
    name,
    opened,
    list: () => Promise.resolve(entries),
    open: (path) => {
      opened.push(path);
      return Promise.resolve(blobs.get(path));
    },
  };
}

function toPart(file: unknown): BlobPart {
  if (typeof file === 'string' || file instanceof Blob) return file;
  return file instanceof Uint8Array ? (file as Uint8Array<ArrayBuffer>) : JSON.stringify(file);
}

/** All files below a folder. */
export async function folderSource(folder: string, name: string): Promise<Source> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = found.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const files = await Promise.all(
    paths.map(
      async (path) =>
        [relative(folder, path).split(sep).join('/'), new Uint8Array(await readFile(path))] as const,
    ),
  );
  return sourceOf(Object.fromEntries(files), name);
}

export type Tensors = Readonly<Record<string, readonly [Dtype, ...number[]]>>;

/** A checkpoint of zeros; values mean nothing to a comparison. Tensors come in the writer's order: by dtype, then by name. */
export function checkpointOf(tensors: Tensors): Uint8Array {
  const plan = planFile(Object.entries(tensors).map(([name, [dtype, ...shape]]) => ({ name, dtype, shape })));
  const file = new Uint8Array(plan.bytes);
  file.set(plan.header);
  return file;
}

export async function openModel(source: Source): Promise<OpenedModel> {
  return {
    name: source.name,
    config: await readConfig(source),
    checkpoint: await openModelCheckpoint(source),
    dense: await readDenseSettings(source),
    vocabulary: await openVocabulary(source),
  };
}

/** What a call, or a promise of one, is refused with: code and facts. */
export async function refusal(act: (() => unknown) | Promise<unknown>): Promise<readonly [string, unknown]> {
  try {
    await (typeof act === 'function' ? act() : act);
  } catch (error) {
    if (error instanceof KnownError) return [error.code, error.facts];
    throw error;
  }
  throw new Error('nothing was refused');
}
