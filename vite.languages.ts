/**
 * The page's languages, apart: in the built app the base language comes with the page, and the other one when somebody reads it.
 * Sentences are a third of the page's JavaScript. `virtual:languages` has the function that fetches one; where nothing is
 * built, all are there from the start, and it has nothing to do.
 */
import { join } from 'node:path';
import type { Plugin } from 'vite';

const name = 'virtual:languages';
const messages = join(import.meta.dirname, 'src/ui/messages/messages/_index.js');

/** As paraglide writes it, one a language. */
const imported = /^import \* as __(\w+) from "\.\/(\w+)\.js"$/gm;

export function languagesPlugin(baseLocale: string): Plugin {
  let building = false;
  return {
    name: 'shaker-languages',
    enforce: 'pre',
    configResolved({ command, mode }) {
      building = command === 'build' && mode !== 'test';
    },
    resolveId: (id) => (id === name ? `\0${name}` : undefined),
    load(id) {
      if (id !== `\0${name}`) return undefined;
      return building
        ? `export { readLanguage } from ${JSON.stringify(messages)};`
        : 'export async function readLanguage() {}';
    },
    transform(code, id) {
      if (!building || id.split('?', 1)[0] !== messages) return undefined;
      const others = [...code.matchAll(imported)].filter(([, , locale]) => locale !== baseLocale);
      // a paraglide that writes other code would quietly bring all languages with the page
      if (others.length === 0) throw new Error(`${name}: no language to set apart in ${messages}`);
      const cases = others.map(
        ([, variable, locale]) =>
          `if (locale === '${locale}') __${variable} = await import('./${locale}.js');`,
      );
      const apart = code.replace(imported, (line, variable: string, locale: string) =>
        locale === baseLocale ? line : `let __${variable};`,
      );
      const reader = `export async function readLanguage(locale) {\n${cases.join('\n')}\n}`;
      return { code: `${apart}\n${reader}\n`, map: null };
    },
  };
}
