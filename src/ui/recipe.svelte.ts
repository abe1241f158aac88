/** The third station's state: the mixing weights, from the examples' losses or by hand. */
import type { Client } from '../worker/client.ts';
import type { Ingredients } from './ingredients.svelte.ts';
import type { Taste } from './taste.svelte.ts';

export type WeightsOrigin = 'examples' | 'hand';

export type Weights =
  | { readonly at: 'missing'; readonly why: 'unready' | 'unscored' | 'stale' }
  | { readonly at: 'failed'; readonly error: Error }
  /** (models,) in the order of the cards. */
  | { readonly at: 'known'; readonly values: readonly number[] };

export const temperatureMin = 0.01;
export const temperatureMax = 10;

export class Recipe {
  /**
   * Not the reference's 5: losses of related models lie within a fraction of a nat, and at 5 even a gap of 0.26 gives
   * 51 to 49, so that the examples would hardly matter.
   */
  #temperature = $state(1);
  #origin = $state<WeightsOrigin>('examples');
  /** Weights by card; a card that is not in it has none yet. */
  #hand = $state.raw<Readonly<Record<string, number>>>({});
  readonly #client: Client;
  readonly #ingredients: Ingredients;
  readonly #taste: Taste;

  constructor(client: Client, ingredients: Ingredients, taste: Taste) {
    this.#client = client;
    this.#ingredients = ingredients;
    this.#taste = taste;
  }

  get origin(): WeightsOrigin {
    return this.#origin;
  }
  get temperature(): number {
    return this.#temperature;
  }
  set temperature(temperature: number) {
    if (temperature > 0 && Number.isFinite(temperature)) this.#temperature = temperature;
  }
  /** Where the temperature stands on a slider of decades, so that 0.01 to 0.1 has as much room as 1 to 10. */
  get temperatureDecade(): number {
    return Math.log10(this.#temperature);
  }
  set temperatureDecade(decade: number) {
    // three digits: a slider's float noise is nothing that a person set
    this.#temperature = Number((10 ** decade).toPrecision(3));
  }

  /** (models,) as typed; 0 where nothing was. */
  get hand(): readonly number[] {
    return this.#ingredients.cards.map((card) => this.#hand[card.key] ?? 0);
  }
  get handSum(): number {
    return this.hand.reduce((sum, weight) => sum + weight, 0);
  }

  get weights(): Weights {
    if (!this.#ingredients.ready || this.#ingredients.cards.length === 0)
      return { at: 'missing', why: 'unready' };
    try {
      return this.#origin === 'hand' ? this.#handWeights() : this.#exampleWeights();
    } catch (error) {
      return { at: 'failed', error: error as Error };
    }
  }

  /** Switches by hand from the weights that stand, or from equal shares. */
  setOrigin(origin: WeightsOrigin): void {
    const { weights } = this;
    this.#origin = origin;
    if (origin === 'examples' || Object.keys(this.#hand).length > 0) return;
    if (weights.at === 'known') this.#setHand(weights.values);
    else this.shareEqually();
  }

  setHandWeight(key: string, weight: number): void {
    this.#hand = { ...this.#hand, [key]: weight };
  }

  shareEqually(): void {
    const { cards } = this.#ingredients;
    this.#setHand(cards.map(() => 1 / cards.length));
  }

  /** Keeps the proportions and makes the sum 1. */
  fillUp(): void {
    const sum = this.handSum;
    if (Number.isFinite(sum) && sum !== 0) this.#setHand(this.hand.map((weight) => weight / sum));
  }

  #setHand(weights: readonly number[]): void {
    // four decimals are what a field shows; sixteen of them are at most 0.0008 from their sum, and 0.001 is allowed
    this.#hand = Object.fromEntries(
      this.#ingredients.cards.map((card, m) => [card.key, Number((weights[m] ?? 0).toFixed(4))]),
    );
  }

  #handWeights(): Weights {
    this.#client.checkWeights(this.hand);
    return { at: 'known', values: this.hand };
  }

  #exampleWeights(): Weights {
    const { current, stale } = this.#taste;
    if (!current) return { at: 'missing', why: stale ? 'stale' : 'unscored' };
    return { at: 'known', values: this.#client.weigh(current.scores.losses, this.#temperature) };
  }
}
