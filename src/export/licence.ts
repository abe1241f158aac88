/** What a mixture's card says of its licence: only what every ingredient says of its own. */
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

/** @param stated (models,) as the models' own cards state them */
export type StatedLicences = readonly (string | undefined)[];

/** Lines of front matter; none unless every model states the same. */
export function licenceLines(stated: StatedLicences): readonly string[] {
  const shared = sharedLicence(stated);
  if (shared === undefined) return [];
  if (hubNames.has(shared)) return [`license: ${shared}`];
  return ['license: other', `license_name: ${toQuoted(shared)}`];
}

/** The same for people: what holds, or that nothing is known. */
export function licenceText(stated: StatedLicences): string {
  const shared = sharedLicence(stated);
  if (shared !== undefined) return `Every model above states ${toMarkdown(shared)}.`;
  if (stated.every((licence) => licence === undefined)) {
    return 'Unknown: no model above states a licence. Ask their authors before you share this mixture.';
  }
  return 'The models above do not state one common licence. All of their terms apply to this mixture; where a licence is unknown, ask the authors before you share it.';
}

/** `other` and `unknown` may be something else each time. */
function sharedLicence(stated: StatedLicences): string | undefined {
  const names = new Set(stated.map((licence) => licence?.trim().toLowerCase()));
  const [only] = names;
  if (names.size !== 1 || only === undefined || only === '') return undefined;
  return only === 'other' || only === 'unknown' ? undefined : only;
}
