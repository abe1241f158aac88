/** Which models are to stand on the bar, and which cards they already have: what stood there once keeps its key and colour. */
import type { Prompts } from '../pipeline.ts';
import type { ModelRef } from '../source/source.ts';
import { freeSlot } from './colours.ts';
import type { Card } from './card.ts';

/** A model to be put on the bar, and its prompts where they are not its own. */
export interface Wanted {
  readonly model: ModelRef;
  readonly prompts?: Prompts | undefined;
}

/** One and the same model: the same commit, the same embedded one, or the same picked files. */
export function isSameModel(a: ModelRef, b: ModelRef): boolean {
  if (a.kind === 'hub' && b.kind === 'hub') return a.id === b.id && a.commit === b.commit;
  if (a.kind === 'demo' && b.kind === 'demo') return a.name === b.name;
  return a.kind === 'local' && b.kind === 'local' && a.files === b.files;
}

/** A card's model, once it is known. */
export function modelOf(card: Card): ModelRef | undefined {
  return card.state.at === 'pinning' ? undefined : card.state.model;
}

/** The card of each wanted model among `known`, `undefined` for a model that has none; no card is given twice. */
export function findCards(wanted: readonly Wanted[], known: readonly Card[]): readonly (Card | undefined)[] {
  const given = new Set<string>();
  return wanted.map(({ model }) => {
    const card = known.find((card) => {
      const its = modelOf(card);
      return its !== undefined && !given.has(card.key) && isSameModel(its, model);
    });
    if (card !== undefined) given.add(card.key);
    return card;
  });
}

/** (models,) slots: each card's own, as long as it is free, and free ones for the others. */
export function slotsFor(cards: readonly (Card | undefined)[]): readonly number[] {
  const taken: number[] = [];
  const kept = cards.map((card) => {
    if (card === undefined || taken.includes(card.slot)) return undefined;
    taken.push(card.slot);
    return card.slot;
  });
  return kept.map((slot) => {
    if (slot !== undefined) return slot;
    const free = freeSlot(taken);
    taken.push(free);
    return free;
  });
}
