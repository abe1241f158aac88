/** What a model's own card states that a mixture's card repeats. */
import type { Source } from '../source/source.ts';
import { findValue, findValues, readFrontMatter } from './front-matter.ts';
import { findLicence } from './licence.ts';

export interface Stated {
  readonly licence: string | undefined;
  /** Where the terms of a licence without a name on the Hub can be read: an address, never a path in the repository. */
  readonly licenceLink: string | undefined;
  /** Codes such as `en`, as written; none where none are stated. */
  readonly languages: readonly string[];
}

/** Reads at most 1 MiB of README.md. `elsewhere`: the licence that is stated beside the card, see `readLicence`. */
export async function readStated(source: Source, elsewhere?: string): Promise<Stated> {
  const block = await readFrontMatter(source);
  const link = await findValue(block, 'license_link');
  return {
    licence: (await findLicence(block)) ?? elsewhere,
    licenceLink: link !== undefined && /^https:\/\/\S+$/.test(link) ? link : undefined,
    languages: await findValues(block, 'language'),
  };
}
