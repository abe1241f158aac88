/** The first station's state: the models on the bar, what is known of each, and how they fit together. */
import { isKnown, type Problem } from '../errors.ts';
import type { Comparison, ModelFacts, Prompts } from '../pipeline.ts';
import type { LocalFile, ModelRef } from '../source/source.ts';
import type { Client } from '../worker/client.ts';
import { freeSlot } from './colours.ts';
import type { Obstacle } from './obstacle.ts';
import { findCards, slotsFor, type Wanted } from './placing.ts';

export type CardState =
  | { readonly at: 'pinning' }
  | { readonly at: 'inspecting'; readonly model: ModelRef }
  | { readonly at: 'failed'; readonly model: ModelRef; readonly error: Error }
  | { readonly at: 'ready'; readonly model: ModelRef; readonly facts: ModelFacts; readonly prompts: Prompts };

export interface Card {
  /** Names the card for as long as it stands; two cards may hold the same model. */
  readonly key: string;
  /** Decides the colour. */
  readonly slot: number;
  readonly name: string;
  readonly state: CardState;
}

export type ReadyCard = Card & { readonly state: Extract<CardState, { at: 'ready' }> };

export type Fit =
  | { readonly at: 'unknown' }
  | { readonly at: 'comparing' }
  | { readonly at: 'known'; readonly comparison: Comparison }
  | { readonly at: 'failed'; readonly error: Error };

export function isReady(card: Card): card is ReadyCard {
  return card.state.at === 'ready';
}

function isRefusal(problem: Problem): boolean {
  return problem.severity === 'refused';
}

/** The Hub hides a private model as if it were not there. */
function isTokenMatter(error: Error): boolean {
  return (
    isKnown(error, 'hub-gated') ||
    isKnown(error, 'hub-unauthorised') ||
    isKnown(error, 'hub-repository-missing')
  );
}

function nameOf(model: ModelRef): string {
  return model.kind === 'hub' ? model.id : model.name;
}

/** Loose files have no folder to be called by, and a file's name is not a model's; other files name themselves. */
function nameOfFiles(files: readonly LocalFile[]): string | undefined {
  return files.some(({ path }) => path.includes('/')) ? undefined : 'local-model';
}

