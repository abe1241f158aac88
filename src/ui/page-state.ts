/** What stands on the page, as its address states it, and what of it makes a step of its own. */
import type { ModelRef } from '../source/source.ts';
import type { PageState } from './address.ts';
import { isReady, wantedOf } from './card.ts';
import { modelOf } from './placing.ts';
import type { Session } from './session.svelte.ts';

export function stateOf({ ingredients, recipe, taste }: Session): PageState {
  // what is still looked up on the Hub has no commit yet
  const cards = ingredients.cards.flatMap((card, m) => {
    const model = modelOf(card);
    return model === undefined ? [] : [{ card, model, weight: recipe.hand[m] ?? 0 }];
  });
  const prompts = cards.map(({ card }) => {
    const { state } = card;
    if (state.at !== 'ready') return wantedOf(card);
    const { query, document } = state.facts.prompts;
    const edited = state.prompts.query !== query || state.prompts.document !== document;
    return edited ? state.prompts : undefined;
  });
  const [first] = ingredients.cards;
  const tuned = recipe.origin === 'alpha' ? cards.findIndex(({ card }) => card.key === recipe.tuned) : -1;
  return {
    models: cards.map(({ model }) => toAddressModel(model)),
    prompts,
    weights: recipe.origin === 'hand' ? cards.map(({ weight }) => weight) : undefined,
    alpha: tuned < 0 ? undefined : { tuned, alpha: recipe.alpha },
    temperature: recipe.temperature,
    // until model 1 is read, what was asked stands: nobody has withdrawn it
    runAs: first && isReady(first) ? taste.runAsAsked : taste.chosen.runAs,
    definition: taste.chosen.definition,
    reference: taste.chosen.definition === 'reference' ? taste.reference : undefined,
    dtype: recipe.dtype,
    shardBytes: recipe.largestFile.bytes,
  };
}

export function toAddressModel(model: ModelRef): PageState['models'][number] {
  return model.kind === 'local' ? { kind: 'local' } : model;
}

/** Another one is another step: models that come and go, and choices of one among a few. `locals`: cards of this computer's. */
export function stepOf({ ingredients, recipe, taste }: Session, locals: readonly string[]): string {
  const models = ingredients.cards.flatMap((card) => modelOf(card) ?? []);
  const { origin, tuned, dtype, largestFile } = recipe;
  return JSON.stringify([
    models.map(toAddressModel),
    locals,
    origin,
    // as chosen: what comes of it once models are read is nobody's step
    taste.chosen,
    dtype,
    largestFile.choice,
    origin === 'alpha' ? tuned : undefined,
  ]);
}
