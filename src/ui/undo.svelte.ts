/**
 * What was taken away and can be had back: one thing at a time. The offer stands until the next change, not for a time
 * that someone who reads slowly would miss.
 */
export class Undo<What> {
  // raw: an offer is replaced, never edited
  #offer = $state.raw<{ readonly what: What; readonly restore: () => void } | undefined>();

  /** What the person can have back; its sentence is the page's. */
  get what(): What | undefined {
    return this.#offer?.what;
  }

  /** Offers to have `what` back by `restore`, in the place of any earlier offer. */
  offer(what: What, restore: () => void): void {
    this.#offer = { what, restore };
  }

  /** Something else was changed since: putting the old state back would lose that. */
  forget(): void {
    this.#offer = undefined;
  }

  /** Puts back what was taken away. */
  take(): void {
    const offer = this.#offer;
    this.#offer = undefined;
    offer?.restore();
  }
}
