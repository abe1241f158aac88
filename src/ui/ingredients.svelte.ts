/** The first station's state: the models on the bar, what is known of each, and how they fit together. */
import { KnownError } from '../errors.ts';
import type { Prompts } from '../pipeline.ts';
import type { LocalFile, ModelRef } from '../source/source.ts';
import type { Asked } from '../worker/client.ts';
import {
  isReady,
  isTokenMatter,
  wantedOf,
  withPrompts,
  type Card,
  type CardState,
  type ReadyCard,
} from './card.ts';
import { freeSlot } from './colours.ts';
import { Fitting, type Fit } from './fit.svelte.ts';
import type { Kitchen } from './kitchen.ts';
import { nameOf, nameOfFiles } from './model-name.ts';
import type { Obstacle } from './obstacle.ts';
import { findCards, slotsFor, type Wanted } from './placing.ts';
import { RemovedCards, type RemovedCard } from './removed-cards.svelte.ts';
import { Search } from './search.svelte.ts';

export class Ingredients {
  /** What stands in the field; stays when it could not be found, to be mended. */
  text = $state('');
  readonly search: Search;
  #cards = $state.raw<readonly Card[]>([]);
  readonly #removed = new RemovedCards();
  readonly #fitting: Fitting;
  #failure = $state.raw<Error | undefined>();
  #hasToken = $state(false);
  #cardCount = 0;
  /** Every card that was ever read, as it was first: one that comes back is not read again. */
  // eslint-disable-next-line svelte/prefer-svelte-reactivity -- never shown
  readonly #past = new Map<string, ReadyCard>();
  readonly #client: Kitchen;

  constructor(client: Kitchen) {
    this.#client = client;
    this.#fitting = new Fitting(client);
    this.search = new Search(client, this);
  }

