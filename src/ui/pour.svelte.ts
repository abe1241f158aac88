/** The fourth station's state: the merge, its proof, and the downloads. */
import type { MergeJob, Output } from '../pour.ts';
import type { Check } from '../proof.ts';
import type { Client } from '../worker/client.ts';
import type { Ingredients } from './ingredients.svelte.ts';
import type { Recipe } from './recipe.svelte.ts';
import { Saving } from './saving.svelte.ts';
import type { Taste } from './taste.svelte.ts';
import type { Task } from './task.svelte.ts';

/** A finished output and the models and weights that it is of. */
export interface Poured {
  readonly output: Output;
  readonly of: string;
}

/** What went wrong, and the models and weights that stood when it did. */
interface Failed {
  readonly error: Error;
  readonly of: string;
}

export class Pour {
  readonly saving: Saving;
  #poured = $state.raw<Poured | undefined>();
  #failure = $state.raw<Failed | undefined>();
  #checks = $state.raw<readonly Check[]>([]);
  #mixCount = 0;
  readonly #client: Client;
  readonly #task: Task;
  readonly #ingredients: Ingredients;
  readonly #taste: Taste;
  readonly #recipe: Recipe;

  constructor(client: Client, task: Task, ingredients: Ingredients, taste: Taste, recipe: Recipe) {
    this.saving = new Saving(client, task);
    this.#client = client;
    this.#task = task;
    this.#ingredients = ingredients;
    this.#taste = taste;
    this.#recipe = recipe;
  }

  /** Where weights that were set by hand come from after all: a recipe that was opened. */
  provenance: () => Pick<MergeJob, 'scoring' | 'alpha'> = () => ({});

  get poured(): Poured | undefined {
    return this.#poured;
  }
  /** Why the last mixing or deleting failed, for as long as the models and weights have not changed. */
  get failure(): Error | undefined {
    return this.#failure?.of === this.#subject() ? this.#failure.error : undefined;
  }
  /** What of the proof has been checked in the last mixing, while it runs and after. */
  get checks(): readonly Check[] {
    return this.#checks;
  }
  /** The output is of another recipe than the one that stands. */
  get stale(): boolean {
    return this.#poured !== undefined && this.#poured.of !== this.#subject();
  }
  get mixable(): boolean {
    return (
      this.#task.phase.at === 'idle' &&
      this.#recipe.weights.at === 'known' &&
      this.#recipe.largestFile.files.at !== 'failed' &&
      this.#ingredients.obstacle === 'none'
    );
  }

  /** For when mixing is the next thing to do. */
  prepare(): void {
    this.#client.prepareMerge();
  }

  async mix(): Promise<void> {
    const job = this.#job();
    if (!job || !this.mixable) return;
    this.#failure = undefined;
    this.#checks = [];
    const run = ++this.#mixCount;
    // checks travel on a port of their own: one of an earlier mixing may come late
    const check = (passed: Check): void => {
      if (run === this.#mixCount) this.#checks = [...this.#checks, passed];
    };
    const { examples, device, runAsAsked } = this.#taste;
    const task = runAsAsked === undefined ? {} : { task: runAsAsked };
    const trial = { text: examples.firstText, device, ...task };
    const of = this.#subject();
    try {
      const end = await this.#task.run('mix', (watch) => this.#client.merge(job, { ...watch, check }, trial));
      if (end.at === 'stopped') return;
      // an earlier output stays in the list of what is kept
      this.#poured = { output: end.value, of };
    } catch (error) {
      this.#fail(error as Error);
    }
  }

  /** One of its files was replaced. */
  update(output: Output): void {
    const poured = this.#poured;
    if (poured?.output.job === output.job) this.#poured = { ...poured, output };
  }

  async downloadZip(): Promise<void> {
    if (this.#poured) await this.saving.zip(this.#poured.output);
  }

  async downloadFile(path: string): Promise<void> {
    if (this.#poured) await this.saving.file(this.#poured.output, path);
  }

  /** Deletes the output from this browser; it stays on the page when that fails. */
  async discard(): Promise<void> {
    const output = this.#poured?.output;
    if (!output) return;
    this.#failure = undefined;
    try {
      await this.#client.removeKept({ kind: 'job', job: output.job, name: output.name });
      this.forget(output.job);
    } catch (error) {
      this.#fail(error as Error);
    }
  }

  /** Offers this output no more, if it does: it was deleted. */
  forget(job: string): void {
    if (this.#poured?.output.job === job) this.#poured = undefined;
  }

  #fail(error: Error): void {
    this.#failure = { error, of: this.#subject() };
  }

  #job(): MergeJob | undefined {
    const [base, ...others] = this.#ingredients.ready ?? [];
    const { weights } = this.#recipe;
    if (!base || weights.at !== 'known') return undefined;
    const models = [base, ...others].map((card) => card.state.model);
    const { dtype, largestFile } = this.#recipe;
    const { shardBytes } = largestFile;
    const stored = { dtype, ...(shardBytes === undefined ? {} : { shardBytes }) };
    const job = { models, weights: weights.values, prompts: base.state.prompts, ...stored };
    if (this.#recipe.origin === 'hand') return { ...job, ...this.provenance() };
    return { ...job, ...this.#scoring(), ...this.#recipe.alphaShare };
  }

  /** Where the weights come from, as far as that is losses. */
  #scoring(): Pick<MergeJob, 'scoring'> {
    const scored = this.#taste.current;
    if (!this.#recipe.needsLosses || !scored) return {};
    const { definition, referenceUsed, runAs } = this.#taste;
    const scoring = {
      // a recipe that says nothing is of embedding models
      ...(runAs === 'encoder' ? {} : { task: runAs }),
      definition,
      ...(definition === 'reference' ? { settings: referenceUsed } : {}),
      temperature: this.#recipe.temperature,
      losses: scored.scores.losses,
      exampleCount: scored.exampleCount,
      examplesSha256: scored.scores.examplesSha256,
    };
    return { scoring };
  }

  // keys for models: a model that was picked twice is two cards, and files do not print
  #subject(): string {
    const keys = this.#ingredients.cards.map((card) => card.key);
    return JSON.stringify([keys, { ...this.#job(), models: [] }]);
  }
}
