/**
 * The few plain values that are read of other people's model cards: top-level `key: value` and lists of words in
 * README.md's front matter. Structures are left unread, and nothing is guessed from the text.
 *
 * Source: https://huggingface.co/docs/hub/model-cards#model-card-metadata
 */
import { readBlob } from '../blob.ts';
import type { Source } from '../source/source.ts';
import { nameFile } from './small-file.ts';

/** The block of metadata stands first; cards with long tables of results keep them in it, too. */
const frontMatterLimitBytes = 1024 * 1024;

/** The front matter's lines of the model's card, none where there are none. Reads at most 1 MiB. */
export async function readFrontMatter(source: Source): Promise<readonly string[]> {
  const card = await source.open('README.md');
  if (!card) return [];
  const head = await readBlob(card.slice(0, frontMatterLimitBytes), nameFile(source, 'README.md'));
  return frontMatterOf(new TextDecoder().decode(head)) ?? [];
}

/** The lines between the first two `---`; `undefined` when the card does not start with such a block. */
export function frontMatterOf(card: string): readonly string[] | undefined {
  const lines = card.split(/\r?\n/);
  if (lines[0]?.trimEnd() !== '---') return undefined;
  const end = lines.findIndex((line, i) => i > 0 && line.trimEnd() === '---');
  return end < 0 ? undefined : lines.slice(1, end);
}

/** The value of `key`, one plain line of text; a list of one item counts as its item. */
export async function findValue(lines: readonly string[], key: string): Promise<string | undefined> {
  const values = await findValues(lines, key);
  return values.length === 1 ? values[0] : undefined;
}

/** The values of `key`, one or a list of plain ones; none where one of them is not plain. */
export async function findValues(lines: readonly string[], key: string): Promise<readonly string[]> {
  const value = await readEntry(lines, key);
  const items: readonly unknown[] = Array.isArray(value) ? value : [value];
  return items.every(isPlain) ? items : [];
}

/**
 * One top-level entry of the block, as YAML. Only its own lines are parsed: tables of results make a block long, and
 * what is broken elsewhere in it does not unsay the entry.
 */
async function readEntry(lines: readonly string[], key: string): Promise<unknown> {
  const at = lines.findIndex((line) => new RegExp(`^(['"]?)${key}\\1\\s*:`).test(line));
  if (at < 0) return undefined;
  // an entry goes on in lines that are indented, empty, or items of a list
  const length = lines.slice(at + 1).findIndex((line) => /^[^\s#-]/.test(line));
  return parseEntry(lines.slice(at, length < 0 ? undefined : at + 1 + length).join('\n'), key);
}

async function parseEntry(text: string, key: string): Promise<unknown> {
  const word = /^[a-z_]+:[ ]+([a-z][\w.+-]*)[ ]*\n*$/i.exec(text)?.[1];
  // one plain word is itself, but for the words of YAML; the parser is a third of the engine and seldom needed
  if (word !== undefined && !/^(?:true|false|null)$/i.test(word)) return word;
  const { parse } = await import('yaml');
  try {
    const entry: unknown = parse(text, { logLevel: 'error' });
    return typeof entry === 'object' && entry !== null ? (entry as Record<string, unknown>)[key] : undefined;
  } catch {
    // what is no YAML states nothing
    return undefined;
  }
}

function isPlain(value: unknown): value is string {
  return typeof value === 'string' && /^\S[^\n]*$/.test(value);
}
