/** Counts of how cases ended, and every case that ended as none may. */
import type { Kind } from './cases.ts';
import type { Result } from './child.ts';
import { faultOf } from './fault.ts';
import type { Verdict } from './oracle.ts';

type Ending = 'read as Python' | 'read' | 'refused as Python' | 'refused' | 'refused, Python reads' | 'wrong';

export class Tally {
  readonly failures: string[] = [];
  readonly #seed: number;
  readonly #endings = new Map<Kind, Map<Ending, number>>();
  /** By kind and code, of what Python reads and we refuse. */
  readonly #stricter = new Map<string, string[]>();
  readonly #peaks = new Map<Kind, { ms: number; bytes: number }>();
  readonly #lines: string[] = [];

  constructor(seed: number) {
    this.#seed = seed;
  }

  fail(kind: Kind, number: number, why: string): void {
    this.#add(kind, 'wrong');
    const failure = `${kind}:${number} ${why}\n    npm run fuzz -- --seed ${this.#seed} --case ${kind}:${number}`;
    this.failures.push(failure);
    console.log(`FAILED ${failure}`);
  }

  /** @param excess what the case took beyond its limits */
  count(kind: Kind, result: Result, verdict: Verdict | undefined, excess: string | undefined): void {
    const { number, how, outcome, cpuMs, grownBytes } = result;
    const peaks = this.#peaks.get(kind) ?? { ms: 0, bytes: 0 };
    this.#peaks.set(kind, { ms: Math.max(peaks.ms, cpuMs), bytes: Math.max(peaks.bytes, grownBytes) });
    const ours =
      outcome.at === 'read' ? outcome.table : outcome.at === 'refused' ? outcome.code : outcome.why;
    this.#lines.push(
      `${kind}:${number} (${how.join(', ')}): ${ours}; Python: ${verdict ?? 'not asked'}; ` +
        `${Math.round(cpuMs)} ms, ${Math.round(grownBytes / 1e6)} MB${outcome.at === 'read' ? `\n${outcome.rows.join('\n')}` : ''}`,
    );
    const wrong = excess ?? faultOf(kind, number, outcome, verdict);
    if (wrong !== undefined) return this.fail(kind, number, `(${how.join(', ')}): ${wrong}`);
    if (outcome.at === 'read') return this.#add(kind, verdict === undefined ? 'read' : 'read as Python');
    const refused = verdict === undefined ? 'refused' : 'refused as Python';
    this.#add(kind, verdict === undefined || verdict.startsWith('-') ? refused : 'refused, Python reads');
    if (verdict !== undefined && !verdict.startsWith('-')) {
      const key = `${kind} ${ours}`;
      this.#stricter.set(key, [...(this.#stricter.get(key) ?? []), `${number}`]);
    }
  }

  #add(kind: Kind, ending: Ending): void {
    const endings = this.#endings.get(kind) ?? new Map<Ending, number>();
    this.#endings.set(kind, endings.set(ending, (endings.get(ending) ?? 0) + 1));
  }

  print(what: 'counts' | 'cases'): string {
    if (what === 'cases') return this.#lines.join('\n');
    const lines = [...this.#endings].map(([kind, endings]) => {
      const counts = [...endings].map(([ending, count]) => `${count} ${ending}`).join(', ');
      const { ms, bytes } = this.#peaks.get(kind) ?? { ms: 0, bytes: 0 };
      return `${kind}: ${counts}; at most ${Math.round(ms)} ms and ${Math.round(bytes / 1e6)} MB`;
    });
    const stricter = [...this.#stricter].map(
      ([key, numbers]) => `  ${key}: ${numbers.length} (as ${numbers.slice(0, 5).join(', ')})`,
    );
    if (stricter.length > 0) lines.push('refused by us, read by Python:', ...stricter.sort());
    const total = [...this.#endings.values()].flatMap((endings) => [...endings.values()]);
    lines.push(`${total.reduce((sum, count) => sum + count, 0)} cases, ${this.failures.length} wrong`);
    return lines.join('\n');
  }
}
