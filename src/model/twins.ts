/** Models on the bar that are one and the same: allowed, but averaging a model with itself is that model. */
import type { Problem } from '../errors.ts';
import type { Source } from '../source/source.ts';

interface Opened {
  readonly name: string;
  readonly source: Source;
  readonly checkpoint: { readonly files: readonly { readonly path: string }[] };
}

/** `model-twice` for each model that stands in several places. Lists only: equal hashes, or what a source without hashes states, tell. */
export async function noteTwins(models: readonly Opened[]): Promise<readonly Problem[]> {
  const identities = await Promise.all(models.map(identityOf));
  const places = new Map<string, number[]>();
  identities.forEach((identity, m) => places.set(identity, [...(places.get(identity) ?? []), m]));
  return [...places.values()]
    .filter((twins) => twins.length > 1)
    .map((twins) => ({
      severity: 'note',
      code: 'model-twice',
      facts: {
        models: [...new Set(twins.map((m) => models[m]!.name))].join(', '),
        places: twins.map((m) => m + 1).join(', '),
      },
    }));
}

async function identityOf({ name, source, checkpoint }: Opened): Promise<string> {
  const files = new Set(checkpoint.files.map(({ path }) => path));
  const entries = (await source.list()).filter(({ path }) => files.has(path));
  // a size and a date may recur in another folder, but hardly under the same name
  return JSON.stringify(entries.map(({ oid, identity }) => oid ?? [name, identity]));
}
