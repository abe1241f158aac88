/** What the stand-in Hub's two origins answer: who may see what, where files lie, and which fault is asked for. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { listTree, sendInfo } from './hub-api.ts';
import { sendFile, type FileFault } from './hub-file.ts';
import { searchModels } from './hub-search.ts';
import type { HubFile, Snapshot } from './hub-repository.ts';
import type { LogLine } from './hub.ts';

/**
 * How the stand-in misbehaves. The file faults are described in hub-file.ts; `offline` closes the connection without an
 * answer; `silent` never answers; `429-after-N` says `Retry-After: N`, `429-reset-N` says it as the Hub does, in `RateLimit`.
 */
export type Fault =
  | FileFault
  | '401'
  | '403-gated'
  | '404-repository'
  | '404-revision'
  | '404-file'
  | '429'
  | `429-${'after' | 'reset'}-${number}`
  | '500'
  | '503'
  | 'offline'
  | 'silent';

/** A model as it is served. */
export interface Served {
  readonly id: string;
  readonly access: 'public' | 'private' | 'gated';
  readonly downloads: number;
  /** By revision's name and by commit. */
  readonly snapshots: ReadonlyMap<string, Snapshot>;
}

export interface State {
  readonly served: ReadonlyMap<string, Served>;
  readonly pageEntries: number;
  readonly roundTripMs: number;
  url: string;
  cdnUrl: string;
  readonly faults: Map<string, Fault | Fault[]>;
  readonly log: LogLine[];
  readonly complaints: string[];
  /** What the signed paths of the second origin stand for. */
  readonly signed: Map<string, { readonly file: HubFile; readonly subject: string }>;
}

export type Answer = (
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  state: State,
) => Promise<void> | void;

export const token = 'hf_standin';
export const strangerToken = 'hf_stranger';

/** Headers that scripts of other origins may read, as the Hub lists them. */
const exposed =
  'X-Repo-Commit,X-Request-Id,X-Error-Code,X-Error-Message,X-Total-Count,ETag,Link,Accept-Ranges,Content-Range,X-Linked-Size,X-Linked-ETag,X-Xet-Hash,Retry-After,RateLimit';

export function answerHub(
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  state: State,
): Promise<void> | void {
  if (url.pathname === '/api/models') return answerSearch(request, response, url, state);
  const route = parseRoute(url.pathname);
  if (route === undefined) return complain(request, response, state, 404, 'unknown path');
  allowOrigin(request, response);
  if (request.method === 'OPTIONS') return preflight(response);
  const methods = route.kind === 'resolve' || route.kind === 'resolve-cache' ? ['GET', 'HEAD'] : ['GET'];
  if (!methods.includes(request.method ?? ''))
    return complain(request, response, state, 405, 'unknown method');

  const subject = route.kind.startsWith('resolve') ? `${route.id}/${route.path}` : route.id;
  const fault = takeFault(state, [subject, route.id], route.kind === 'resolve-cache' ? 'file' : 'refusal');
  if (fault === 'offline') return void response.destroy();
  if (fault === 'silent') return;
  if (refuse(request, response, route, fault, state)) return;

  const snapshot = state.served.get(route.id)!.snapshots.get(route.revision);
  if (snapshot === undefined)
    return refuseWith(response, 404, 'RevisionNotFound', `Invalid rev id: ${route.revision}`);
  switch (route.kind) {
    case 'revision':
    case 'tree': {
      const served = state.served.get(route.id)!;
      const unknown =
        route.kind === 'tree'
          ? listTree(response, url, snapshot, route.path, state.pageEntries)
          : sendInfo(response, url, served, snapshot);
      if (unknown !== undefined) complain(request, response, state, 400, unknown);
      return;
    }
    case 'resolve':
    case 'resolve-cache':
      return answerFile(request, response, { ...route, kind: route.kind }, snapshot, fault, state);
  }
}

function preflight(response: ServerResponse): void {
  response.setHeader('Access-Control-Allow-Methods', 'GET, HEAD, OPTIONS');
  response.setHeader('Access-Control-Allow-Headers', 'Authorization, Content-Type, Range');
  response.writeHead(204).end();
}

