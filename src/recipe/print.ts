/** A recipe as the text of recipe.json: equal recipes give equal text. The inverse is parse.ts. */
import type { Recipe } from './recipe.ts';

export function printRecipe(recipe: Recipe): string {
  const { version, models, weights, method, dtype, shardBytes, prompts, reader } = recipe;
  // in this order, however the object was made; what is absent is left out
  const ordered = { version, models, weights, method, dtype, shardBytes, prompts, reader };
  return `${JSON.stringify(ordered, undefined, 2)}\n`;
}
