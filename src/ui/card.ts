/** One model on the bar, from the moment that it is named. */
import { isKnown, type Problem } from '../errors.ts';
import type { ModelFacts, Prompts, Task } from '../pipeline.ts';
import type { ModelRef } from '../source/source.ts';

export type CardState =
  | { readonly at: 'pinning' }
  /** `prompts`: what is wanted instead of the model's own, once it is read. */
  | { readonly at: 'inspecting'; readonly model: ModelRef; readonly prompts?: Prompts | undefined }
  | {
      readonly at: 'failed';
      readonly model: ModelRef;
      readonly error: Error;
      readonly prompts?: Prompts | undefined;
    }
  | { readonly at: 'ready'; readonly model: ModelRef; readonly facts: ModelFacts; readonly prompts: Prompts };

export interface Card {
  /** Names the card for as long as it stands; two cards may hold the same model. */
  readonly key: string;
  /** Decides the colour. */
  readonly slot: number;
  readonly name: string;
  readonly state: CardState;
}

export type ReadyCard = Card & { readonly state: Extract<CardState, { at: 'ready' }> };

export function isReady(card: Card): card is ReadyCard {
  return card.state.at === 'ready';
}

/** Notes and refusals of a model that is run as that. */
export function problemsAs(facts: ModelFacts, task: Task): readonly Problem[] {
  return facts.otherwise[task] ?? facts.problems;
}

export function isRefusal(problem: Problem): boolean {
  return problem.severity === 'refused';
}

/** The Hub hides a private model as if it were not there. */
export function isTokenMatter(error: Error): boolean {
  return (
    isKnown(error, 'hub-gated') ||
    isKnown(error, 'hub-unauthorised') ||
    isKnown(error, 'hub-repository-missing')
  );
}

/** The prompts that are wanted of a model that is not read yet. */
export function wantedOf({ state }: Card): Prompts | undefined {
  return state.at === 'inspecting' || state.at === 'failed' ? state.prompts : undefined;
}

/** With these prompts, or its own: now, or once it is read. */
export function withPrompts(state: CardState, prompts: Prompts | undefined): CardState {
  switch (state.at) {
    case 'pinning':
      return state;
    case 'inspecting':
    case 'failed':
      return { ...state, prompts };
    case 'ready':
      return { ...state, prompts: prompts ?? state.facts.prompts };
  }
}
