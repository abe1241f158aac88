/**
 * `model.safetensors.index.json`: which shard holds which tensor. Pure, both directions; reading trusts nothing.
 *
 *   { "metadata": { … }, "weight_map": { tensor: file name } }
 *
 * Source: https://huggingface.co/docs/safetensors/metadata_parsing; transformers `get_checkpoint_shard_files`
 */
import * as v from 'valibot';
import { KnownError } from '../errors.ts';
import { excessOf, findBlemishes, type JsonLimits } from './json.ts';

export const indexPath = 'model.safetensors.index.json';

/** 60,000 tensors with names of 90 letters; a hostile index costs no more than a second and 64 MB (`npm run fuzz`). */
export const indexLimitBytes = 8 * 1024 * 1024;

const limits: JsonLimits = {
  // the map needs 2; its `metadata` may be anything sensible
  depth: 16,
  // one a tensor
  values: 100_000,
};

/** Not `v.record`, which drops keys such as `constructor`: here they are tensors' names. */
const stringMap = v.custom<Readonly<Record<string, string>>>(
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((file) => typeof file === 'string'),
  'weight_map is not an object of file names',
);

const indexSchema = v.looseObject({ weight_map: stringMap }, 'it is not an object with a weight_map');

/**
 * (tensors,) names to shards, in the file's order. Throws `index-invalid`, or `index-path-unsafe` for a shard that is
 * not a plain name beside the index: a path could leave the model's folder.
 */
export function parseIndex(text: string, file: string): ReadonlyMap<string, string> {
  const excess = excessOf(text, limits);
  if (excess !== undefined) {
    const why = excess === 'depth' ? 'it nests too deep' : `it holds more than ${limits.values} values`;
    throw new KnownError('index-invalid', { file, why });
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new KnownError(
      'index-invalid',
      { file, why: error instanceof Error ? error.message : '' },
      { cause: error },
    );
  }
  const parsed = v.safeParse(indexSchema, json);
  if (!parsed.success) throw new KnownError('index-invalid', { file, why: parsed.issues[0].message });
  for (const { kind, path } of findBlemishes(text)) {
    if (kind === 'duplicate-key' && path[0] === 'weight_map') {
      const why =
        path[1] === undefined ? 'weight_map is given twice' : `${JSON.stringify(path[1])} is listed twice`;
      throw new KnownError('index-invalid', { file, why });
    }
  }
  const shardOf = new Map(Object.entries(parsed.output.weight_map));
  for (const shard of shardOf.values()) {
    if (!isPlainName(shard)) throw new KnownError('index-path-unsafe', { file, shard });
  }
  return shardOf;
}

/**
 * The index of a checkpoint, as transformers prints it: by name, two spaces, a line end.
 *
 * @param shardOf (tensors,) names to shards, in any order
 * @param totalBytes of all values
 *
 * Source: transformers, `save_pretrained`
 */
export function printIndex(shardOf: ReadonlyMap<string, string>, totalBytes: number): string {
  // by UTF-16 unit, as the writer goes; not JSON.stringify of one object, which would put names like "0" first
  const lines = [...shardOf]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, shard]) => `    ${JSON.stringify(name)}: ${JSON.stringify(shard)}`);
  return `{
  "metadata": {
    "total_size": ${totalBytes}
  },
  "weight_map": {
${lines.join(',\n')}
  }
}
`;
}

function isPlainName(name: string): boolean {
  return name !== '' && name !== '.' && !/[/\\\p{Cc}]/u.test(name) && !name.includes('..');
}
