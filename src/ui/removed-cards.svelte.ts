/** Cards that were taken away and can come back, as they were. The last one is the first to come back. */
import type { Fit } from './fit.svelte.ts';
import type { Card } from './card.ts';

export interface RemovedCard {
  readonly card: Card;
  /** Where it stood. */
  readonly index: number;
  /** How the models fitted together with it, and which they were, in order. */
  readonly fit: Fit;
  readonly keys: readonly string[];
}

export class RemovedCards {
  #stack = $state.raw<readonly RemovedCard[]>([]);

  get last(): RemovedCard | undefined {
    return this.#stack.at(-1);
  }
  /** Kept free for them, as long as there are enough. */
  get slots(): readonly number[] {
    return this.#stack.map(({ card }) => card.slot);
  }

  push(removed: RemovedCard): void {
    this.#stack = [...this.#stack, removed];
  }

  pop(): RemovedCard | undefined {
    const { last } = this;
    this.#stack = this.#stack.slice(0, -1);
    return last;
  }

  /** What is learnt of a card meanwhile comes back with it. */
  replace(key: string, change: (card: Card) => Card): void {
    this.#stack = this.#stack.map((removed) =>
      removed.card.key === key ? { ...removed, card: change(removed.card) } : removed,
    );
  }

  /** Another model has come: the bar is no longer the one that they were taken from. */
  clear(): void {
    this.#stack = [];
  }

  /** There is no such model after all. */
  forget(key: string): void {
    this.#stack = this.#stack.filter(({ card }) => card.key !== key);
  }
}
