/** The third station's state: the mixing weights, from the examples' losses or by hand. */
import type { OutputDtype } from '../pipeline.ts';
import type { Client } from '../worker/client.ts';
import type { Ingredients } from './ingredients.svelte.ts';
import { LargestFile } from './largest-file.svelte.ts';
import { steadinessOf, type Steadiness } from './steadiness.ts';
import type { Taste } from './taste.svelte.ts';

/** `alpha`: one fine-tuned model against the rest, which share what is left by their losses. */
export type WeightsOrigin = 'examples' | 'alpha' | 'hand';

export type Weights =
  | { readonly at: 'missing'; readonly why: 'unready' | 'unscored' | 'stale' }
  | { readonly at: 'failed'; readonly error: Error }
  /** (models,) in the order of the cards. */
  | { readonly at: 'known'; readonly values: readonly number[] };

/** A weight set by hand and what its field shows: as it was typed, or four digits of a weight that was computed. */
interface HandWeight {
  readonly weight: number;
  readonly text: string;
}

/** A temperature and what its field shows, which may be no temperature at all: weighing refuses it. */
interface Temperature {
  readonly temperature: number;
  readonly text: string;
}

/** The fine-tuned model's share and what its field shows; weighing refuses what is none. */
interface Alpha {
  readonly alpha: number;
  readonly text: string;
}

const noWeight: HandWeight = { weight: 0, text: '0' };

export const temperatureMin = 0.01;
export const temperatureMax = 10;

/** What was typed as a number; an empty field is no number, and no 0 either. */
function numberIn(text: string): number {
  // −0 would be another weight than 0, and print like it
  return text.trim() === '' ? Number.NaN : Number(text) + 0;
}

export class Recipe {
  /** What the mixture's values are stored as; the reference's own dtype at first. */
  dtype = $state<OutputDtype>('F32');
  readonly largestFile: LargestFile;
  /**
   * Not the reference's 5: losses of related models lie within a fraction of a nat, and at 5 even a gap of 0.26 gives
   * 51 to 49, so that the examples would hardly matter.
   */
  #temperature = $state.raw<Temperature>({ temperature: 1, text: '1' });
  #origin = $state<WeightsOrigin>('examples');
  /** Half and half, where the paper's two results meet: most of the gain, and little of the loss. */
  #alpha = $state.raw<Alpha>({ alpha: 0.5, text: '0.5' });
  #tuned = $state<string | undefined>();
  /** Weights by card; a card that is not in it has none yet. */
  #hand = $state.raw<Readonly<Record<string, HandWeight>>>({});
  readonly #client: Client;
  readonly #ingredients: Ingredients;
  readonly #taste: Taste;

  constructor(client: Client, ingredients: Ingredients, taste: Taste) {
    this.largestFile = new LargestFile(ingredients, () => this.dtype);
    this.#client = client;
    this.#ingredients = ingredients;
    this.#taste = taste;
  }

  get origin(): WeightsOrigin {
    return this.#origin;
  }
  get temperature(): number {
    return this.#temperature.temperature;
  }
  set temperature(temperature: number) {
    this.#temperature = { temperature, text: String(temperature) };
  }
  /** What the field shows of it. */
  get temperatureText(): string {
    return this.#temperature.text;
  }
  /** Where the temperature stands on a slider of decades, so that 0.01 to 0.1 has as much room as 1 to 10. */
  get temperatureDecade(): number {
    const decade = Math.log10(this.temperature);
    // 0, a negative number and an empty field have no place of their own
    return Number.isFinite(decade) ? decade : Math.log10(temperatureMin);
  }
  set temperatureDecade(decade: number) {
    // three digits: a slider's float noise is nothing that a person set
    this.temperature = Number((10 ** decade).toPrecision(3));
  }

