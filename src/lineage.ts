/** Who went into a mixture: its name, and the card that states every model, weight and identity. */
import { printCard } from './export/card.ts';
import { safeName } from './export/zip.ts';
import { readLicence } from './model/licence.ts';
import { readModules } from './model/modules.ts';
import { readPrompts } from './model/prompts.ts';
import { openModel, type NamedSource } from './pipeline.ts';
import type { MergeJob } from './pour.ts';
import type { Source } from './source/source.ts';

/** E.g. `mix-of-base-bank-science`: the models' short names. */
export function nameOf(named: readonly NamedSource[]): string {
  const short = named.map(({ ref }) => (ref.kind === 'hub' ? ref.id : ref.name).split('/').at(-1)!);
  return safeName(`mix-of-${short.join('-')}`);
}

/** README.md of a mixture. `sha256` is that of its checkpoint. */
export async function cardOf(
  named: readonly NamedSource[],
  { weights, scoring, prompts }: Omit<MergeJob, 'models'>,
  name: string,
  sha256: string,
): Promise<string> {
  const models = named.map(async ({ ref, source }, m) => ({
    name: ref.kind === 'hub' ? ref.id : ref.name,
    weight: Math.fround(weights[m]!),
    hub: ref.kind === 'hub' ? { id: ref.id, commit: ref.commit } : undefined,
    identity: ref.kind === 'hub' ? undefined : await identityOf(source),
    licence: await readLicence(source),
  }));
  const base = named[0]!.source;
  const { config } = await openModel(base);
  const modules = await readModules(base, config);
  return printCard({
    name,
    folder: name,
    models: await Promise.all(models),
    scoring,
    embedding:
      isEncoder(config.architecture) && modules.pooling !== undefined
        ? {
            pooling: modules.pooling,
            normalised: modules.normalised,
            prompts: prompts ?? (await readPrompts(base)) ?? { query: '', document: '' },
          }
        : undefined,
    sha256,
  });
}

/** What pins a local or embedded model's checkpoint. */
async function identityOf(source: Source): Promise<string> {
  const entries = await source.list();
  const files = entries.filter(({ path }) => path.endsWith('.safetensors') && !path.includes('/'));
  return files
    .map(({ path, bytes, oid, identity }) => oid ?? `${path}, ${bytes} bytes, ${identity}`)
    .join('; ');
}

/** Bare models make embeddings; a class with a head that generates or classifies does not. */
export function isEncoder(architecture: string | undefined): boolean {
  return (
    architecture === undefined ||
    !/For(CausalLM|SequenceClassification|ConditionalGeneration)$|LMHead/.test(architecture)
  );
}
