/** Trying the mixture before it is poured: a query and a few documents, ranked by base, fine-tuned model and mixture side by side. */
import type { Example, Tried } from '../pipeline.ts';
import type { Client } from '../worker/client.ts';
import type { Ingredients } from './ingredients.svelte.ts';
import type { Recipe } from './recipe.svelte.ts';
import type { Task } from './task.svelte.ts';
import type { Taste } from './taste.svelte.ts';

/** Cosines of the documents with the query, and what they are of. */
export interface Answer {
  readonly documents: readonly string[];
  readonly columns: readonly AnswerColumn[];
  readonly of: string;
}

export interface AnswerColumn {
  readonly kind: 'base' | 'other' | 'mixture';
  /** Of the model; the mixture has none. */
  readonly name: string | undefined;
  /** (documents,) */
  readonly cosines: readonly number[];
  /** (documents,) 1 is the most similar; equal cosines share a rank. */
  readonly ranks: readonly number[];
}

/** Enough to see an order; each is a text more for three models. */
export const documentLimit = 32;

export class TryIt {
  query = $state('');
  documentsText = $state('');
  #otherKey = $state<string | undefined>();
  #answer = $state.raw<Answer | undefined>();
  #failure = $state.raw<{ readonly error: Error; readonly of: string } | undefined>();
  readonly #client: Client;
  readonly #task: Task;
  readonly #ingredients: Ingredients;
  readonly #taste: Taste;
  readonly #recipe: Recipe;

  constructor(client: Client, task: Task, ingredients: Ingredients, taste: Taste, recipe: Recipe) {
    this.#client = client;
    this.#task = task;
    this.#ingredients = ingredients;
    this.#taste = taste;
    this.#recipe = recipe;
  }

  get documents(): readonly string[] {
    return this.documentsText.split('\n').filter((line) => line.trim() !== '');
  }
  /** The model beside the base: the chosen one while it stands, else the one with the most weight. */
  get otherKey(): string | undefined {
    const [, ...others] = this.#ingredients.cards;
    const chosen = others.find(({ key }) => key === this.#otherKey);
    if (chosen) return chosen.key;
    const { weights } = this.#recipe;
    const shares = weights.at === 'known' ? weights.values.slice(1) : [];
    return others[shares.indexOf(Math.max(...shares))]?.key ?? others[0]?.key;
  }
  set otherKey(key: string | undefined) {
    this.#otherKey = key;
  }
  get answer(): Answer | undefined {
    return this.#answer;
  }
  /** The answer is of other models, weights or texts than those that stand. */
  get stale(): boolean {
    return this.#answer !== undefined && this.#answer.of !== this.#subject();
  }
  get failure(): Error | undefined {
    return this.#failure?.of === this.#subject() ? this.#failure.error : undefined;
  }
  /** What is missing before it can be tried. */
  get obstacle(): 'models' | 'weights' | 'texts' | 'many' | 'none' {
    if (this.#ingredients.obstacle !== 'none' || this.#ingredients.unscorable) return 'models';
    if (this.#recipe.weights.at !== 'known') return 'weights';
    if (this.query.trim() === '' || this.documents.length === 0) return 'texts';
    return this.documents.length > documentLimit ? 'many' : 'none';
  }
  get idle(): boolean {
    return this.#task.phase.at === 'idle';
  }

  /** Fills empty fields from an example: its query, its positive and its negatives. */
  suggest({ query, positives, negatives }: Example): void {
    if (this.query !== '' || this.documentsText !== '') return;
    this.query = query;
    // a text with line breaks would read as several
    this.documentsText = [...positives, ...negatives].map((text) => text.replace(/\s+/g, ' ')).join('\n');
  }

  async run(): Promise<void> {
    const cards = this.#ingredients.ready;
    const { weights } = this.#recipe;
    const other = this.#ingredients.cards.findIndex(({ key }) => key === this.otherKey);
    if (!cards || weights.at !== 'known' || other < 1 || this.obstacle !== 'none' || !this.idle) return;
    const of = this.#subject();
    const { documents } = this;
    const { runAsAsked } = this.#taste;
    const job = {
      models: cards.map(({ state }) => state.model),
      prompts: cards.map(({ state }) => state.prompts),
      weights: weights.values,
      other,
      query: this.query,
      documents,
      device: this.#taste.device,
      ...(runAsAsked === undefined ? {} : { task: runAsAsked }),
    };
    this.#failure = undefined;
    try {
      const end = await this.#task.run('try', (watch) => this.#client.tryOut(job, watch));
      if (end.at === 'stopped') return;
      const names = [cards[0]?.name, cards[other]?.name];
      this.#answer = { documents, columns: toColumns(end.value, names), of };
    } catch (error) {
      this.#failure = { error: error as Error, of: this.#subject() };
    }
  }

  #subject(): string {
    const keys = this.#ingredients.cards.map(({ key, state }) => [
      key,
      state.at === 'ready' ? state.prompts : state.at,
    ]);
    const { weights } = this.#recipe;
    const { runAs } = this.#taste;
    return JSON.stringify([keys, runAs, weights, this.otherKey, this.query, this.documents]);
  }
}

function toColumns({ base, other, mixture }: Tried, names: readonly (string | undefined)[]): AnswerColumn[] {
  return [
    { kind: 'base', name: names[0], cosines: base, ranks: rank(base) },
    { kind: 'other', name: names[1], cosines: other, ranks: rank(other) },
    { kind: 'mixture', name: undefined, cosines: mixture, ranks: rank(mixture) },
  ];
}

/** (documents,) 1 for the highest. */
function rank(cosines: readonly number[]): readonly number[] {
  return cosines.map((cosine) => 1 + cosines.filter((other) => other > cosine).length);
}
