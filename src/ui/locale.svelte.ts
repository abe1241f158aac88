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

export class Locale {
  /** Read before the page's own language is what all sentences are asked in. */
  readonly #preferred = readLocale();
  #current = $state<Tag>(baseLocale);
  #failure = $state.raw<Error | undefined>();

  constructor() {
    overwriteGetLocale(() => this.#current);
  }

  get current(): Tag {
    return this.#current;
  }
  /** Why the page does not speak the language that was chosen. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** The language that this browser keeps or prefers, for as long as it can be had. */
  async begin(): Promise<void> {
    await this.#speak(this.#preferred);
    this.#label();
  }

  async choose(tag: Tag): Promise<void> {
    await this.#speak(tag);
    if (this.#current !== tag) return;
    this.#label();
    try {
      // without a reload: models and losses would be lost with it
      void setLocale(tag, { reload: false });
    } catch {
      // a browser that keeps nothing for this page: the choice holds for this visit
    }
  }

  async #speak(tag: Tag): Promise<void> {
    this.#failure = undefined;
    try {
      await load(() => readLanguage(tag));
      this.#current = tag;
    } catch (error) {
      this.#failure = error as Error;
    }
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