  get cards(): readonly Card[] {
    return this.#cards;
  }
  /** The card that was taken away last. */
  get removed(): RemovedCard | undefined {
    return this.#removed.last;
  }
  get fit(): Fit {
    return this.#fitting.fit;
  }
  /** What is done with what stands in the field. */
  get asked(): Asked {
    return this.#client.readAsked(this.text);
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
    const { fit } = this;
    if (fit.at === 'failed') return 'models-uncompared';
    if (fit.at !== 'known') return 'models-loading';
    return fit.comparison.output ? 'none' : 'models-differ';
  }
  /** Adds the model that stands in the field, or searches the Hub for what does. */
  async addText(): Promise<void> {
    const { asked } = this;
    if (asked.kind === 'nothing') return;
    this.#failure = undefined;
    if (asked.kind === 'search') return this.search.ask(asked);
    this.search.close();
    if (!this.#hasRoom(1)) return;
    this.text = '';
    const added = await this.#addFromHub(asked.text);
    if (added === 'failed' && this.text === '') this.text = asked.text;
  }

  /** Adds a model of the Hub by its id, beside whatever stands in the field. */
  async addId(id: string): Promise<void> {
    this.#failure = undefined;
    if (this.#hasRoom(1)) await this.#addFromHub(id);
  }

  /** Adds the models among files; `name` is what was dropped or picked, for what holds no files at all. */
  async addFiles(files: readonly LocalFile[], name: string): Promise<void> {
    this.#failure = undefined;
    try {
      await this.addModels(await this.#client.groupLocal(files, nameOfFiles(files, name)));
    } catch (error) {
      this.fail(error as Error);
    }
  }

  async addModels(models: readonly ModelRef[]): Promise<void> {
    if (!this.#hasRoom(models.length)) return;
    this.#removed.clear();
    const placed = models.map((model) => ({
      model,
      key: this.#place(nameOf(model), { at: 'inspecting', model }),
    }));
    await Promise.all(placed.map(({ model, key }) => this.#inspect(key, model)));
  }

  /** Puts exactly these on the bar, in this order; what stands there already, or did before, keeps its card. */
  async setModels(wanted: readonly Wanted[]): Promise<void> {
    this.#failure = undefined;
    this.#removed.clear();
    const found = findCards(wanted, [...this.#cards, ...this.#past.values()]);
    const slots = slotsFor(found);
    this.#cards = wanted.map(({ model, prompts }, m) => {
      const [card, slot] = [found[m], slots[m] ?? 0];
      if (card === undefined) {
        const state = { at: 'inspecting', model, prompts } as const;
        return { key: `model-${this.#cardCount++}`, slot, name: nameOf(model), state };
      }
      const { state } = card;
      return { ...card, slot, state: withPrompts(state, prompts) };
    });
    const cards = this.#cards;
    const reading = wanted.map(async ({ model }, m) => {
      const key = cards[m]?.key;
      if (found[m] === undefined && key !== undefined) await this.#inspect(key, model);
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
    const { model, prompts } = state;
    this.#replace(key, (card) => ({ ...card, state: { at: 'inspecting', model, prompts } }));
    await this.#inspect(key, model);
  }

  /** Asks again how the models fit together, when that could not be found out. */
  async compareAgain(): Promise<void> {
    if (this.fit.at === 'failed') await this.#compare();
  }

  remove(key: string): void {
    const index = this.#cards.findIndex((card) => card.key === key);
    const card = this.#cards[index];
    if (!card) return;
    const keys = this.#cards.map((card) => card.key);
    this.#removed.push({ card, index, fit: this.fit, keys });
    this.#drop(key);
  }

  /** Puts the card that was taken away last where it stood, as it was: nothing is read again. Returns its key. */
  undoRemove(): string | undefined {
    const removed = this.#hasRoom(1) ? this.#removed.pop() : undefined;
    if (!removed) return undefined;
    const taken = this.#cards.map(({ slot }) => slot);
    const { key, slot } = removed.card;
    const card = taken.includes(slot) ? { ...removed.card, slot: freeSlot(taken) } : removed.card;
    this.#cards = this.#cards.toSpliced(removed.index, 0, card);
    const same = JSON.stringify(this.#cards.map(({ key }) => key)) === JSON.stringify(removed.keys);
    if (same && removed.fit.at === 'known') this.#fitting.settle(removed.fit);
    else void this.#compare();
    return key;
  }

  /** The base stands first: it lends configuration and tokenizer. */
  makeBase(key: string): void {
    const base = this.#cards.find((card) => card.key === key);
    if (!base) return;
    this.#cards = [base, ...this.#cards.filter((card) => card !== base)];
    void this.#compare();
  }

  /** Says anew what is still to be downloaded, from what is stored of each model's checkpoint. */
  recount(storedBytes: (model: ModelRef) => number): void {
    for (const card of this.#cards) {
      if (!isReady(card) || card.state.model.kind !== 'hub') continue;
      const { facts, model } = card.state;
      const bytesToFetch = Math.max(0, facts.checkpointBytes - storedBytes(model));
      if (bytesToFetch === facts.bytesToFetch) continue;
      this.#replace(card.key, () => ({
        ...card,
        state: { ...card.state, facts: { ...facts, bytesToFetch } },
      }));
    }
  }

  editPrompts(key: string, edit: Partial<Prompts>): void {
    this.#replace(key, (card) =>
      isReady(card)
        ? { ...card, state: { ...card.state, prompts: { ...card.state.prompts, ...edit } } }
        : card,
    );
  }

  /** Says at the field that there would be too many. */
  #hasRoom(count: number): boolean {
    const limit = this.#client.modelLimit;
    const total = this.#cards.length + count;
    if (total > limit) this.fail(new KnownError('models-too-many', { count: total, limit }));
    return total <= limit;
  }

  async #addFromHub(text: string): Promise<'added' | 'failed'> {
    const key = this.#place(text, { at: 'pinning' });
    try {
      const model = await this.#client.pin(text);
      if (this.#has(key)) this.#removed.clear();
      this.#replace(key, (card) => ({ ...card, name: nameOf(model), state: { at: 'inspecting', model } }));
      await this.#inspect(key, model);
      return 'added';
    } catch (error) {
      // whoever took the card away does not want to know
      if (this.#has(key)) this.fail(error as Error);
      this.#removed.forget(key);
      this.#drop(key);
      return 'failed';
    }
  }

  #has(key: string): boolean {
    return this.#cards.some((card) => card.key === key);
  }

  #place(name: string, state: CardState): string {
    const key = `model-${this.#cardCount++}`;
    const taken = this.#cards.map((card) => card.slot);
    // a card that may come back finds its colour free, while there are enough
    const free = freeSlot([...taken, ...this.#removed.slots]);
    const slot = free < this.#client.modelLimit ? free : freeSlot(taken);
    this.#cards = [...this.#cards, { key, slot, name, state }];
    this.#fitting.settle({ at: 'unknown' });
    return key;
  }

  /** Takes a card away for good. */
  #drop(key: string): void {
    this.#cards = this.#cards.filter((card) => card.key !== key);
    void this.#compare();
  }

  /** Also of a card that was taken away: what is learnt of it meanwhile comes back with it. */
  #replace(key: string, change: (card: Card) => Card): void {
    this.#cards = this.#cards.map((card) => (card.key === key ? change(card) : card));
    this.#removed.replace(key, change);
  }

  async #inspect(key: string, model: ModelRef): Promise<void> {
    try {
      const facts = await this.#client.inspect(model);
      this.#replace(key, (card) => {
        const state = { at: 'ready', model, facts, prompts: wantedOf(card) ?? facts.prompts } as const;
        const read = { ...card, name: facts.name, state };
        this.#past.set(key, read);
        return read;
      });
    } catch (error) {
      const failed = { at: 'failed', model, error: error as Error } as const;
      this.#replace(key, (card) => ({ ...card, state: { ...failed, prompts: wantedOf(card) } }));
    }
    await this.#compare();
  }

  async #compare(): Promise<void> {
    await this.#fitting.compare(this.ready?.map((card) => card.state.model));
  }
}
