/** What the stand-in Hub's API answers about one model: itself at a revision, and its files. Each returns what it does not know. */
import type { ServerResponse } from 'node:http';
import type { Served } from './hub-answers.ts';
import type { Snapshot } from './hub-repository.ts';
import { describeModel, modelFields } from './hub-search.ts';

/** `GET /api/models/{id}/revision/{rev}`: everything, or the fields named by `expand`. */
export function sendInfo(
  response: ServerResponse,
  url: URL,
  served: Served,
  snapshot: Snapshot,
): string | undefined {
  const asked = url.searchParams.getAll('expand');
  const strange =
    [...url.searchParams.keys()].find((name) => name !== 'expand') ??
    asked.find((name) => !modelFields.includes(name));
  if (strange !== undefined) return `unknown parameter or field ${strange}`;
  const given = describeModel(served, snapshot, asked.length === 0 ? modelFields : asked);
  sendJson(response, { _id: '0123456789abcdef01234567', id: served.id, ...given });
  return undefined;
}

/** `GET /api/models/{id}/tree/{rev}[/path]`, in pages that name the next one in `Link`. */
export function listTree(
  response: ServerResponse,
  url: URL,
  { files }: Snapshot,
  below: string,
  pageEntries: number,
): string | undefined {
  const known = ['recursive', 'expand', 'limit', 'cursor'];
  const strange = [...url.searchParams.keys()].find((name) => !known.includes(name));
  if (strange !== undefined) return `unknown parameter ${strange}`;
  // Python's older clients write their own True
  const isTrue = (name: string): boolean => url.searchParams.get(name)?.toLowerCase() === 'true';
  if (isTrue('expand')) return 'expand=true';

  const prefix = below === '' ? '' : `${below}/`;
  const recursive = isTrue('recursive');
  const entries: { readonly path: string }[] = [];
  const folders = new Set<string>();
  for (const { path, oid, bytes, lfs } of files.values()) {
    if (!path.startsWith(prefix)) continue;
    const parts = path.slice(prefix.length).split('/');
    for (let depth = 1; depth < (recursive ? parts.length : Math.min(parts.length, 2)); depth++) {
      const folder = prefix + parts.slice(0, depth).join('/');
      if (!folders.has(folder)) entries.push(toFolder(folder));
      folders.add(folder);
    }
    if (!recursive && parts.length > 1) continue;
    const large = lfs && { lfs: { oid: lfs.sha256, size: bytes, pointerSize: lfs.pointerBytes } };
    entries.push({ ...{ type: 'file', oid, size: bytes, path }, ...large });
  }
  const from = Number(url.searchParams.get('cursor') ?? 0);
  const until = from + Math.min(pageEntries, Number(url.searchParams.get('limit') ?? pageEntries));
  if (until < entries.length) {
    const next = new URL(url);
    next.searchParams.set('cursor', String(until));
    response.setHeader('Link', `<${next.href}>; rel="next"`);
  }
  sendJson(response, entries.slice(from, until));
  return undefined;
}

function toFolder(path: string): { readonly path: string } {
  // any hash will do: nobody reads a folder's
  return { ...{ type: 'directory', oid: '0'.repeat(40), size: 0 }, path };
}

function sendJson(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'Content-Type': 'application/json; charset=utf-8' }).end(JSON.stringify(value));
}
