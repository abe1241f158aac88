/** The language of the page: the browser's at first, then the person's choice, which this browser keeps if it keeps anything. */
import { readLanguage } from 'virtual:languages';
import { load } from './load.ts';
import { m } from './messages/messages.js';
import {
  baseLocale,
  extractLocaleFromNavigator,
  getLocale,
  overwriteGetLocale,
  setLocale,
  type Locale as Tag,
} from './messages/runtime.js';

/** What the document says it is in: fonts choose their glyphs by it. */
const documentLanguage: Readonly<Record<Tag, string>> = { en: 'en', zh: 'zh-Hans' };

/** Slow 3G brings a language in less; a page that stays blank for longer seems broken. */
const blankMs = 2000;

export class Locale {
  /** Read before the page's own language is what all sentences are asked in. */
  readonly #preferred = readLocale();
  #current = $state<Tag>(baseLocale);
  #coming = $state<Tag | undefined>();
  #failure = $state.raw<Error | undefined>();
  #requestCount = 0;

  constructor() {
    overwriteGetLocale(() => this.#current);
  }

  get current(): Tag {
    return this.#current;
  }
  /** The language that was asked for and is still on its way. */
  get coming(): Tag | undefined {
    return this.#coming;
  }
  /** Why the page does not speak the language that was chosen. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** The language that this browser keeps or prefers; where it takes long to come, the page begins in its own. */
  async begin(): Promise<void> {
    const patience = new Promise<void>((resolve) => setTimeout(resolve, blankMs));
    await Promise.race([this.#speak(this.#preferred), patience]);
    this.#label();
  }

  async choose(tag: Tag): Promise<void> {
    await this.#speak(tag);
    if (this.#current !== tag) return;
    try {
      // without a reload: models and losses would be lost with it
      void setLocale(tag, { reload: false });
    } catch {
      // a browser that keeps nothing for this page: the choice holds for this visit
    }
  }

  async #speak(tag: Tag): Promise<void> {
    // a language that comes late must not take the place of one that was chosen after it
    const request = ++this.#requestCount;
    this.#failure = undefined;
    this.#coming = tag;
    let failure: Error | undefined;
    try {
      await load(() => readLanguage(tag));
    } catch (error) {
      failure = error as Error;
    }
    if (request !== this.#requestCount) return;
    this.#coming = undefined;
    this.#failure = failure;
    if (failure === undefined) this.#current = tag;
    this.#label();
  }

  #label(): void {
    document.documentElement.lang = documentLanguage[this.#current];
    document.title = m.page_title();
  }
}

/** What this browser keeps, else what it prefers. One that keeps nothing for this page throws when it is asked. */
function readLocale(): Tag {
  try {
    return getLocale();
  } catch {
    return extractLocaleFromNavigator() ?? baseLocale;
  }
}