/** The list of models; its faults go by the key `search`. */
function answerSearch(request: IncomingMessage, response: ServerResponse, url: URL, state: State): void {
  allowOrigin(request, response);
  if (request.method === 'OPTIONS') return preflight(response);
  if (request.method !== 'GET') return complain(request, response, state, 405, 'unknown method');
  const { authorization } = request.headers;
  const fault = takeFault(state, ['search'], 'refusal');
  if (fault === 'offline') return void response.destroy();
  if (fault === '500') return refuseWith(response, 500, undefined, 'Internal Error');
  if (fault === '429') return refuseWith(response, 429, undefined, 'Too many requests');
  const known = authorization === `Bearer ${token}`;
  if (authorization !== undefined && !known && authorization !== `Bearer ${strangerToken}`)
    return refuseWith(response, 401, undefined, 'Invalid credentials in Authorization header');
  const unknown = searchModels(response, url, state.served, known ? 'yes' : 'no');
  if (unknown !== undefined) complain(request, response, state, 400, unknown);
}

interface Route {
  readonly kind: 'revision' | 'tree' | 'resolve' | 'resolve-cache';
  readonly id: string;
  readonly revision: string;
  /** Decoded; `''` for none. */
  readonly path: string;
}

/** Which part of the protocol a path belongs to. A revision is one part, encoded where it holds a slash. */
function parseRoute(pathname: string): Route | undefined {
  const api = /^\/api\/models\/([^/]+(?:\/[^/]+)?)\/(revision|tree)\/([^/]+)(?:\/(.+))?$/.exec(pathname);
  const cache = /^\/api\/resolve-cache\/models\/(.+)\/([0-9a-f]{40})\/(.+)$/.exec(pathname);
  const file = /^\/(?!api\/)([^/]+(?:\/[^/]+)?)\/resolve\/([^/]+)\/(.+)$/.exec(pathname);
  const [id, kind, revision, path] =
    api !== null
      ? [api[1], api[2], api[3], api[4]]
      : cache !== null
        ? [cache[1], 'resolve-cache', cache[2], cache[3]]
        : file !== null
          ? [file[1], 'resolve', file[2], file[3]]
          : [];
  if (id === undefined || revision === undefined) return undefined;
  if (kind === 'revision' && path !== undefined) return undefined;
  return {
    kind: kind as Route['kind'],
    id,
    revision: decodeURIComponent(revision),
    path: decodeURIComponent(path ?? ''),
  };
}

/** Answers when the one who asks may not see what the route names, or a fault says so. */
function refuse(
  request: IncomingMessage,
  response: ServerResponse,
  route: Route,
  fault: Fault | undefined,
  state: State,
): boolean {
  const { authorization } = request.headers;
  const anonymous = authorization === undefined;
  const known = authorization === `Bearer ${token}`;
  const { access } = state.served.get(route.id) ?? { access: 'missing' };
  const reading = route.kind.startsWith('resolve');

  const busy = /^429(?:-(after|reset)-(\d+))?$/.exec(fault ?? '');
  if (fault === '500') refuseWith(response, 500, undefined, 'Internal Error');
  else if (fault === '503') refuseWith(response, 503, undefined, 'Service Unavailable');
  else if (busy !== null) {
    const [, how, seconds = ''] = busy;
    if (how === 'after') response.setHeader('Retry-After', seconds);
    if (how === 'reset') response.setHeader('RateLimit', `"api";r=0;t=${seconds}`);
    refuseWith(response, 429, undefined, 'Too many requests');
  } else if (fault === '401' || (!anonymous && !known && authorization !== `Bearer ${strangerToken}`)) {
    refuseWith(response, 401, undefined, 'Invalid credentials in Authorization header');
  } else if (fault === '404-repository' || access === 'missing' || (access === 'private' && !known)) {
    // the Hub does not say to strangers which private models exist
    refuseWith(response, anonymous ? 401 : 404, 'RepoNotFound', 'Repository not found');
  } else if (fault === '403-gated' || (access === 'gated' && reading && !known)) {
    refuseWith(
      response,
      anonymous && fault === undefined ? 401 : 403,
      'GatedRepo',
      'Access to this model is restricted',
    );
  } else if (fault === '404-revision')
    refuseWith(response, 404, 'RevisionNotFound', `Invalid rev id: ${route.revision}`);
  else if (fault === '404-file') refuseWith(response, 404, 'EntryNotFound', 'Entry not found');
  else return false;
  return true;
}

