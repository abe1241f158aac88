/** What a mixture's card says of its licence: only what its ingredients say of their own. */
import { nameLicence, termsOf } from '../model/licence-terms.ts';
import { toMarkdown, toQuoted } from './escape.ts';

/**
 * Licences by the names that the Hub knows; any other name has to be written as `other` with a name beside it.
 * Not the whole list: a known name that is missing here is still written rightly, if at more length.
 *
 * Source: https://huggingface.co/docs/hub/repositories-licenses
 */
const hubNames = new Set([
  'apache-2.0',
  'mit',
  'bsd-2-clause',
  'bsd-3-clause',
  'mpl-2.0',
  'cc0-1.0',
  'cc-by-3.0',
  'cc-by-4.0',
  'cc-by-sa-3.0',
  'cc-by-sa-4.0',
  'cc-by-nc-4.0',
  'cc-by-nc-sa-4.0',
  'cc-by-nc-nd-4.0',
  'gpl-2.0',
  'gpl-3.0',
  'lgpl-3.0',
  'agpl-3.0',
  'odc-by',
  'openrail',
  'gemma',
  'llama2',
  'llama3',
  'llama3.1',
  'llama3.2',
]);

/** What one model's own card states. */
export interface StatedLicence {
  readonly name: string;
  readonly licence: string | undefined;
  /** Where terms without a name on the Hub can be read. */
  readonly licenceLink: string | undefined;
}

/** Lines of front matter; none unless every model states the same. */
export function licenceLines(stated: readonly StatedLicence[]): readonly string[] {
  const shared = sharedLicence(stated);
  if (shared === undefined) return [];
  if (hubNames.has(shared)) return [`license: ${shared}`];
  const [link, ...others] = new Set(stated.map(({ licenceLink }) => licenceLink));
  const lines = ['license: other', `license_name: ${toQuoted(shared)}`];
  return link === undefined || others.length > 0 ? lines : [...lines, `license_link: ${toQuoted(link)}`];
}

/** The same for people: what holds, what differs and between whom, or that nothing is known. */
export function licenceText(stated: readonly StatedLicence[]): string {
  const shared = sharedLicence(stated);
  const forbidding = stated.filter(({ licence }) => termsOf(licence).derivatives === 'forbidden');
  const warning = forbidding.map(
    ({ name, licence }) =>
      `${toMarkdown(name)} is under ${toMarkdown(licence ?? '')}, which does not allow changed versions to be shared. Ask its authors before you share this mixture.`,
  );
  return [...warning, sharedText(shared, stated)].join('\n\n');
}

function sharedText(shared: string | undefined, stated: readonly StatedLicence[]): string {
  if (shared !== undefined) return `Every model above states ${toMarkdown(shared)}.`;
  if (stated.every(({ licence }) => licence === undefined)) {
    return 'Unknown: no model above states a licence. Ask their authors before you share this mixture.';
  }
  const each = [...groupByLicence(stated)].map(
    ([licence, names]) => `* ${toMarkdown(licence)}: ${names.map(toMarkdown).join(', ')}`,
  );
  const sentence =
    'The models above do not state one common licence. All of their terms apply to this mixture; where a licence is unknown, ask the authors before you share it.';
  return `${sentence}\n\n${each.join('\n')}`;
}

function groupByLicence(stated: readonly StatedLicence[]): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const { name, licence = 'unknown' } of stated) {
    groups.set(licence, [...(groups.get(licence) ?? []), name]);
  }
  return groups;
}

/** None where one states none, or what may be something else each time. */
function sharedLicence(stated: readonly StatedLicence[]): string | undefined {
  const [only, ...others] = new Set(stated.map(({ licence }) => nameLicence(licence)));
  return others.length === 0 ? only : undefined;
}
