/**
 * A model as one word of an address. A model of this computer has neither its name nor its files there.
 *
 *   owner/name@<commit>[:revision]   demo:name   local
 */
import { parseHubId } from '../source/hub-id.ts';
import type { Recipe } from './recipe.ts';

export type AddressModel =
  | { readonly kind: 'hub'; readonly id: string; readonly revision: string; readonly commit: string }
  | { readonly kind: 'demo'; readonly name: string }
  | { readonly kind: 'local' };

export function printModel(model: AddressModel | Recipe['models'][number]): string {
  switch (model.kind) {
    case 'hub': {
      const { id, revision, commit } = model;
      // the branch most people mean, and the commit itself, are not worth their letters
      const named = revision === 'main' || revision === commit ? '' : `:${revision}`;
      return `${id}@${commit}${named}`;
    }
    case 'demo':
      return `demo:${model.name}`;
    case 'local':
      return 'local';
  }
}

/** An id and a revision as the Hub allows them: what becomes a part of addresses is nothing else. */
export function isHubModel({ id, revision }: { readonly id: string; readonly revision: string }): boolean {
  try {
    const parsed = parseHubId(`${id}@${revision}`, 'https://huggingface.co');
    // addresses and quotes are read there too, and are no ids
    return parsed.id === id && parsed.revision === revision;
  } catch {
    return false;
  }
}

export function isDemoName(name: string): boolean {
  return /^[a-z0-9][a-z0-9_-]{0,63}$/i.test(name);
}

/** `undefined` when it has not this form, or names what can be no model. */
export function parseModel(text: string): AddressModel | undefined {
  if (text === 'local') return { kind: 'local' };
  if (text.startsWith('demo:')) {
    const name = text.slice('demo:'.length);
    return isDemoName(name) ? { kind: 'demo', name } : undefined;
  }
  const [, id, commit, revision = 'main'] = /^([^@:]+)@([0-9a-f]{40})(?::(.+))?$/.exec(text) ?? [];
  if (id === undefined || commit === undefined || !isHubModel({ id, revision })) return undefined;
  return { kind: 'hub', id, revision, commit };
}
