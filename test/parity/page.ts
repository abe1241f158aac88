/**
 * The browser's half of the parity check: runs one family through the production client and returns what came out.
 * It compares nothing, and it imports nothing of the app but the client.
 */
import type { Device } from '../../src/graph/runtime.ts';
import type { ExampleSet, LossDefinition, ModelInput, Scores } from '../../src/pipeline.ts';
import type { LocalFile, ModelRef } from '../../src/source/source.ts';
import { openClient } from '../../src/worker/client.ts';

export interface FamilyFiles {
  /** Path of the family below the server's root. */
  readonly base: string;
  readonly models: readonly { readonly model: string; readonly paths: readonly string[] }[];
}

export interface MergeResult {
  readonly fileBytes: number;
  /** From the call to a file that is written, closed and read back. */
  readonly seconds: number;
}

const client = openClient();
const merged = new Map<string, ModelRef>();

async function openFamily({ base, models }: FamilyFiles): Promise<readonly ModelRef[]> {
  const refs: ModelRef[] = [];
  for (const { model, paths } of models) {
    const files: LocalFile[] = [];
    for (const path of paths) {
      const url = [model, ...path.split('/')].map(encodeURIComponent).join('/');
      const answer = await fetch(`${base}/${url}`);
      if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
      files.push({ path, file: new File([await answer.blob()], path) });
    }
    refs.push({ kind: 'local', name: model, files });
  }
  return refs;
}

const harness = {
  /** Merges and sends the files at these paths back for hashing; keeps the merged model for `outputs`. */
  async merge(
    family: FamilyFiles,
    weights: readonly number[],
    uploads: Readonly<Record<string, string>>,
  ): Promise<MergeResult> {
    const models = await openFamily(family);
    const output = await client.merge({ models, weights });
    const files: LocalFile[] = [];
    for (const { path } of output.files) files.push({ path, file: await client.openFile(output, path) });
    let fileBytes = 0;
    for (const [path, upload] of Object.entries(uploads)) {
      const written = files.find((file) => file.path === path)?.file;
      if (written === undefined) throw new Error(`no ${path} was written`);
      const answer = await fetch(upload, { method: 'POST', body: written });
      if (!answer.ok) throw new Error(`upload: ${answer.status}`);
      fileBytes += written.size;
    }
    merged.set(family.base, { kind: 'local', name: 'merged', files });
    return { fileBytes, seconds: output.seconds };
  },

  async tokenize(family: FamilyFiles, texts: readonly string[]): Promise<readonly (readonly number[])[]> {
    const [model] = await openFamily(family);
    return client.tokenize(model!, texts);
  },

  async score(
    family: FamilyFiles,
    set: ExampleSet,
    definition: 'own' | (LossDefinition & { kind: 'reference' }),
    device: Device,
  ): Promise<Scores> {
    const models = await openFamily(family);
    const facts = await Promise.all(models.map((model) => client.inspect(model)));
    // the page may suggest prompts by a model's name; the reference knows those of the repository only
    const none = { query: '', document: '' };
    const prompts = facts.map((model) => (model.promptsFrom === 'repository' ? model.prompts : none));
    const own: LossDefinition = { kind: 'own', prompts };
    return client.score({ models, set, definition: definition === 'own' ? own : definition, device });
  },

  /** One model's loss, its files picked from the disk: nothing but what scoring reads is in memory. */
  async scorePicked(input: string, set: ExampleSet, device: Device): Promise<Scores> {
    const picked = document.querySelector<HTMLInputElement>(input)?.files ?? [];
    const files = [...picked].map((file): LocalFile => ({ path: file.name, file }));
    const models: readonly ModelRef[] = [{ kind: 'local', name: 'picked', files }];
    return client.score({ models, set, definition: { kind: 'own', prompts: [] }, device });
  },

  weigh(losses: readonly number[], temperature: number): readonly number[] {
    return client.weigh(losses, temperature);
  },

  /** (inputs, …) what a model makes of them under its own settings. `merged` is the last mixture of this family. */
  async outputs(family: FamilyFiles, model: string, inputs: readonly ModelInput[], device: Device) {
    const models = await openFamily(family);
    const index = family.models.findIndex((other) => other.model === model);
    const ref = model === 'merged' ? merged.get(family.base) : models[index];
    if (ref === undefined) throw new Error(`no model ${model}`);
    const { normalised } = await client.inspect(ref);
    const { outputs, ranOn } = await client.outputs(ref, inputs, { prompt: '', device });
    return { outputs: outputs.map((row) => [...row]), normalised, ranOn };
  },

  /** Nats of examples under one model, as a language model is scored: for `merged`, which is no folder of the family. */
  async losses(family: FamilyFiles, model: string, sets: readonly ExampleSet[], device: Device) {
    const models = await openFamily(family);
    const index = family.models.findIndex((other) => other.model === model);
    const ref = model === 'merged' ? merged.get(family.base) : models[index];
    if (ref === undefined) throw new Error(`no model ${model}`);
    const own: LossDefinition = { kind: 'own', prompts: [] };
    const scored: Scores[] = [];
    for (const set of sets) scored.push(await client.score({ models: [ref], set, definition: own, device }));
    return scored.map(({ losses, ranOn }) => ({ loss: losses[0]!, ranOn }));
  },
};

export type Harness = typeof harness;

Object.assign(globalThis, { harness });
