/** The language of the page: the browser's at first, then the person's choice, which this browser keeps if it keeps anything. */
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
  #current = $state(readLocale());

  constructor() {
    overwriteGetLocale(() => this.#current);
    this.#label();
  }

  get current(): Tag {
    return this.#current;
  }

  choose(tag: Tag): void {
    this.#current = tag;
    this.#label();
    try {
      // without a reload: models and losses would be lost with it
      void setLocale(tag, { reload: false });
    } catch {
      // a browser that keeps nothing for this page: the choice holds for this visit
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
