/** What the licences of models mean for their mixture: said before it is made, and never a refusal, since who mixes for herself alone may. */
import type { Problem } from '../errors.ts';
import { nameLicence, termsOf } from './licence-terms.ts';

interface Licensed {
  readonly name: string;
  /** As the model states it. */
  readonly licence: string | undefined;
}

/** `licence-forbids`, `licence-noncommercial`, `licences-differ` and `licence-unknown`, in this order: the strongest first. */
export function compareLicences(models: readonly Licensed[]): readonly Problem[] {
  const byLicence = new Map<string, string[]>();
  for (const { name, licence } of models) {
    const key = nameLicence(licence);
    if (key !== undefined) byLicence.set(key, [...(byLicence.get(key) ?? []), name]);
  }
  const groups = [...byLicence].map(([licence, names]) => ({ licence, models: list(names) }));
  return [
    ...groups
      .filter(({ licence }) => termsOf(licence).derivatives === 'forbidden')
      .map((facts) => note('licence-forbids', facts)),
    ...groups
      .filter(({ licence }) => termsOf(licence).commercial === 'forbidden')
      .map((facts) => note('licence-noncommercial', facts)),
    ...differing(groups),
    ...unknownOf(models),
  ];
}

function differing(groups: readonly { licence: string; models: string }[]): readonly Problem[] {
  if (groups.length < 2) return [];
  const licences = groups.map(({ licence, models }) => `${licence} (${models})`).join('; ');
  return [note('licences-differ', { licences })];
}

function unknownOf(models: readonly Licensed[]): readonly Problem[] {
  const unknown = models.filter(({ licence }) => termsOf(licence).derivatives === 'unknown');
  if (unknown.length === 0) return [];
  return [note('licence-unknown', { models: list(unknown.map(({ name }) => name)) })];
}

function note<C extends Problem['code']>(code: C, facts: Extract<Problem, { code: C }>['facts']): Problem {
  return { severity: 'note', code, facts } as Problem;
}

/** The same model twice is named once. */
function list(names: readonly string[]): string {
  return [...new Set(names)].join(', ');
}