  /** The fine-tuned model's share, 0 to 1. */
  get alpha(): number {
    return this.#alpha.alpha;
  }
  set alpha(alpha: number) {
    this.#alpha = { alpha, text: String(alpha) };
  }
  get alphaText(): string {
    return this.#alpha.text;
  }
  setAlphaText(text: string): void {
    this.#alpha = { alpha: numberIn(text), text };
  }
  /** The card of the fine-tuned model: the chosen one while it stands, else the second, since the first is the base. */
  get tuned(): string | undefined {
    const { cards } = this.#ingredients;
    return (cards.find(({ key }) => key === this.#tuned) ?? cards[1])?.key;
  }
  set tuned(key: string | undefined) {
    this.#tuned = key;
  }
  /** Which model that is and its share, where the weights are made that way. */
  get alphaShare(): { readonly alpha?: { readonly tuned: number; readonly alpha: number } } {
    const tuned = this.#ingredients.cards.findIndex(({ key }) => key === this.tuned);
    return this.#origin === 'alpha' && tuned >= 0 ? { alpha: { tuned, alpha: this.alpha } } : {};
  }
  /** As it stood once; an emptied field is NaN. */
  restoreAlpha(tuned: string | undefined, alpha: number): void {
    this.#origin = 'alpha';
    this.#tuned = tuned;
    this.setAlphaText(Number.isNaN(alpha) ? '' : String(alpha));
  }
  /** The weights that were asked for come from losses. */
  get needsLosses(): boolean {
    if (this.#origin === 'alpha') return this.#ingredients.cards.length > 2;
    return this.#origin === 'examples';
  }

  /** (models,) in full precision; 0 where none was set. */
  get hand(): readonly number[] {
    return this.#ingredients.cards.map((card) => (this.#hand[card.key] ?? noWeight).weight);
  }
  /** (models,) what the fields show of them. */
  get handTexts(): readonly string[] {
    return this.#ingredients.cards.map((card) => (this.#hand[card.key] ?? noWeight).text);
  }
  get handSum(): number {
    return this.hand.reduce((sum, weight) => sum + weight, 0);
  }

  get weights(): Weights {
    if (!this.#ingredients.ready || this.#ingredients.cards.length === 0)
      return { at: 'missing', why: 'unready' };
    try {
      switch (this.#origin) {
        case 'examples':
          return this.#exampleWeights();
        case 'alpha':
          return this.#alphaWeights();
        case 'hand':
          return this.#handWeights();
      }
    } catch (error) {
      return { at: 'failed', error: error as Error };
    }
  }

  /** How the weights of the examples move when one example is left out; `undefined` where that is not known. */
  get steadiness(): Steadiness | undefined {
    const { weights } = this;
    const without = this.#taste.current?.scores.lossesWithout ?? [];
    if (!this.needsLosses || weights.at !== 'known' || without.length === 0) return undefined;
    return steadinessOf(
      weights.values,
      without.map((losses) => this.#fromLosses(losses)),
    );
  }

  /** Takes what was typed; what is no temperature is refused by name where the weights are shown. */
  setTemperatureText(text: string): void {
    this.#temperature = { temperature: numberIn(text), text };
  }

  /** As it stood once; an emptied field is NaN. */
  restoreTemperature(temperature: number): void {
    this.setTemperatureText(Number.isNaN(temperature) ? '' : String(temperature));
  }

  /** Switches by hand from the weights that stand, or from equal shares. */
  setOrigin(origin: WeightsOrigin): void {
    const { weights } = this;
    this.#origin = origin;
    if (origin !== 'hand' || Object.keys(this.#hand).length > 0) return;
    if (weights.at === 'known') this.#setHand(weights.values);
    else this.shareEqually();
  }

  /** Weights by hand, (models,) in the order of the cards, exactly as given. */
  setWeights(weights: readonly number[]): void {
    this.#origin = 'hand';
    this.#setHand(weights.map((weight) => weight + 0));
  }

  setHandText(key: string, text: string): void {
    this.#hand = { ...this.#hand, [key]: { weight: numberIn(text), text } };
  }

  shareEqually(): void {
    const { cards } = this.#ingredients;
    this.#setHand(cards.map(() => 1 / cards.length));
  }

  /** There is a sum that can be made 1: no field is empty, and not all is 0. */
  get fillable(): boolean {
    return Number.isFinite(this.handSum) && this.handSum !== 0;
  }
  /** Keeps the proportions and makes the sum 1. */
  fillUp(): void {
    const sum = this.handSum;
    if (this.fillable) this.#setHand(this.hand.map((weight) => weight / sum));
  }

  #setHand(weights: readonly number[]): void {
    this.#hand = Object.fromEntries(
      this.#ingredients.cards.map((card, m) => {
        const weight = weights[m] ?? 0;
        // only what is shown is rounded: three times 0.3333 would mix 0.9999 of a model
        const text = Number.isNaN(weight) ? '' : String(Number(weight.toPrecision(4)));
        return [card.key, { weight, text }];
      }),
    );
  }

  #handWeights(): Weights {
    this.#client.checkWeights(this.hand);
    return { at: 'known', values: this.hand };
  }

  #exampleWeights(): Weights {
    const { current, stale } = this.#taste;
    if (!current) return { at: 'missing', why: stale ? 'stale' : 'unscored' };
    return { at: 'known', values: this.#fromLosses(current.scores.losses) };
  }

  #alphaWeights(): Weights {
    if (this.needsLosses) return this.#exampleWeights();
    // one model alone is no mixture, and no other could take the rest
    if (this.tuned === undefined) return { at: 'missing', why: 'unready' };
    return { at: 'known', values: this.#fromLosses(undefined) };
  }

  /** @param losses (models,); `undefined` where alpha alone decides, between two models */
  #fromLosses(losses: readonly number[] | undefined): readonly number[] {
    if (this.#origin !== 'alpha') return this.#client.weigh(losses ?? [], this.temperature);
    const tuned = this.#ingredients.cards.findIndex(({ key }) => key === this.tuned);
    return this.#client.weighAround(losses, tuned, this.alpha, this.temperature);
  }
}
