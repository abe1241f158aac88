/** What the picker says of a model that was found, in a few words each. */
import type { FoundModel } from '../worker/client.ts';
import { formatBytes, formatCount, formatMonth } from './format.ts';
import { m } from './messages/messages.js';

/** Downloads, size, architecture, licence: each in words also where the Hub states none. */
export function foundFacts(model: FoundModel): readonly string[] {
  const { downloads, architecture, licence, access, updatedMs } = model;
  return [
    downloads === undefined ? m.downloads_unstated() : m.downloads({ count: formatCount(downloads) }),
    sizeOf(model),
    architecture ?? m.architecture_unstated(),
    licence ?? m.licence_not_stated(),
    ...(updatedMs === undefined ? [] : [m.updated({ date: formatMonth(updatedMs) })]),
    ...(access === 'gated' ? [m.found_gated()] : []),
  ];
}

function sizeOf({ parameterCount, bytes }: FoundModel): string {
  if (parameterCount === undefined) return m.size_unstated();
  const parameters = m.parameters({ count: formatCount(parameterCount) });
  return bytes === undefined ? parameters : `${parameters}, ${formatBytes(bytes)}`;
}
