/** The licence that a model card states. */
import type { Source } from '../source/source.ts';
import { readBlob } from '../safetensors/blob.ts';
import { nameFile } from './small-file.ts';

/** The block of metadata stands first; cards with long tables of results keep them in it, too. */
const frontMatterLimitBytes = 1024 * 1024;

/**
 * The `license` of README.md's front matter, as written, e.g. `apache-2.0`; `undefined` when it is not stated
 * there as one plain value. Never guessed from the text. Reads at most 1 MiB.
 *
 * Source: https://huggingface.co/docs/hub/model-cards#model-card-metadata
 */
export async function readLicence(source: Source): Promise<string | undefined> {
  const card = await source.open('README.md');
  if (!card) return undefined;
  const head = await readBlob(card.slice(0, frontMatterLimitBytes), nameFile(source, 'README.md'));
  return parseLicence(new TextDecoder().decode(head));
}

/** `license_name` stands in where `license` is `other`, which says nothing. */
export function parseLicence(card: string): string | undefined {
  const lines = card.split(/\r?\n/);
  if (lines[0]?.trimEnd() !== '---') return undefined;
  const end = lines.findIndex((line, i) => i > 0 && line.trimEnd() === '---');
  if (end < 0) return undefined;
  const block = lines.slice(1, end);
  const licence = findValue(block, 'license');
  return licence === 'other' ? (findValue(block, 'license_name') ?? licence) : licence;
}

/** A top-level `key: value` of YAML; a list of one item, on the same line or the next, counts as its item. */
function findValue(lines: readonly string[], key: string): string | undefined {
  const at = lines.findIndex((line) => line.startsWith(`${key}:`));
  if (at < 0) return undefined;
  const inline = plain(lines[at]!.slice(key.length + 1));
  if (inline !== '') return scalar(/^\[([^,]*)\]$/.exec(inline)?.[1] ?? inline);
  const items = [];
  for (let i = at + 1; /^\s*-\s/.test(lines[i] ?? ''); i++)
    items.push(plain(lines[i]!.replace(/^\s*-\s/, '')));
  return items.length === 1 ? scalar(items[0]!) : undefined;
}

function plain(text: string): string {
  return text.replace(/\s#.*$/, '').trim();
}

/** Structures, anchors and block text are left unread. */
function scalar(text: string): string | undefined {
  const unquoted = /^(['"])(.*)\1$/.exec(text.trim())?.[2] ?? text.trim();
  return unquoted === '' || /^[[\]{}|>&*!%@`"']/.test(unquoted) ? undefined : unquoted;
}
