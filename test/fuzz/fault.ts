/** What may not be: the judgement of one case, with Python's verdict or without. */
import { attacks } from './attacks.ts';
import type { Kind } from './cases.ts';
import type { Verdict } from './oracle.ts';
import type { Outcome } from './outcome.ts';
import { stricter } from './stricter.ts';

/** What is wrong with how a case ended; `undefined` if it is refused by name, or read as Python reads it. */
export function faultOf(
  kind: Kind,
  number: number,
  outcome: Outcome,
  verdict: Verdict | undefined,
): string | undefined {
  if (outcome.at === 'failed') return `not a KnownError: ${outcome.why}`;
  if (kind === 'attack') {
    const want = attacks[number]?.want;
    const got = outcome.at === 'read' ? 'read' : outcome.code;
    if (want !== got) return `${got} instead of ${want}`;
  }
  if (verdict === undefined) return undefined;
  if (outcome.at === 'refused') {
    const chosen = kind === 'attack' || verdict.startsWith('-') || outcome.code in stricter[kind];
    return chosen ? undefined : `${outcome.code}, and Python reads it`;
  }
  if (verdict === outcome.table) return undefined;
  return verdict.startsWith('-')
    ? `read, and Python refuses it (${verdict})`
    : 'read otherwise than by Python';
}
