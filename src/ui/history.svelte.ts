/**
 * The page's state and its address, kept equal. Models that come and go and choices of one among a few are steps that
 * Back undoes; what is typed or slid only changes the address of the step that it is in.
 */
import { untrack } from 'svelte';
import { isLink, parseLink } from '../recipe/link.ts';
import type { ModelRef } from '../source/source.ts';
import { isAddress, parseAddress, printAddress, type PageState, type StatedState } from './address.ts';
import { stateOf, stepOf, toAddressModel } from './page-state.ts';
import { modelOf } from './placing.ts';
import type { Place } from './replay.svelte.ts';
import type { Session } from './session.svelte.ts';

/** What stands: as an address, and what of it makes a step of its own. */
interface Standing {
  readonly fragment: string;
  readonly step: string;
  /** Keys of the cards of this computer's models, in order. */
  readonly locals: readonly string[];
}

/** What the browser keeps with a step. After a reload the keys mean nothing any more. */
interface Kept {
  readonly load: number;
  readonly locals: readonly string[];
}

/** A slider sends hundreds of values a second, and browsers refuse an address that changes as often. */
const settleMs = 300;

export class PageHistory {
  readonly #session: Session;
  readonly #load = Math.random();
  /** Models of this computer by the keys of their cards: they live as long as the page. */
  // eslint-disable-next-line svelte/prefer-svelte-reactivity -- never shown
  readonly #locals = new Map<string, ModelRef>();
  /** Settings as a bare address stands for them. */
  readonly #initial: PageState;
  #last: Standing | undefined;
  #arriving = false;
  #settling: ReturnType<typeof setTimeout> | undefined;

  constructor(session: Session) {
    this.#session = session;
    this.#initial = stateOf(session);
  }

  /** Opens what the address states, else the embedded models; from then on address and page follow each other. */
  async start(): Promise<void> {
    this.#session.opening = countModels(location.hash);
    window.addEventListener('popstate', (event) => void this.#arrive(event.state));
    $effect.root(() => {
      $effect(() => {
        const standing = this.#standing();
        untrack(() => this.#follow(standing));
      });
    });
    await this.#open(location.hash, history.state);
    const { ingredients, replay } = this.#session;
    // models that are waited for are on their way
    const isBare = ingredients.cards.length === 0 && replay.missing.length === 0;
    if (isBare && !isEmptyBar(location.hash)) await this.#session.openDemo();
    this.#session.opening = 0;
    // sample sets, and the way home, are there whatever the address says
    if (this.#session.embedded === undefined) await this.#session.readEmbedded().catch(() => undefined);
  }

  /** Back, Forward, or an address that was typed or pasted. */
  async #arrive(kept: unknown): Promise<void> {
    clearTimeout(this.#settling);
    this.#arriving = true;
    await this.#open(location.hash, kept);
    this.#arriving = false;
  }

  async #open(fragment: string, kept: unknown): Promise<void> {
    const { replay, ingredients } = this.#session;
    try {
      if (isLink(fragment)) await replay.open(() => parseLink(fragment));
      else if (isAddress(fragment)) await this.#restore(parseAddress(fragment), localsOf(kept, this.#load));
      else if (fragment === '' && this.#last !== undefined) await this.#goHome();
    } catch (error) {
      ingredients.fail(error as Error);
    }
  }

  async #goHome(): Promise<void> {
    const embedded = this.#session.embedded ?? (await this.#session.readEmbedded()).models;
    await this.#restore({ ...this.#initial, models: embedded.map(toAddressModel) }, []);
  }

  async #restore(state: StatedState, locals: readonly string[]): Promise<void> {
    const { ingredients, recipe, taste, replay } = this.#session;
    const keys = locals.values();
    const places = state.models.map((model): Place => {
      if (model.kind !== 'local') return { at: 'filled', model };
      const local = this.#locals.get(keys.next().value ?? '');
      return local === undefined ? { at: 'empty', wanted: undefined } : { at: 'filled', model: local };
    });
    const filled = places.flatMap((place, m) =>
      place.at === 'filled' ? [{ model: place.model, prompts: state.prompts[m] }] : [],
    );
    const reading = ingredients.setModels(filled);
    taste.restoreRunAs(state.runAs);
    if (state.definition !== undefined) taste.definition = state.definition;
    if (state.reference !== undefined) taste.setReference(state.reference);
    if (state.temperature !== undefined) recipe.restoreTemperature(state.temperature);
    if (state.dtype !== undefined) recipe.dtype = state.dtype;
    recipe.largestFile.restore(state.shardBytes);
    if (state.alpha !== undefined) {
      // places that still wait for a model of this computer have no card
      const at = places.slice(0, state.alpha.tuned).filter(({ at }) => at === 'filled').length;
      const tuned = places[state.alpha.tuned]?.at === 'filled' ? ingredients.cards[at]?.key : undefined;
      recipe.restoreAlpha(tuned, state.alpha.alpha);
    } else if (state.weights === undefined) recipe.setOrigin('examples');
    else recipe.setWeights(state.weights.filter((_, m) => places[m]?.at === 'filled'));
    replay.expect(places, state.weights);
    if (filled.length > 0 && filled.every(({ model }) => model.kind === 'demo')) {
      await this.#session.openSamples();
    }
    await reading;
  }

  #standing(): Standing {
    const { ingredients, replay, embedded } = this.#session;
    const locals = ingredients.cards.filter((card) => modelOf(card)?.kind === 'local');
    for (const card of locals) this.#locals.set(card.key, modelOf(card)!);
    const keys = locals.map(({ key }) => key);
    const printed = printAddress(stateOf(this.#session));
    const home = embedded && printAddress({ ...this.#initial, models: embedded.map(toAddressModel) });
    return {
      fragment: replay.fragment ?? (printed === home ? '' : printed),
      step: stepOf(this.#session, keys),
      locals: keys,
    };
  }

  #follow(standing: Standing): void {
    const last = this.#last;
    // until something was put on the bar there is nothing to say
    if (last === undefined && this.#session.ingredients.cards.length === 0) return;
    this.#last = standing;
    clearTimeout(this.#settling);
    if (last !== undefined && last.step !== standing.step && !this.#arriving) {
      // what was typed last belongs to the step that ends here
      put('replace', last, this.#load);
      put('push', standing, this.#load);
      return;
    }
    if (last?.step !== standing.step) this.#arriving = false;
    this.#settling = setTimeout(() => put('replace', standing, this.#load), settleMs);
  }
}

/** As many as the address names, else the four embedded ones. */
function countModels(fragment: string): number {
  return isEmptyBar(fragment) ? 0 : (fragment.match(/[#&]m=/g)?.length ?? 4);
}

function isEmptyBar(fragment: string): boolean {
  return /^#m=none\b/.test(fragment);
}

function localsOf(kept: unknown, load: number): readonly string[] {
  const { load: of, locals } = (kept ?? {}) as Partial<Kept>;
  return of === load && locals !== undefined ? locals : [];
}

function put(how: 'push' | 'replace', { fragment, locals }: Standing, load: number): void {
  const kept: Kept = { load, locals };
  const address = fragment === '' ? location.pathname + location.search : `#${fragment}`;
  if (how === 'push') history.pushState(kept, '', address);
  else history.replaceState(kept, '', address);
}
