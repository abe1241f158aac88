/** A finished output's recipe as a link to this page, or why there is none. */
import type { Output } from '../pour.ts';
import { printLink } from '../recipe/link.ts';
import { parseRecipe } from '../recipe/parse.ts';
import type { Client } from '../worker/client.ts';

export type RecipeLink =
  | { readonly at: 'made'; readonly href: string }
  | { readonly at: 'local'; readonly names: readonly string[] }
  | { readonly at: 'long'; readonly length: number };

const recipePath = 'recipe.json';

/** Reads the output's own recipe: it is of what was mixed, whatever stands on the page by now. Throws `output-missing`. */
export async function readRecipeLink(client: Client, output: Output, page: string): Promise<RecipeLink> {
  const file = await client.openFile(output, recipePath);
  const link = printLink(parseRecipe(await file.text(), recipePath));
  if (link.at !== 'made') return link;
  return { at: 'made', href: `${page.replace(/#.*$/, '')}#${link.fragment}` };
}