export class Ingredients {
  /** What stands in the field; stays when it could not be found, to be mended. */
  text = $state('');
  #cards = $state.raw<readonly Card[]>([]);
  #fit = $state.raw<Fit>({ at: 'unknown' });
  #failure = $state.raw<Error | undefined>();
  #hasToken = $state(false);
  #cardCount = 0;
  /** Every card that was ever read, as it was first: one that comes back is not read again. */
  readonly #past = new Map<string, ReadyCard>();
  #comparisonCount = 0;
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
  }

  get cards(): readonly Card[] {
    return this.#cards;
  }
  get fit(): Fit {
    return this.#fit;
  }
  /** What went wrong with the last thing that was added, before it became a card. */
  get failure(): Error | undefined {
    return this.#failure;
  }
  get hasToken(): boolean {
    return this.#hasToken;
  }
  /** Every card, when all of them are ready; else nothing can be scored or mixed. */
  get ready(): readonly ReadyCard[] | undefined {
    const ready = this.#cards.filter(isReady);
    return ready.length === this.#cards.length ? ready : undefined;
  }

  /** What keeps these models from being mixed at all. */
  get obstacle(): Obstacle {
    if (this.#cards.some((card) => card.state.at === 'failed')) return 'models-failed';
    if (this.#cards.some((card) => card.state.at !== 'ready')) return 'models-loading';
    if (this.#cards.length < 2) return 'models-few';
    if (this.#fit.at === 'failed') return 'models-uncompared';
    if (this.#fit.at !== 'known') return 'models-loading';
    return this.#fit.comparison.output ? 'none' : 'models-differ';
  }
  /** A model among them can be mixed by hand only. */
  get unscorable(): boolean {
    return this.#cards.some((card) => isReady(card) && card.state.facts.problems.some(isRefusal));
  }

  /** Adds what stands in the field: a Hub id, `id@revision` or URL. */
  async addText(): Promise<void> {
    const text = this.text.trim();
    if (text === '') return;
    this.text = '';
    this.#failure = undefined;
    const key = this.#place(text, { at: 'pinning' });
    try {
      const model = await this.#client.pin(text);
      this.#replace(key, (card) => ({ ...card, name: nameOf(model), state: { at: 'inspecting', model } }));
      await this.#inspect(key, model);
    } catch (error) {
      if (this.#cards.some((card) => card.key === key)) this.fail(error as Error);
      this.remove(key);
      if (this.text === '') this.text = text;
    }
  }

  /** Adds the models among files; `name` is what was dropped or picked, for what holds no files at all. */
  async addFiles(files: readonly LocalFile[], name: string): Promise<void> {
    this.#failure = undefined;
    try {
      await this.addModels(this.#client.groupLocal(files, files.length === 0 ? name : nameOfFiles(files)));
    } catch (error) {
      this.fail(error as Error);
    }
  }

  async addModels(models: readonly ModelRef[]): Promise<void> {
    const placed = models.map((model) => ({
      model,
      key: this.#place(nameOf(model), { at: 'inspecting', model }),
    }));
    await Promise.all(placed.map(({ model, key }) => this.#inspect(key, model)));
  }

  /** Puts exactly these on the bar, in this order; what stands there already, or did before, keeps its card. */
  async setModels(wanted: readonly Wanted[]): Promise<void> {
    this.#failure = undefined;
    const found = findCards(wanted, [...this.#cards, ...this.#past.values()]);
    const slots = slotsFor(found);
    this.#cards = wanted.map(({ model, prompts }, m) => {
      const [card, slot] = [found[m], slots[m] ?? 0];
      if (card === undefined) {
        const state = { at: 'inspecting', model } as const;
        return { key: `model-${this.#cardCount++}`, slot, name: nameOf(model), state };
      }
      const { state } = card;
      const edited = state.at === 'ready' ? { ...state, prompts: prompts ?? state.facts.prompts } : state;
      return { ...card, slot, state: edited };
    });
    const cards = this.#cards;
    const reading = wanted.map(async ({ model, prompts }, m) => {
      const key = cards[m]?.key;
      if (found[m] === undefined && key !== undefined) await this.#inspect(key, model, prompts);
    });
    await Promise.all([...reading, this.#compare()]);
  }

  /** Says at the field what could not be added. */
  fail(error: Error): void {
    this.#failure = error;
  }

  /** Uses a token, or none, from now on, and reads again what was not to be read without it. */
  async setToken(token: string): Promise<void> {
    await this.#client.setToken(token === '' ? undefined : token);
    this.#hasToken = token !== '';
    const refused = this.#cards.filter(({ state }) => state.at === 'failed' && isTokenMatter(state.error));
    await Promise.all(refused.map(({ key }) => this.retry(key)));
  }

  async retry(key: string): Promise<void> {
    const state = this.#cards.find((card) => card.key === key)?.state;
    if (state?.at !== 'failed') return;
    const { model } = state;
    this.#replace(key, (card) => ({ ...card, state: { at: 'inspecting', model } }));
    await this.#inspect(key, model);
  }

  /** Asks again how the models fit together, when that could not be found out. */
  async compareAgain(): Promise<void> {
    if (this.#fit.at === 'failed') await this.#compare();
  }

  remove(key: string): void {
    this.#cards = this.#cards.filter((card) => card.key !== key);
    void this.#compare();
  }

  /** The base stands first: it lends configuration and tokenizer. */
  makeBase(key: string): void {
    const base = this.#cards.find((card) => card.key === key);
    if (!base) return;
    this.#cards = [base, ...this.#cards.filter((card) => card !== base)];
    void this.#compare();
  }

  editPrompts(key: string, edit: Partial<Prompts>): void {
    this.#replace(key, (card) =>
      isReady(card)
        ? { ...card, state: { ...card.state, prompts: { ...card.state.prompts, ...edit } } }
        : card,
    );
  }

  #place(name: string, state: CardState): string {
    const key = `model-${this.#cardCount++}`;
    const slot = freeSlot(this.#cards.map((card) => card.slot));
    this.#cards = [...this.#cards, { key, slot, name, state }];
    this.#fit = { at: 'unknown' };
    return key;
  }

  #replace(key: string, change: (card: Card) => Card): void {
    this.#cards = this.#cards.map((card) => (card.key === key ? change(card) : card));
  }

  async #inspect(key: string, model: ModelRef, prompts?: Prompts): Promise<void> {
    try {
      const facts = await this.#client.inspect(model);
      const state = { at: 'ready', model, facts, prompts: prompts ?? facts.prompts } as const;
      this.#replace(key, (card) => {
        const read = { ...card, name: facts.name, state };
        this.#past.set(key, read);
        return read;
      });
    } catch (error) {
      this.#replace(key, (card) => ({ ...card, state: { at: 'failed', model, error: error as Error } }));
    }
    await this.#compare();
  }

  async #compare(): Promise<void> {
    // the answer about an earlier set of models must not overtake the one about this set
    const count = ++this.#comparisonCount;
    const { ready } = this;
    if (!ready || ready.length < 2) {
      this.#fit = { at: 'unknown' };
      return;
    }
    this.#fit = { at: 'comparing' };
    let fit: Fit;
    try {
      fit = { at: 'known', comparison: await this.#client.compare(ready.map((card) => card.state.model)) };
    } catch (error) {
      fit = { at: 'failed', error: error as Error };
    }
    if (count === this.#comparisonCount) this.#fit = fit;
  }
}
