/**
 * What a person typed or pasted to name a model on the Hub, read without asking the Hub: an id, an id with a
 * revision, or the address of any page of the model. Anything else is words to search for.
 *
 *   owner/name   name   owner/name@revision   https://huggingface.co/owner/name[/tree|blob|resolve/REVISION/…]
 */
import { KnownError } from '../errors.ts';

export interface HubId {
  /** `owner/name`, or `name` alone for the few models without an owner. */
  readonly id: string;
  /** Branch, tag, commit or `refs/pr/1`, as typed; `main` when none was. */
  readonly revision: string;
}

/** The Hub's own hosts: their addresses name models on any mirror too. */
const publicHosts = ['huggingface.co', 'www.huggingface.co', 'hf.co'];

/** First parts of a path that are other things than an owner. Source: https://huggingface.co, its navigation. */
const otherPlaces = [
  ...['datasets', 'spaces', 'collections', 'buckets', 'kernels', 'papers', 'docs', 'blog', 'models'],
  ...['posts', 'organizations', 'settings', 'tasks', 'learn', 'chat', 'pricing', 'join', 'login', 'api'],
];

/** Parts of a path that are followed by a revision. */
const beforeRevision = ['tree', 'blob', 'resolve', 'raw', 'commit', 'commits', 'blame'];

// letters, digits, `_`, `-` and `.`, the last two never at an end; at most 96 of them.
// Source: https://github.com/huggingface/huggingface_hub, `validate_repo_id`
const namePattern = /^\w(?:[\w.-]{0,94}\w)?$/;

/** What git allows in a reference, less what no repository uses. */
const revisionPattern = /^[\w][\w.+/-]{0,254}$/;

/**
 * The model that `text` names. `hubUrl` is the Hub in use, whose addresses may be pasted as well as the public
 * Hub's. Throws `hub-id-invalid`, `hub-not-a-model` for data sets, spaces and other pages, or `hub-other-site`.
 */
export function parseHubId(text: string, hubUrl: string): HubId {
  const typed = unquote(text);
  const address = toAddress(typed, hubUrl);
  if (address !== undefined) return parsePath(address.pathname, text);

  const at = typed.indexOf('@');
  const id = at === -1 ? typed : typed.slice(0, at);
  const revision = at === -1 ? 'main' : typed.slice(at + 1);
  return checkHubId(id.split('/'), revision, text);
}

/** `typed` as an address on a Hub, `undefined` when it is none at all. */
function toAddress(typed: string, hubUrl: string): URL | undefined {
  const hosts = [new URL(hubUrl).host, ...publicHosts];
  const host = typed.split(/[/?#]/, 1)[0]!.toLowerCase();
  // a browser's address bar hides the scheme
  const full = typed.includes('/') && hosts.includes(host) ? `https://${typed}` : typed;
  if (!/^https?:\/\//i.test(full)) return undefined;
  if (URL.canParse(full)) {
    const address = new URL(full);
    if (hosts.includes(address.host)) return address;
    throw new KnownError('hub-other-site', { text: typed, host: address.host });
  }
  throw new KnownError('hub-id-invalid', { text: typed });
}

/** What is to be done with what stands in the field. */
export type Asked =
  | { readonly kind: 'nothing' }
  /** For `parseHubId`, which says what is wrong with it. */
  | { readonly kind: 'model'; readonly text: string }
  | {
      readonly kind: 'search';
      readonly query: string;
      /** The id that the query may be after all: a model without an owner, or one with spaces around its slash. */
      readonly id: string | undefined;
      /** A slash and spaces: meant as an id, which has none. */
      readonly spaced: 'yes' | 'no';
    };

/** A slash, an `@` or an address, in one piece, name a model; words do not. Never throws. */
export function readAsked(text: string, hubUrl: string): Asked {
  const typed = unquote(text);
  if (typed === '') return { kind: 'nothing' };
  if (/^\S*[/@]\S*$/.test(typed) || /^https?:/i.test(typed)) return { kind: 'model', text: typed };
  const query = typed.replace(/\s*([/@])\s*/g, '$1').replace(/\s+/g, ' ');
  return {
    kind: 'search',
    query,
    id: isHubId(query, hubUrl) ? query : undefined,
    spaced: query.includes('/') ? 'yes' : 'no',
  };
}

/** Ids are copied out of code and messages with their quotes. */
function unquote(text: string): string {
  return text
    .trim()
    .replace(/^(['"`])(.*)\1$/, '$2')
    .trim();
}

function isHubId(text: string, hubUrl: string): boolean {
  try {
    parseHubId(text, hubUrl);
    return true;
  } catch {
    return false;
  }
}

function parsePath(pathname: string, text: string): HubId {
  const parts = pathname.split('/').filter((part) => part !== '');
  const owned = parts[1] !== undefined && !beforeRevision.includes(parts[1]);
  // an address to clone from ends in .git
  const names = parts.slice(0, owned ? 2 : 1).map((part) => part.replace(/\.git$/, ''));
  const [place, ...rest] = parts.slice(names.length);
  const pinned = place !== undefined && beforeRevision.includes(place);
  return checkHubId(names, pinned ? parseRevision(rest, text) : 'main', text);
}

/** The revision at the start of a path: one part, encoded where it holds a slash, but the Hub's own references also stand open. */
function parseRevision(parts: readonly string[], text: string): string {
  if (parts.length === 0) return 'main';
  const open = parts[0] === 'refs' && parts.length >= 3;
  try {
    return decodeURIComponent(open ? parts.slice(0, 3).join('/') : parts[0]!);
  } catch {
    throw new KnownError('hub-id-invalid', { text });
  }
}

function checkHubId(names: readonly string[], revision: string, text: string): HubId {
  if (names[0] !== undefined && otherPlaces.includes(names[0]))
    throw new KnownError('hub-not-a-model', { text });
  const valid = names.length >= 1 && names.length <= 2 && names.every(isName) && isRevision(revision);
  if (!valid) throw new KnownError('hub-id-invalid', { text });
  return { id: names.join('/'), revision };
}

function isName(name: string): boolean {
  return namePattern.test(name) && !name.includes('--') && !name.includes('..');
}

function isRevision(revision: string): boolean {
  return revisionPattern.test(revision) && !/\.\.|\/\/|\/$|\.lock$/.test(revision);
}
