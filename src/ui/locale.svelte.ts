/** The language of the page: the browser's at first, then the person's choice, which this browser keeps. */
import { m } from './messages/messages.js';
import { getLocale, setLocale, type Locale as Tag } from './messages/runtime.js';

/** What the document says it is in: fonts choose their glyphs by it. */
const documentLanguage: Readonly<Record<Tag, string>> = { en: 'en', zh: 'zh-Hans' };

export class Locale {
  #current = $state(getLocale());

  constructor() {
    this.#label();
  }

  get current(): Tag {
    return this.#current;
  }

  choose(tag: Tag): void {
    // without a reload: models and losses would be lost with it
    void setLocale(tag, { reload: false });
    this.#current = tag;
    this.#label();
  }

  #label(): void {
    document.documentElement.lang = documentLanguage[this.#current];
    document.title = m.page_title();
  }
}
