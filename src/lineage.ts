/** Who went into a mixture: its name, and the card that states every model, weight and identity. */
import { printCard } from './export/card.ts';
import { safeName } from './export/zip.ts';
import { readConfig, type Config } from './model/config.ts';
import { readModules, type Modules } from './model/modules.ts';
import { noPrompts, readPrompts, type Prompts } from './model/prompts.ts';
import { licenceOf, type NamedSource } from './pipeline.ts';
import type { MergeJob } from './pour.ts';
import type { Source } from './source/source.ts';

/** Model 1's settings, which the mixture takes over. */
export interface Base {
  readonly source: NamedSource['source'];
  readonly config: Config;
  readonly modules: Modules;
  /** As edited on the page, else its own. */
  readonly prompts: Prompts;
  /** It makes embeddings, and not text or scores. */
  readonly embeds: boolean;
}

/** Reads small files only. */
export async function describeBase(
  source: NamedSource['source'],
  edited: Prompts | undefined,
): Promise<Base> {
  const config = await readConfig(source);
  const modules = await readModules(source, config);
  const prompts = edited ?? (await readPrompts(source)) ?? noPrompts;
  return { source, config, modules, prompts, embeds: isEncoder(config.architecture) };
}

/** E.g. `mix-of-base-bank-science`: the models' short names. */
export function nameOf(named: readonly NamedSource[]): string {
  const short = named.map(({ ref }) => (ref.kind === 'hub' ? ref.id : ref.name).split('/').at(-1)!);
  return safeName(`mix-of-${short.join('-')}`);
}

/** README.md of a mixture. `sha256` is that of its checkpoint. */
export async function cardOf(
  named: readonly NamedSource[],
  { modules, prompts, embeds }: Base,
  { weights, dtype = 'F32', scoring }: Omit<MergeJob, 'models'>,
  name: string,
  sha256: string,
): Promise<string> {
  const models = named.map(async ({ ref, source }, m) => ({
    name: ref.kind === 'hub' ? ref.id : ref.name,
    weight: Math.fround(weights[m]!),
    hub: ref.kind === 'hub' ? { id: ref.id, commit: ref.commit } : undefined,
    identity: ref.kind === 'hub' ? undefined : await identityOf(source),
    licence: await licenceOf({ ref, source }),
  }));
  return printCard({
    name,
    folder: name,
    models: await Promise.all(models),
    dtype,
    scoring,
    embedding:
      embeds && modules.pooling !== undefined
        ? { pooling: modules.pooling, normalised: modules.normalised, prompts }
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
function isEncoder(architecture: string | undefined): boolean {
  return (
    architecture === undefined ||
    !/For(CausalLM|SequenceClassification|ConditionalGeneration)$|LMHead/.test(architecture)
  );
}
