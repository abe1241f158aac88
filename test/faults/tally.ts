/** What came of each fault, as it happens, and the sums that are printed at the end. */

/**
 * `right`: the right output was offered. `refused`: a sentence was shown, and nothing was offered. `stopped`: by hand, since nobody
 * could know, and nothing was offered. `wrong`: anything else.
 */
export type Outcome = 'right' | 'refused' | 'stopped' | 'wrong';

export class Tally {
  readonly #counts: Record<Outcome, number> = { right: 0, refused: 0, stopped: 0, wrong: 0 };
  readonly #wrong: string[] = [];
  /** Chunks that were done twice after any one cut. */
  mostRedone = 0;

  note(name: string, outcome: Outcome, said: string): void {
    this.#counts[outcome]++;
    if (outcome === 'wrong') this.#wrong.push(`${name}: ${said}`);
    console.log(`${outcome.padEnd(8)} ${name}: ${said.replaceAll(/\s+/g, ' ').slice(0, 200)}`);
  }

  get isClean(): boolean {
    return this.#counts.wrong === 0;
  }

  print(title: string): void {
    const { right, refused, stopped, wrong } = this.#counts;
    const total = right + refused + stopped + wrong;
    console.log(
      `\n${title}: ${total} faults, ${right} ended in the right output, ${refused} in a sentence and nothing offered, ` +
        `${stopped} had to be stopped; ${wrong} wrong outputs offered or left without a word. ` +
        `Chunks done again after a cut: at most ${this.mostRedone}.`,
    );
    for (const line of this.#wrong) console.log(`  WRONG ${line}`);
  }
}
