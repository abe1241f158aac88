/** The licence that a model states: in its card, else in what its repository says of it. */
import type { Source } from '../source/source.ts';
import { findValue, frontMatterOf, readFrontMatter } from './front-matter.ts';

/**
 * The `license` of README.md's front matter, as written, e.g. `apache-2.0`; where none is stated there as one plain
 * value, `elsewhere` (the Hub's metadata); else `undefined`. Never guessed from the text. Reads at most 1 MiB.
 *
 * Source: https://huggingface.co/docs/hub/model-cards#model-card-metadata
 */
export async function readLicence(source: Source, elsewhere?: string): Promise<string | undefined> {
  return (await findLicence(await readFrontMatter(source))) ?? elsewhere;
}

export function parseLicence(card: string): Promise<string | undefined> {
  return findLicence(frontMatterOf(card) ?? []);
}

/** `license_name` stands in where `license` is `other`, which says nothing. `block`: the front matter's lines. */
export async function findLicence(block: readonly string[]): Promise<string | undefined> {
  const licence = await findValue(block, 'license');
  return licence === 'other' ? ((await findValue(block, 'license_name')) ?? licence) : licence;
}
