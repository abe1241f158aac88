/** The licence that a model states: in its card, else in what its repository says of it. */
import { parse } from 'yaml';
import type { Source } from '../source/source.ts';
import { readBlob } from '../safetensors/blob.ts';
import { nameFile } from './small-file.ts';

/** The block of metadata stands first; cards with long tables of results keep them in it, too. */
const frontMatterLimitBytes = 1024 * 1024;

/**
 * The `license` of README.md's front matter, as written, e.g. `apache-2.0`; where none is stated there as one plain
 * value, `elsewhere` (the Hub's metadata); else `undefined`. Never guessed from the text. Reads at most 1 MiB.
 *
 * Source: https://huggingface.co/docs/hub/model-cards#model-card-metadata
 */
export async function readLicence(source: Source, elsewhere?: string): Promise<string | undefined> {
  const card = await source.open('README.md');
  if (!card) return elsewhere;
  const head = await readBlob(card.slice(0, frontMatterLimitBytes), nameFile(source, 'README.md'));
  return parseLicence(new TextDecoder().decode(head)) ?? elsewhere;
}

/** `license_name` stands in where `license` is `other`, which says nothing. */
export function parseLicence(card: string): string | undefined {
  const lines = card.split(/\r?\n/);
  if (lines[0]?.trimEnd() !== '---') return undefined;
  const end = lines.findIndex((line, i) => i > 0 && line.trimEnd() === '---');
  if (end < 0) return undefined;
  const block = lines.slice(1, end);
  const licence = readValue(block, 'license');
  return licence === 'other' ? (readValue(block, 'license_name') ?? licence) : licence;
}

/**
 * One top-level entry of the block, as YAML. Only its own lines are parsed: tables of results make a block long, and
 * what is broken elsewhere in it does not unsay the licence.
 */
function readValue(lines: readonly string[], key: string): string | undefined {
  const at = lines.findIndex((line) => new RegExp(`^(['"]?)${key}\\1\\s*:`).test(line));
  if (at < 0) return undefined;
  // an entry goes on in lines that are indented, empty, or items of a list
  const length = lines.slice(at + 1).findIndex((line) => /^[^\s#-]/.test(line));
  return toLicence(parseEntry(lines.slice(at, length < 0 ? undefined : at + 1 + length).join('\n'), key));
}

function parseEntry(text: string, key: string): unknown {
  try {
    const entry: unknown = parse(text, { logLevel: 'error' });
    return typeof entry === 'object' && entry !== null ? (entry as Record<string, unknown>)[key] : undefined;
  } catch {
    // what is no YAML states nothing
    return undefined;
  }
}

/** One plain line of text; a list of one item counts as its item. */
function toLicence(value: unknown): string | undefined {
  const only: unknown = Array.isArray(value) && value.length === 1 ? value[0] : value;
  return typeof only === 'string' && /^\S[^\n]*$/.test(only) ? only : undefined;
}
