/**
 * The few plain values that are read of other people's model cards: top-level `key: value` and lists of words in
 * README.md's front matter. Structures, anchors and block text are left unread, and nothing is guessed from the text.
 *
 * Source: https://huggingface.co/docs/hub/model-cards#model-card-metadata
 */

import { readBlob } from '../safetensors/blob.ts';
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

/** The value of `key`; a list of one item, on the same line or the next, counts as its item. */
export function findValue(lines: readonly string[], key: string): string | undefined {
  const values = findValues(lines, key);
  return values.length === 1 ? values[0] : undefined;
}

/** The values of `key`, one or a list of plain ones; none where one of them is not plain. */
export function findValues(lines: readonly string[], key: string): readonly string[] {
  const at = lines.findIndex((line) => line.startsWith(`${key}:`));
  if (at < 0) return [];
  const items = listItems(lines, at, key).map(scalar);
  return items.every((item) => item !== undefined) ? items : [];
}

function listItems(lines: readonly string[], at: number, key: string): readonly string[] {
  const inline = plain(lines[at]!.slice(key.length + 1));
  const flow = /^\[([^[\]]*)\]$/.exec(inline)?.[1];
  if (flow !== undefined) return flow.split(',');
  if (inline !== '') return [inline];
  const items = [];
  for (let i = at + 1; /^\s*-\s/.test(lines[i] ?? ''); i++) {
    items.push(plain(lines[i]!.replace(/^\s*-\s/, '')));
  }
  return items;
}

function plain(text: string): string {
  return text.replace(/\s#.*$/, '').trim();
}

function scalar(text: string): string | undefined {
  const unquoted = /^(['"])(.*)\1$/.exec(text.trim())?.[2] ?? text.trim();
  return unquoted === '' || /^[[\]{}|>&*!%@`"']/.test(unquoted) ? undefined : unquoted;
}
