/**
 * A recipe that was opened, from its file or its link, or the page's own address with models of this computer in it: puts
 * the models on the bar and sets what the recipe sets, asks for the models that only this computer has, and compares
 * what is mixed with what the recipe states. Nothing is scored, and nothing is mixed, before the person asks for it.
 */
import { isKnown, KnownError } from '../errors.ts';
import type { FileIdentity } from '../identity.ts';
import { printLink } from '../recipe/link.ts';
import { parseRecipe } from '../recipe/parse.ts';
import type { Recipe as RecipeText, RecipeModel, RecipeOutput } from '../recipe/recipe.ts';
import type { LocalFile, ModelRef } from '../source/source.ts';
import type { Client } from '../worker/client.ts';
import type { Ingredients } from './ingredients.svelte.ts';
import { sortFiles } from './dropped.ts';
import { isSameModel, modelOf } from './placing.ts';
import type { Pour } from './pour.svelte.ts';
import type { Recipe } from './recipe.svelte.ts';
import { findRecipe, readText } from './recipe-file.ts';
import type { Task } from './task.svelte.ts';

type LocalModel = Extract<RecipeModel, { readonly kind: 'local' }>;

/** A model's place in the order: with the model, or waiting for one of this computer, of which no more may be known. */
export type Place =
  | { readonly at: 'filled'; readonly model: ModelRef }
  | { readonly at: 'empty'; readonly wanted: LocalModel | undefined };

/** What was mixed, beside what the recipe states. */
export type Verdict =
  | { readonly at: 'equal'; readonly files: readonly string[] }
  | { readonly at: 'differs'; readonly file: string; readonly want: string; readonly got: string };

export class Replay {
  #recipe = $state.raw<RecipeText | undefined>();
  #places = $state.raw<readonly Place[]>([]);
  /** (models,) */
  #weights: readonly number[] | undefined;
  #failure = $state.raw<Error | undefined>();
  #openCount = 0;
  readonly #client: Client;
  readonly #task: Task;
  readonly #ingredients: Ingredients;
  readonly #settings: Recipe;
  readonly #pour: Pour;

  constructor(client: Client, task: Task, ingredients: Ingredients, settings: Recipe, pour: Pour) {
    this.#client = client;
    this.#task = task;
    this.#ingredients = ingredients;
    this.#settings = settings;
    this.#pour = pour;
  }

