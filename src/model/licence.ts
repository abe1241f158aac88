/** The licence that a model card states. */
import type { Source } from '../source/source.ts';
import { findValue, frontMatterOf, readFrontMatter } from './front-matter.ts';

/**
 * The `license` of README.md's front matter, as written, e.g. `apache-2.0`; `undefined` when it is not stated
 * there as one plain value. Never guessed from the text. Reads at most 1 MiB.
 *
 * Source: https://huggingface.co/docs/hub/model-cards#model-card-metadata
 */
export async function readLicence(source: Source): Promise<string | undefined> {
  return licenceOf(await readFrontMatter(source));
}

/** `license_name` stands in where `license` is `other`, which says nothing. */
export function parseLicence(card: string): string | undefined {
  return licenceOf(frontMatterOf(card) ?? []);
}

export function licenceOf(block: readonly string[]): string | undefined {
  const licence = findValue(block, 'license');
  return licence === 'other' ? (findValue(block, 'license_name') ?? licence) : licence;
}
