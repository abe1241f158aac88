/** The small files of a mixture: planned from model 1's, written into a job's folder, hashed while they are written. */
import { KnownError } from './errors.ts';
import { planFiles, type ConfigDtype, type PlannedFile } from './export/files.ts';
import type { JobFolder } from './job/folder.ts';
import type { WrittenFile } from './job/marker.ts';
import type { Base } from './lineage.ts';
import type { MixDtype } from './merge/plan.ts';
import { settingsLimitBytes } from './model/json-file.ts';
import { readFile } from './model/small-file.ts';
import { isCached, type NamedSource } from './pipeline.ts';
import { createSha256 } from './tensor/sha256.ts';

/** As config.json spells them. */
const configDtypes: Readonly<Record<MixDtype, ConfigDtype>> = {
  F32: 'float32',
  F16: 'float16',
  BF16: 'bfloat16',
};

/** From names and settings alone. */
export async function planSmallFiles(
  { source, config, modules, prompts, task }: Base,
  dtype: MixDtype,
): Promise<readonly PlannedFile[]> {
  const text = async (path: string): Promise<string | undefined> => {
    const bytes = await readFile(source, path, settingsLimitBytes);
    return bytes && new TextDecoder().decode(bytes);
  };
  const paths = (await source.list()).map(({ path }) => path);
  return planFiles(paths, {
    model: source.name,
    config: (await text('config.json'))!,
    dtype: configDtypes[dtype],
    modules: await text('modules.json'),
    mixedFolders: modules.denseFolders,
    sentenceConfig: await text('config_sentence_transformers.json'),
    // a language model has no pooling to write down
    embedding:
      task === 'encoder'
        ? { hiddenSize: config.integer('hidden_size', 0), maxTokens: modules.maxTokens }
        : undefined,
    prompts,
  });
}

/** Throws `source-changed`, `storage-full`, what fetching throws, and AbortError. */
export async function writeSmall(
  folder: JobFolder,
  file: PlannedFile,
  base: NamedSource['source'],
  signal: AbortSignal,
): Promise<WrittenFile> {
  switch (file.kind) {
    case 'text':
      return writeText(folder, file.path, file.text, signal);
    case 'copy': {
      // a kept module's values are tensors, which a cached source leaves on the Hub, unchecked, until they are fetched
      const blob = isCached(base) ? await base.fetchFile(file.path, { signal }) : await base.open(file.path);
      if (blob === undefined) throw new KnownError('source-changed', { model: base.name, file: file.path });
      return writeStream(folder, file.path, blob.stream(), signal);
    }
  }
}

/** Throws `storage-full` and AbortError. */
export function writeText(
  folder: JobFolder,
  path: string,
  text: string,
  signal: AbortSignal,
): Promise<WrittenFile> {
  return writeStream(folder, path, new Blob([text]).stream(), signal);
}

async function writeStream(
  folder: JobFolder,
  path: string,
  stream: ReadableStream<Uint8Array>,
  signal: AbortSignal,
): Promise<WrittenFile> {
  const hash = await createSha256();
  let bytes = 0;
  const meter = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      hash.update(chunk);
      bytes += chunk.byteLength;
      controller.enqueue(chunk);
    },
  });
  await stream.pipeThrough(meter).pipeTo(await folder.writable(path), { signal });
  return { path, bytes, sha256: hash.digestHex() };
}
