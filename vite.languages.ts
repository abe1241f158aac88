/**
 * The page's languages, apart: in the built app the base language comes with the page, and the other one when somebody reads it.
 * Sentences are a third of the page's JavaScript. `virtual:languages` has the function that fetches one (where nothing is
 * built, all are there from the start, and it has nothing to do), and the messages that are found by an error's code: the only ones
 * whose names the page needs.
 */
import { join } from 'node:path';
import type { Plugin } from 'vite';

const name = 'virtual:languages';
const messages = join(import.meta.dirname, 'src/ui/messages/messages/_index.js');

/** As paraglide writes it, one a language. */
const imported = /^import \* as __(\w+) from "\.\/(\w+)\.js"$/gm;
/** And one a message: a function that asks for the language and calls the message of that name. */
const message = /^export const (\w+) = .*\(\(inputs(?: = \{\})?, options = \{\}\) => \{\n(?:\t.*\n)+\}\);$/gm;

/** What all of them do: a language that is not there yet says it as the base language does. */
const say = `const read = {};
const say = (own, key) => (inputs = {}, options = {}) => (read[options.locale ?? getLocale()]?.[key] ?? own)(inputs);`;

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
      const from = JSON.stringify(messages);
      return building
        ? `export { readLanguage, failures } from ${from};`
        : `export async function readLanguage() {}\nexport * as failures from ${from};`;
    },
    transform(code, id) {
      if (!building || id.split('?', 1)[0] !== messages) return undefined;
      const locales = [...code.matchAll(imported)].map(([, , locale]) => locale!);
      const others = locales.filter((locale) => locale !== baseLocale);
      const messageCount = code.match(/^export const /gm)?.length ?? 0;
      // a paraglide that writes other code would quietly bring all languages with the page
      if (others.length === 0 || code.match(message)?.length !== messageCount) {
        throw new Error(`${name}: no languages to set apart in ${messages}`);
      }
      const apart = code
        .replace(imported, (line, _, locale: string) => (locale === baseLocale ? line : ''))
        .replace(message, (_, key: string) => {
          return `export const ${key} = /* @__PURE__ */ say(__${baseLocale}.${key}, '${key}');`;
        });
      const cases = others.map(
        (locale) => `if (locale === '${locale}') read.${locale} = await import('./${locale}.js');`,
      );
      const reader = `export async function readLanguage(locale) {\n${cases.join('\n')}\n}`;
      const keys = [...apart.matchAll(/^export const (error_\w+) /gm)].map(([, key]) => key);
      const failures = `export const failures = { ${keys.join(', ')} };`;
      return { code: [say, apart, reader, failures, ''].join('\n'), map: null };
    },
  };
}
