/**
 * Trying the mixture before it is poured, base, fine-tuned model and mixture side by side: how they rank a few documents for a
 * query, or, of language models, what they would say next.
 */
import type { Example, NextToken, Task as ModelTask, Tried, TryJob } from '../pipeline.ts';
import type { Client } from '../worker/client.ts';
import type { Ingredients } from './ingredients.svelte.ts';
import { exampleKindOf } from './kinds.ts';
import type { Recipe } from './recipe.svelte.ts';
import type { Task } from './task.svelte.ts';
import type { Taste } from './taste.svelte.ts';

export interface AnswerColumn {
  readonly kind: 'base' | 'other' | 'mixture';
  /** Of the model; the mixture has none. */
  readonly name: string | undefined;
}

export interface DocumentColumn extends AnswerColumn {
  /** (documents,) cosines with the query, or a reranker's scores. */
  readonly scores: readonly number[];
  /** (documents,) 1 is the highest; equal scores share a rank. */
  readonly ranks: readonly number[];
}

export interface TokenColumn extends AnswerColumn {
  /** The likeliest first. */
  readonly tokens: readonly NextToken[];
}

export type Answer =
  | {
      readonly kind: 'documents';
      readonly documents: readonly string[];
      readonly columns: readonly DocumentColumn[];
    }
  | { readonly kind: 'text'; readonly columns: readonly TokenColumn[] };

/** An answer, and what it is of. */
interface Answered {
  readonly answer: Answer;
  readonly of: string;
  /** What the models were run as. */
  readonly runAs: ModelTask;
}

/** Enough to see an order; each is a text more for three models. */
export const documentLimit = 32;

export class TryIt {
  query = $state('');
  documentsText = $state('');
  /** Language models: how a text begins, or what goes in. */
  text = $state('');
  #otherKey = $state<string | undefined>();
  #answered = $state.raw<Answered | undefined>();
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
  /** What the models are asked. */
  get kind(): Answer['kind'] {
    return exampleKindOf[this.#taste.runAs] === 'completion' ? 'text' : 'documents';
  }
  /** The last answer that these models, as what they are run, could have given. */
  get answer(): Answer | undefined {
    return this.#answered?.runAs === this.#taste.runAs ? this.#answered.answer : undefined;
  }
  /** The answer is of other models, weights or texts than those that stand. */
  get stale(): boolean {
    return this.#answered !== undefined && this.#answered.of !== this.#subject();
  }
  get failure(): Error | undefined {
    return this.#failure?.of === this.#subject() ? this.#failure.error : undefined;
  }
  /** What is missing before it can be tried. */
  get obstacle(): 'models' | 'weights' | 'texts' | 'text' | 'many' | 'none' {
    if (this.#ingredients.obstacle !== 'none' || this.#taste.unscorable) return 'models';
    if (this.#recipe.weights.at !== 'known') return 'weights';
    if (this.kind === 'text') return this.text.trim() === '' ? 'text' : 'none';
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
    const { runAs, runAsAsked } = this.#taste;
    const { documents } = this;
    const job: TryJob = {
      models: cards.map(({ state }) => state.model),
      prompts: cards.map(({ state }) => state.prompts),
      weights: weights.values,
      other,
      question:
        this.kind === 'text'
          ? { kind: 'text', text: this.text }
          : { kind: 'documents', query: this.query, documents },
      device: this.#taste.device,
      ...(runAsAsked === undefined ? {} : { task: runAsAsked }),
    };
    this.#failure = undefined;
    try {
      const end = await this.#task.run('try', (watch) => this.#client.tryOut(job, watch));
      if (end.at === 'stopped') return;
      const names = [cards[0]?.name, cards[other]?.name];
      this.#answered = { answer: toAnswer(end.value, documents, names), of, runAs };
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
    const texts = this.kind === 'text' ? this.text : [this.query, this.documents];
    return JSON.stringify([keys, runAs, weights, this.otherKey, texts]);
  }
}

function toAnswer(
  tried: Tried,
  documents: readonly string[],
  [base, other]: readonly (string | undefined)[],
): Answer {
  const columns = [
    { kind: 'base', name: base },
    { kind: 'other', name: other },
    { kind: 'mixture', name: undefined },
  ] as const;
  if (tried.kind === 'text') {
    return { kind: 'text', columns: columns.map((column) => ({ ...column, tokens: tried[column.kind] })) };
  }
  const ofDocuments = columns.map((column) => {
    const scores = tried[column.kind];
    return { ...column, scores, ranks: rank(scores) };
  });
  return { kind: 'documents', documents, columns: ofDocuments };
}

/** (documents,) 1 for the highest. */
function rank(scores: readonly number[]): readonly number[] {
  return scores.map((score) => 1 + scores.filter((other) => other > score).length);
}