async function answerFile(
  request: IncomingMessage,
  response: ServerResponse,
  route: Route,
  { commit, files }: Snapshot,
  fault: Fault | undefined,
  state: State,
): Promise<void> {
  const file = files.get(route.path);
  if (file === undefined) return refuseWith(response, 404, 'EntryNotFound', 'Entry not found');
  response.setHeader('X-Repo-Commit', commit);
  if (route.kind === 'resolve-cache')
    return sendFile(request, response, file, toFileFault(fault), state.roundTripMs);
  response.setHeader('Accept-Ranges', 'bytes');
  if (file.lfs === undefined) {
    const path = route.path.split('/').map(encodeURIComponent).join('/');
    response.writeHead(307, { Location: `/api/resolve-cache/models/${route.id}/${commit}/${path}` }).end();
    return;
  }
  const signature = `${file.lfs.sha256}/${state.signed.size}`;
  state.signed.set(signature, { file, subject: `${route.id}/${route.path}` });
  response.setHeader('X-Linked-Size', file.bytes);
  response.setHeader('X-Linked-ETag', `"${file.lfs.sha256}"`);
  response.writeHead(302, { Location: `${state.cdnUrl}/${signature}` }).end();
}

/** The second origin: signed addresses are all the leave that it asks for, and a token is a mistake. */
export function answerFiles(
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  state: State,
): Promise<void> | void {
  if (request.headers.authorization !== undefined) {
    return complain(request, response, state, 400, 'a token at the second origin');
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return complain(request, response, state, 405, 'unknown method');
  }
  const signed = state.signed.get(url.pathname.slice(1));
  if (signed === undefined) return complain(request, response, state, 403, 'no such signed address');
  // a redirect across origins comes with `Origin: null`, so only the star fits
  response.setHeader('Access-Control-Allow-Origin', '*');
  response.setHeader('Access-Control-Expose-Headers', exposed);
  const id = signed.subject.split('/', 2).join('/');
  const fault = takeFault(state, [signed.subject, id], 'file', request.headers.range);
  return sendFile(request, response, signed.file, toFileFault(fault), state.roundTripMs);
}

/** The fault of a request. Of a list each is for one request, and waits for one that it can spoil: some spoil files only. */
function takeFault(
  { faults }: State,
  keys: readonly string[],
  kind: 'refusal' | 'file',
  range = '',
): Fault | undefined {
  const key = keys.find((key) => faults.has(key)) ?? '';
  const standing = faults.get(key);
  if (!Array.isArray(standing)) return standing;
  const [next] = standing;
  if (next === undefined || (kind === 'file') !== (toFileFault(next) !== undefined)) return undefined;
  const [, first = 0, last = Infinity] = /^bytes=(\d+)-(\d+)$/.exec(range) ?? [];
  const spoiltAfter = /-after-(\d+)$/.exec(toFileFault(next) ?? '')?.[1];
  if (spoiltAfter !== undefined && Number(last) - Number(first) < Number(spoiltAfter)) return undefined;
  standing.shift();
  if (standing.length === 0) faults.delete(key);
  return next;
}

function toFileFault(fault: Fault | undefined): FileFault | undefined {
  const isOfFiles =
    fault !== undefined &&
    /^(ignore-range|wrong-size|wrong-hash|replaced|stall|(stall|drop)-after-\d+)$/.test(fault);
  return isOfFiles ? (fault as FileFault) : undefined;
}

function allowOrigin(request: IncomingMessage, response: ServerResponse): void {
  const { origin } = request.headers;
  if (origin === undefined) return;
  response.setHeader('Access-Control-Allow-Origin', origin);
  response.setHeader('Access-Control-Expose-Headers', exposed);
  response.setHeader('Vary', 'Origin');
}

function refuseWith(
  response: ServerResponse,
  status: number,
  code: string | undefined,
  message: string,
): void {
  if (code !== undefined) response.setHeader('X-Error-Code', code);
  response.setHeader('X-Error-Message', message);
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify({ error: message }));
}

function complain(
  request: IncomingMessage,
  response: ServerResponse,
  state: State,
  status: number,
  why: string,
): void {
  state.complaints.push(`${request.method} ${request.url}: ${why}`);
  refuseWith(response, status, undefined, why);
}