  get recipe(): RecipeText | undefined {
    return this.#recipe;
  }
  /** Places that still wait for a model of this computer, by their number in the order. */
  get missing(): readonly { readonly number: number; readonly wanted: LocalModel | undefined }[] {
    return this.#places.flatMap((place, m) =>
      place.at === 'empty' ? [{ number: m + 1, wanted: place.wanted }] : [],
    );
  }
  /** Why a recipe could not be opened, or a model is not the one that it names. */
  get failure(): Error | undefined {
    return this.#failure ?? this.#goneCommit();
  }

  /** What stands on the page is the recipe as it was opened, and nothing is missing. */
  get intact(): boolean {
    const recipe = this.#recipe;
    const cards = this.#ingredients.cards;
    if (recipe === undefined || cards.length !== recipe.models.length) return false;
    const base = cards[0]?.state;
    const { origin, hand, dtype } = this.#settings;
    return (
      this.#holdsFilled() &&
      origin === 'hand' &&
      dtype === recipe.dtype &&
      hand.every((weight, m) =>
        Object.is(Math.fround(weight), Math.fround((recipe.weights[m] ?? NaN) + 0)),
      ) &&
      // a card that is still being read will have them
      (base?.at !== 'ready' ||
        (base.prompts.query === recipe.prompts.query && base.prompts.document === recipe.prompts.document))
    );
  }

  /** The recipe as a fragment, for as long as it stands as it was opened. */
  get fragment(): string | undefined {
    if (this.#recipe === undefined || !this.intact) return undefined;
    const link = printLink(this.#recipe);
    return link.at === 'made' ? link.fragment : undefined;
  }

  /** Of the mixture that stands, when it is one of this recipe. */
  get verdict(): Verdict | undefined {
    const { poured, stale } = this.#pour;
    const stated = this.#recipe?.reader?.output;
    if (stated === undefined || poured === undefined || stale || !this.intact) return undefined;
    return compareFiles(stated, poured.output.files);
  }

  /** Opens a recipe. What cannot be is said in `failure`, and the page stays as it is. */
  async open(read: () => RecipeText | Promise<RecipeText>): Promise<void> {
    this.#failure = undefined;
    const count = ++this.#openCount;
    try {
      const recipe = await read();
      await this.#checkDemos(recipe);
      // one that was opened later, or a step back, has taken its place
      if (count !== this.#openCount) return;
      this.#recipe = recipe;
      this.#weights = recipe.weights;
      this.#places = recipe.models.map(toPlace);
      this.#settings.dtype = recipe.dtype;
      await this.#fill();
    } catch (error) {
      this.#failure = error as Error;
    }
  }

  async openAgain(): Promise<void> {
    const recipe = this.#recipe;
    if (recipe !== undefined) await this.open(() => recipe);
  }

  /** Another state takes the recipe's place; its models and weights stay where they are. */
  close(): void {
    this.#openCount++;
    this.#recipe = undefined;
    this.#places = [];
    this.#failure = undefined;
  }

  /** The page's own address named models of this computer, which no address can hold. */
  expect(places: readonly Place[], weights: readonly number[] | undefined): void {
    this.close();
    if (places.every(({ at }) => at === 'filled')) return;
    this.#places = places;
    this.#weights = weights;
  }

  /** Takes a recipe, and models that are waited for, from what was dropped or picked. Returns the other files. */
  async takeFiles(files: readonly LocalFile[]): Promise<readonly LocalFile[]> {
    const recipe = await findRecipe(files);
    if (recipe === undefined) return this.#takeModels(files);
    const { path, file } = recipe;
    await this.open(async () => parseRecipe(await readText(recipe), path));
    return this.#takeModels(files.filter((other) => other.file !== file));
  }

  async #takeModels(files: readonly LocalFile[]): Promise<readonly LocalFile[]> {
    if (this.missing.length === 0 || !files.some(({ path }) => /\.(safetensors|bin|zip)$/.test(path)))
      return files;
    const { models, examples } = sortFiles(files);
    try {
      for (const model of await this.#client.groupLocal(models)) await this.#take(model);
    } catch (error) {
      this.#failure = error as Error;
    }
    return examples;
  }

  /** Puts a model of this computer in the place that waits for it. Throws `recipe-local-differs`. */
  async #take(model: ModelRef): Promise<void> {
    const name = model.kind === 'local' ? model.name : '';
    const { missing } = this;
    // by its name; or the next, which then says what is wrong with it
    const place = missing.find(({ wanted }) => wanted?.name === name) ?? missing[0];
    if (place === undefined || !this.#holdsFilled()) return this.#ingredients.addModels([model]);
    const { number, wanted } = place;
    const places = this.#places;
    if (wanted !== undefined) {
      const end = await this.#identify(model);
      if (end.at === 'stopped') return;
      checkFiles(name, wanted, end.value);
      // closed, or another state meanwhile: what was dropped is a model like any other
      if (this.#places !== places || !this.#holdsFilled()) return this.#ingredients.addModels([model]);
    }
    this.#places = this.#places.map((other, m) => (m === number - 1 ? { at: 'filled', model } : other));
    await this.#fill();
  }

  /** Reads the whole model: seconds a gigabyte. */
  async #identify(model: ModelRef) {
    if (this.#task.phase.at === 'idle')
      return this.#task.run('identify', (watch) => this.#client.identify(model, watch));
    // beside a task that runs already, which the page shows
    return { at: 'done', value: await this.#client.identify(model) } as const;
  }

  async #fill(): Promise<void> {
    const prompts = this.#recipe?.prompts;
    const filled = this.#places.flatMap((place, m) =>
      place.at === 'filled' ? [{ model: place.model, m }] : [],
    );
    const reading = this.#ingredients.setModels(
      filled.map(({ model, m }) => ({ model, prompts: m === 0 ? prompts : undefined })),
    );
    if (this.#weights !== undefined)
      this.#settings.setWeights(filled.map(({ m }) => this.#weights?.[m] ?? 0));
    // an address is asked for its models once
    if (this.#recipe === undefined && this.missing.length === 0) this.#places = [];
    await reading;
  }

  /** The cards are the models of the filled places, in that order: nobody has changed them since. */
  #holdsFilled(): boolean {
    const { cards } = this.#ingredients;
    const filled = this.#places.flatMap((place) => (place.at === 'filled' ? [place.model] : []));
    return (
      filled.length === cards.length &&
      cards.every((card, m) => {
        const [its, wanted] = [modelOf(card), filled[m]];
        return its !== undefined && wanted !== undefined && isSameModel(its, wanted);
      })
    );
  }

  /** Throws `recipe-demo-unknown`, `recipe-demo-changed`. */
  async #checkDemos({ models }: RecipeText): Promise<void> {
    const wanted = models.filter((model) => model.kind === 'demo');
    if (wanted.length === 0) return;
    const { models: embedded } = await this.#client.demo();
    for (const { name, files } of wanted) {
      const model = embedded.find((model) => model.kind === 'demo' && model.name === name);
      if (model === undefined) throw new KnownError('recipe-demo-unknown', { model: name });
      const found = files.length === 0 ? [] : await this.#client.identify(model);
      for (const { path, sha256 } of files) {
        const got = found.find((file) => file.path === path)?.sha256 ?? '–';
        if (got === sha256) continue;
        throw new KnownError('recipe-demo-changed', { model: name, file: path, stated: sha256, got });
      }
    }
  }

  /** A commit can be taken off the Hub; then the recipe cannot be made again. */
  #goneCommit(): KnownError | undefined {
    if (this.#recipe === undefined) return undefined;
    for (const { state } of this.#ingredients.cards) {
      if (state.at !== 'failed' || state.model.kind !== 'hub') continue;
      const { id, commit } = state.model;
      if (isKnown(state.error, 'hub-revision-missing'))
        return new KnownError('recipe-commit-gone', { id, commit });
    }
    return undefined;
  }
}

function toPlace(model: RecipeModel): Place {
  switch (model.kind) {
    case 'hub':
      return { at: 'filled', model };
    case 'demo':
      return { at: 'filled', model: { kind: 'demo', name: model.name } };
    case 'local':
      return { at: 'empty', wanted: model };
  }
}

/** Throws `recipe-local-differs` naming the first file that is not the recipe's. */
function checkFiles(model: string, wanted: LocalModel, found: readonly FileIdentity[]): void {
  for (const { path, bytes, sha256 } of wanted.files) {
    const file = found.find((file) => file.path === path);
    const why =
      file === undefined
        ? '–'
        : file.bytes !== bytes
          ? `${file.bytes} ≠ ${bytes} bytes`
          : sha256 !== undefined && file.sha256 !== sha256
            ? `SHA-256 ${file.sha256} ≠ ${sha256}`
            : undefined;
    if (why !== undefined) {
      throw new KnownError('recipe-local-differs', { model, wanted: wanted.name, file: path, why });
    }
  }
}

function compareFiles(stated: RecipeOutput, files: readonly FileIdentity[]): Verdict {
  for (const { path, sha256 } of stated.files) {
    const got = files.find((file) => file.path === path)?.sha256 ?? '–';
    if (got !== sha256) return { at: 'differs', file: path, want: sha256, got };
  }
  return { at: 'equal', files: stated.files.map(({ path }) => path) };
}
