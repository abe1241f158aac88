/** Everything that the page shows: the four stations and the one task, and which action is the next. */
import type { LocalFile, ModelRef } from '../source/source.ts';
import type { MergeJob, Output } from '../pour.ts';
import { parseRecipe } from '../recipe/parse.ts';
import type { Client, Demo, UnfinishedJob } from '../worker/client.ts';
import { CardEditor } from './card-editor.svelte.ts';
import { sortFiles } from './dropped.ts';
import { Ingredients } from './ingredients.svelte.ts';
import { KeptHere } from './kept.svelte.ts';
import type { Obstacle } from './obstacle.ts';
import { Pour } from './pour.svelte.ts';
import { Recipe } from './recipe.svelte.ts';
import { readRecipeLink, type RecipeLink } from './recipe-link.ts';
import { Replay } from './replay.svelte.ts';
import { Task } from './task.svelte.ts';
import { Taste } from './taste.svelte.ts';
import { TryIt } from './try-it.svelte.ts';

/** What the one large button does. `wait`: something must be added or mended first. */
export type NextAction = 'score' | 'mix' | 'download' | 'wait' | 'stop';

export class Session {
  readonly task: Task;
  readonly ingredients: Ingredients;
  readonly taste: Taste;
  readonly recipe: Recipe;
  readonly pour: Pour;
  readonly tryIt: TryIt;
  readonly kept: KeptHere;
  readonly replay: Replay;
  /** How many models will stand on the bar at first, for as long as they are looked up: their places are kept. */
  opening = $state(0);
  #embedded = $state.raw<readonly ModelRef[] | undefined>();
  readonly #client: Client;

  constructor(client: Client, task = new Task()) {
    this.#client = client;
    this.task = task;
    this.ingredients = new Ingredients(client);
    this.taste = new Taste(client, task, this.ingredients);
    this.recipe = new Recipe(client, this.ingredients, this.taste);
    this.pour = new Pour(client, task, this.ingredients, this.taste, this.recipe);
    this.tryIt = new TryIt(client, task, this.ingredients, this.taste, this.recipe);
    this.kept = new KeptHere(client, task, this.ingredients, this.recipe, this.pour);
    this.replay = new Replay(client, task, this.ingredients, this.recipe, this.pour);
    this.pour.provenance = () => (this.replay.intact ? provenanceOf(this.replay.recipe) : {});
  }

  /** The embedded models as the page opens with them, once it has. */
  get embedded(): readonly ModelRef[] | undefined {
    return this.#embedded;
  }

  get next(): NextAction {
    if (this.task.phase.at !== 'idle') return 'stop';
    if (this.pour.poured && !this.pour.stale) return 'download';
    if (this.pour.mixable) return 'mix';
    if (this.recipe.needsLosses && this.taste.scorable && !this.taste.current) return 'score';
    return 'wait';
  }

  /** Why the next action is to wait. */
  get obstacle(): Obstacle {
    const { obstacle } = this.ingredients;
    if (obstacle !== 'none') return obstacle;
    if (this.recipe.weights.at === 'failed') return 'weights-wrong';
    if (this.recipe.largestFile.files.at === 'failed') return 'size-wrong';
    return this.recipe.needsLosses && this.taste.unscorable ? 'models-unscorable' : 'none';
  }

  /** A mixture that was cut short and can be gone on with: what the page tells of when it is opened. */
  get unfinished(): UnfinishedJob | undefined {
    const { list } = this.kept;
    if (list.at !== 'known' || this.task.phase.at !== 'idle') return undefined;
    return list.kept.unfinished.find(({ use, continuation }) => use === 'free' && continuation !== undefined);
  }

  /**
   * Goes on with a mixture that was cut short: puts its recipe on the page and mixes, which finds what is written. A recipe that
   * needs models of this computer asks for them first.
   */
  async continueJob({ name, continuation }: UnfinishedJob): Promise<void> {
    if (continuation === undefined) return;
    await this.replay.open(() => parseRecipe(continuation.recipe, name));
    if (this.replay.failure === undefined && this.replay.missing.length === 0) await this.pour.mix();
  }

  /** The link that rebuilds an output, or why there is none. */
  readLink(output: Output): Promise<RecipeLink> {
    return readRecipeLink(this.#client, output, location.href);
  }

  editCard(output: () => Output): CardEditor {
    return new CardEditor(this.#client, this.pour, output);
  }

  /** Puts the embedded models on the bar, with their examples. */
  async openDemo(): Promise<void> {
    try {
      const { models, examples } = await this.readEmbedded();
      this.#putSamples(examples);
      // whoever was faster has put other models there
      if (this.ingredients.cards.length > 0 || this.replay.recipe !== undefined) return;
      await this.ingredients.addModels(models);
    } catch (error) {
      this.ingredients.fail(error as Error);
    }
  }

  /** What comes with the page, whatever stands on the bar: its models, sets of examples, and something to try. */
  async readEmbedded(): Promise<Demo> {
    const demo = await this.#client.demo();
    this.#embedded = demo.models;
    this.taste.samples = demo.samples;
    if (demo.examples[0]) this.tryIt.suggest(demo.examples[0]);
    return demo;
  }

  /** The embedded models' examples, where there are none. */
  async openSamples(): Promise<void> {
    const { examples } = await this.readEmbedded();
    this.#putSamples(examples);
  }

  #putSamples(examples: Demo['examples']): void {
    const { contrastive } = this.taste.tables;
    if (!contrastive.restored && contrastive.count === 0) contrastive.put({ kind: 'contrastive', examples });
  }

  /** Models go to the first station, files of examples to the second; `name` is what was dropped or picked. */
  async addFiles(files: readonly LocalFile[], name = ''): Promise<void> {
    const others = await this.replay.takeFiles(files);
    if (others.length === 0 && files.length > 0) return;
    const { models, examples } = sortFiles(others);
    // the models first: what they are decides what is asked about the examples
    if (models.length > 0 || examples.length === 0) await this.ingredients.addFiles(models, name);
    await this.taste.examples.intake.readFiles(examples.map(({ path, file }) => ({ name: path, file })));
  }
}

/** What a recipe says of where its weights came from. */
function provenanceOf(recipe: Replay['recipe']): Pick<MergeJob, 'scoring' | 'alpha'> {
  const { scoring, alpha } = recipe?.reader ?? {};
  return { ...(scoring === undefined ? {} : { scoring }), ...(alpha === undefined ? {} : { alpha }) };
}
