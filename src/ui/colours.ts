/**
 * The models' colours: Okabe and Ito's eight, which colour-blind eyes tell apart. The values are custom properties
 * (app.css), since black must turn light on a dark page; from the ninth model on they repeat under stripes.
 * Source: https://jfly.uni-koeln.de/color/
 */

const colourCount = 8;

/** Paint for the model in `slot`, 0 to 15. */
export function colourOf(slot: number): string {
  return `var(--model-${slot % colourCount})`;
}

/** Stripes over the colour tell the second eight from the first. */
export function isStriped(slot: number): boolean {
  return slot >= colourCount;
}

/** The first slot that no model has: a model keeps its colour while others come and go. */
export function freeSlot(taken: readonly number[]): number {
  let slot = 0;
  while (taken.includes(slot)) slot++;
  return slot;
}

/** Text on that paint. */
export function inkOn(slot: number): string {
  return `var(--on-model-${slot % colourCount}, var(--on-model))`;
}
