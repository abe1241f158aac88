/** Who went into a mixture: its name, the recipe that makes it again, and the card that states every model, weight and identity. */
import { printCard, printFloat32 } from './export/card.ts';
import { safeName } from './export/zip.ts';
import { isKnownType } from './graph/architectures.ts';
import type { Task } from './graph/graph.ts';
import type { FileIdentity } from './identity.ts';
import type { Way } from './inputs.ts';
import type { WrittenFile } from './job/marker.ts';
import { readConfig, type Config } from './model/config.ts';
import { readModules, type Modules } from './model/modules.ts';
import { noPrompts, readPrompts, type Prompts } from './model/prompts.ts';
import { readStated } from './model/stated.ts';
import type { NamedSource } from './pipeline.ts';
import type { MergeJob } from './pour.ts';
import { checkpointFiles, printLink } from './recipe/link.ts';
import { recipeVersion, type Recipe, type RecipeModel } from './recipe/recipe.ts';
import { checkpointPath } from './safetensors/checkpoint.ts';
import { joinFolder } from './safetensors/shards.ts';
import { readTask } from './score/scorable.ts';

/** Model 1's settings, which the mixture takes over. */
export interface Base {
  readonly source: NamedSource['source'];
  readonly config: Config;
  readonly modules: Modules;
  /** As edited on the page, else its own. */
  readonly prompts: Prompts;
  /** What its files say that it makes: embeddings, scores or text; `undefined` of a type that cannot be run here and embeds nothing. */
  readonly task: Task | undefined;
}

/** Reads small files only. */
export async function describeBase(
  source: NamedSource['source'],
  edited: Prompts | undefined,
): Promise<Base> {
  const config = await readConfig(source);
  const modules = await readModules(source, config);
  const prompts = edited ?? (await readPrompts(source)) ?? noPrompts;
  return { source, config, modules, prompts, task: taskOf(config, source.name, modules) };
}

/** As scoring would run it; of a type that cannot be run, by its class's name: bare models make embeddings. */
function taskOf(config: Config, model: string, modules: Modules): Task | undefined {
  if (!isKnownType(config.modelType)) return isEncoder(config.architecture) ? 'encoder' : undefined;
  return readTask(config, model, modules);
}

/** E.g. `mix-of-base-bank-science`: the models' short names. */
export function nameOf(named: readonly NamedSource[]): string {
  const short = named.map((model) => nameOfModel(model).split('/').at(-1)!);
  return safeName(`mix-of-${short.join('-')}`);
}

/** What is known of a mixture once its values are written. */
export interface Made {
  readonly name: string;
  /** (models,) what pins each checkpoint. */
  readonly identities: readonly (readonly FileIdentity[])[];
  /** How the values of Hub models came; the recipe does not depend on it. */
  readonly inputs?: Way;
  /** So far: without the recipe and the card. */
  readonly files: readonly WrittenFile[];
}

/** What rebuilds the mixture's bytes, and what to compare them with. */
export function recipeOf(
  named: readonly NamedSource[],
  { prompts }: Base,
  { weights, dtype = 'F32', shardBytes, scoring, alpha }: Omit<MergeJob, 'models'>,
  { name, identities, files }: Made,
): Recipe {
  const models = named.map(({ ref }, m): RecipeModel => {
    const pinned = identities[m] ?? [];
    switch (ref.kind) {
      case 'hub':
        return { kind: 'hub', id: ref.id, revision: ref.revision, commit: ref.commit };
      case 'demo':
        return { kind: 'demo', name: ref.name, files: pinned.map(toHashed) };
      case 'local':
        return { kind: 'local', name: ref.name, files: pinned };
    }
  });
  const output = { name, files: files.map(({ path, sha256 }) => ({ path, sha256 })) };
  return {
    version: recipeVersion,
    models,
    weights: weights.map((weight) => Number(printFloat32(Math.fround(weight)))),
    method: 'linear',
    dtype,
    // where all fits into one file, a recipe that says nothing gives the same bytes
    ...(shardBytes === undefined || checkpointFiles(output).length < 2 ? {} : { shardBytes }),
    prompts: { query: prompts.query, document: prompts.document },
    reader: {
      ...(scoring === undefined ? {} : { scoring }),
      ...(alpha === undefined ? {} : { alpha }),
      output,
    },
  };
}

/** README.md of a mixture. */
export async function cardOf(
  named: readonly NamedSource[],
  { modules, prompts, task }: Base,
  { weights, scoring, alpha, dtype = 'F32', pageUrl }: Omit<MergeJob, 'models'>,
  { name, identities, inputs, files }: Made,
  recipe: Recipe,
): Promise<string> {
  const models = named.map(async ({ ref, source }, m) => ({
    name: nameOfModel({ ref }),
    weight: Math.fround(weights[m]!),
    loss: scoring?.losses[m],
    hub: ref.kind === 'hub' ? { id: ref.id, commit: ref.commit } : undefined,
    identity: ref.kind === 'hub' ? undefined : printIdentity(identities[m] ?? []),
    ...(await readStated(source, ref.kind === 'hub' ? ref.licence : undefined)),
  }));
  const link = printLink(recipe);
  const values = new Set(modules.denseFolders.map((folder) => joinFolder(folder, checkpointPath)));
  return printCard({
    name,
    folder: name,
    models: await Promise.all(models),
    dtype,
    inputs: inputs ?? 'kept',
    scoring,
    alpha: alpha && { model: nameOfModel(named[alpha.tuned]!), alpha: alpha.alpha },
    task,
    embedding:
      task === 'encoder' && modules.pooling !== undefined
        ? { pooling: modules.pooling, dense: modules.denseFolders, normalised: modules.normalised, prompts }
        : undefined,
    files: [...checkpointFiles({ name, files }), ...files.filter(({ path }) => values.has(path))],
    link: pageUrl !== undefined && link.at === 'made' ? `${pageUrl}#${link.fragment}` : undefined,
  });
}

function nameOfModel({ ref }: Pick<NamedSource, 'ref'>): string {
  return ref.kind === 'hub' ? ref.id : ref.name;
}

function toHashed({ path, bytes, sha256 = '' }: FileIdentity) {
  return { path, bytes, sha256 };
}

function printIdentity(files: readonly FileIdentity[]): string | undefined {
  const hashed = files.flatMap(({ path, sha256 }) =>
    sha256 === undefined ? [] : [`${path}: SHA-256 ${sha256}`],
  );
  return hashed.length === 0 ? undefined : hashed.join('; ');
}

/** A class with a head that generates or classifies makes no embeddings. */
function isEncoder(architecture = ''): boolean {
  return !/For(CausalLM|SequenceClassification|ConditionalGeneration)$|LMHead/.test(architecture);
}
