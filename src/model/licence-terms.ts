/**
 * What a licence allows, as far as its name tells: whether changed versions may be passed on, and whether they may
 * be used commercially. A mixture is a changed version of every model in it. The names are the Hub's, which are
 * SPDX's in lower case where SPDX has one.
 *
 * Source: https://huggingface.co/docs/hub/repositories-licenses, https://spdx.org/licenses
 */

export interface Terms {
  /** Whether a changed version may be passed on, under whatever conditions. */
  readonly derivatives: 'allowed' | 'forbidden' | 'unknown';
  /** `unknown` also where it depends on who asks, as in the licences of Llama and Gemma. */
  readonly commercial: 'allowed' | 'forbidden' | 'unknown';
}

const unknown: Terms = { derivatives: 'unknown', commercial: 'unknown' };
const free: Terms = { derivatives: 'allowed', commercial: 'allowed' };
const conditional: Terms = { derivatives: 'allowed', commercial: 'unknown' };
const noncommercial: Terms = { derivatives: 'allowed', commercial: 'forbidden' };

const table: Readonly<Record<string, Terms>> = Object.fromEntries([
  ...[
    ...['apache-2.0', 'mit', 'isc', 'zlib', 'bsl-1.0', 'ncsa', 'postgresql', 'unlicense', 'wtfpl', 'ms-pl'],
    ...['bsd', 'bsd-2-clause', 'bsd-3-clause', 'bsd-3-clause-clear', 'afl-3.0', 'artistic-2.0', 'ecl-2.0'],
    ...['gpl', 'gpl-2.0', 'gpl-3.0', 'lgpl', 'lgpl-2.1', 'lgpl-3.0', 'lgpl-lr', 'agpl-3.0', 'gfdl'],
    ...['mpl-2.0', 'epl-1.0', 'epl-2.0', 'eupl-1.1', 'eupl-1.2', 'osl-3.0', 'lppl-1.3c', 'ofl-1.1'],
    ...['cc0-1.0', 'pddl', 'odc-by', 'odbl', 'etalab-2.0', 'c-uda'],
    ...['cdla-sharing-1.0', 'cdla-permissive-1.0', 'cdla-permissive-2.0'],
  ].map((name) => [name, free] as const),
  ...[
    // with a list of uses that they forbid
    ...['openrail', 'openrail++', 'bigscience-openrail-m', 'creativeml-openrail-m', 'bigcode-openrail-m'],
    ...['bigscience-bloom-rail-1.0', 'gemma'],
    // with a limit on how large whoever uses it commercially may be
    ...['llama2', 'llama3', 'llama3.1', 'llama3.2', 'llama3.3', 'llama4'],
  ].map((name) => [name, conditional] as const),
  ...['deepfloyd-if-license', 'fair-noncommercial-research-license', 'apple-amlr', 'intel-research'].map(
    (name) => [name, noncommercial] as const,
  ),
]);

/** Creative Commons spell their terms out: `cc-by-nc-nd-4.0`. Source: https://creativecommons.org/share-your-work/cclicenses */
const creativeCommons = /^cc-by((?:-(?:nc|nd|sa))*)(?:-\d.*)?$/;

/** The terms of a licence as a model states it, in any case; of one without a known name, `unknown`. */
export function termsOf(licence: string | undefined): Terms {
  const name = nameLicence(licence);
  if (name === undefined) return unknown;
  const marks = creativeCommons.exec(name)?.[1];
  if (marks === undefined) return Object.hasOwn(table, name) ? table[name]! : unknown;
  return {
    derivatives: marks.includes('-nd') ? 'forbidden' : 'allowed',
    commercial: marks.includes('-nc') ? 'forbidden' : 'allowed',
  };
}

/** How one licence is told from another; `undefined` for what may be something else each time. */
export function nameLicence(licence: string | undefined): string | undefined {
  const name = licence?.trim().toLowerCase();
  return name === '' || name === 'other' || name === 'unknown' ? undefined : name;
}
