/**
 * Models on the Hub, at one commit: the only door to @huggingface/hub for reading.
 *
 * The client library lists; file contents are read here, range by range, because its own Blob neither checks
 * that a range was honoured nor that it is whole, and asks once more for sizes that the listing has stated.
 * Files come over plain HTTP (resolve, then a redirect to where they lie), not over the Xet protocol, whose
 * blobs keep 64 MB and more in flight.
 *
 * Source: https://huggingface.co/docs/hub/api
 */
import { listFiles, modelInfo } from '@huggingface/hub';
import { KnownError } from '../errors.ts';
import { createHubFetch, toAnswerError, type HubAccess, type Subject } from './hub-fetch.ts';
import type { HubId } from './hub-id.ts';
import { readHubRange } from './hub-range.ts';
import { RangeBlob } from './range-blob.ts';
import type { ReadStoppable } from './read-ahead.ts';
import type { Entry, Source } from './source.ts';
import { readStretches } from './stretch.ts';

/** What the Hub states of a file's content: SHA-256 for large files (LFS), git's blob hash for the others. */
export interface ContentHash {
  readonly kind: 'sha256' | 'git-sha1';
  /** Lower-case hexadecimal: 64 digits of SHA-256, 40 of SHA-1. */
  readonly hex: string;
}

export interface HubEntry extends Entry {
  readonly hash: ContentHash;
  readonly oid: string;
}

/** A model at a commit, which never changes. */
export interface HubModel {
  readonly id: string;
  readonly commit: string;
}

export interface HubSource extends Source {
  readonly id: string;
  readonly commit: string;
  /** Stops every request of this source. */
  readonly signal: AbortSignal | undefined;
  list(): Promise<readonly HubEntry[]>;
  /**
   * Bytes `start` to `end` of a listed file as they arrive, in one request. Throws the `hub-…` codes;
   * `hub-range-ignored` and `hub-size-wrong` when the answer is not exactly those bytes.
   */
  readRange(
    entry: HubEntry,
    start: number,
    end: number,
    signal?: AbortSignal,
  ): AsyncGenerator<Uint8Array<ArrayBuffer>>;
}

/** More files than any model has: where a listing that never ends is given up. */
const entryLimit = 100_000;

export interface Pinned {
  /** 40 hexadecimal digits. */
  readonly commit: string;
  /** As the Hub's metadata states it. */
  readonly licence: string | undefined;
}

/** The commit that `revision` stands for now, and what the same answer says besides. */
export async function pinRevision({ id, revision }: HubId, access: HubAccess): Promise<Pinned> {
  const subject = { id, revision };
  try {
    const info = await modelInfo({
      name: id,
      revision,
      hubUrl: new URL(access.hubUrl).origin,
      fetch: createHubFetch(subject, access),
      additionalFields: ['sha', 'tags'],
    });
    if (isHex(info.sha, 40)) return { commit: info.sha, licence: findLicence(info.tags) };
  } catch (error) {
    throw toAnswerError(error, subject);
  }
  throw new KnownError('hub-answer-invalid', { id, why: `no commit for ${revision}` });
}

/** The licence among a model's tags, `license:mit`; the Hub takes it from the card. */
export function findLicence(tags: unknown): string | undefined {
  if (!Array.isArray(tags)) return undefined;
  const tag: unknown = tags.find((tag) => typeof tag === 'string' && /^license:./.test(tag));
  return typeof tag === 'string' ? tag.slice('license:'.length) : undefined;
}

/** The model's files at `commit`. Nothing is asked before the first call; the listing is asked once. */
export function openHub({ id, commit }: HubModel, access: HubAccess): HubSource {
  const subject = { id, revision: commit };
  let listed: Promise<readonly HubEntry[]> | undefined;

  const source: HubSource = {
    name: `${id}@${commit.slice(0, 7)}`,
    id,
    commit,
    signal: access.signal,
    list() {
      listed ??= readListing(subject, access).catch((error: unknown) => {
        // the next call may have more luck
        listed = undefined;
        throw error;
      });
      return listed;
    },
    async open(path) {
      const entry = (await source.list()).find((entry) => entry.path === path);
      if (entry === undefined) return undefined;
      const read: ReadStoppable = (start, end, signal) => readVersion(entry, start, end, signal);
      return new RangeBlob(readStretches(read, entry.bytes), 0, entry.bytes);
    },
    async *readRange(entry, start, end, signal) {
      yield* readHubRange({ ...subject, file: entry.path }, entry.bytes, start, end, stoppable(signal));
    },
  };
  const stoppable = (signal: AbortSignal | undefined): HubAccess => {
    const signals = [access.signal, signal].filter((signal) => signal !== undefined);
    return { ...access, signal: AbortSignal.any(signals) };
  };
  // what is not kept is not hashed: then every answer must be of the version that the first one was of
  const versions = new Map<string, string>();
  const readVersion: (entry: HubEntry, ...range: Parameters<ReadStoppable>) => ReturnType<ReadStoppable> = (
    { path, bytes },
    start,
    end,
    signal,
  ) =>
    readHubRange({ ...subject, file: path }, bytes, start, end, stoppable(signal), ({ headers }) => {
      const version = headers.get('ETag')?.replace(/^W\//, '');
      const first = versions.get(path) ?? version;
      if (first !== undefined) versions.set(path, first);
      const stated = headers.get('X-Repo-Commit') ?? commit;
      if ((version ?? first) !== first || stated !== commit)
        throw new KnownError('source-changed', { model: source.name, file: path });
    });
  return source;
}

async function readListing(subject: Subject, access: HubAccess): Promise<readonly HubEntry[]> {
  const { id, revision } = subject;
  const entries = new Map<string, HubEntry>();
  try {
    const listing = listFiles({
      repo: { type: 'model', name: id },
      revision,
      recursive: true,
      hubUrl: new URL(access.hubUrl).origin,
      fetch: createHubFetch(subject, access),
    });
    for await (const item of listing) {
      if (item.type !== 'file') continue;
      const entry = checkEntry(item, subject);
      if (entries.has(entry.path)) throw new SyntaxError(`${entry.path} is listed twice`);
      if (entries.size === entryLimit) throw new SyntaxError(`over ${entryLimit} files`);
      entries.set(entry.path, entry);
    }
  } catch (error) {
    throw toAnswerError(error, subject);
  }
  return [...entries.values()];
}

/** One entry of the Hub's listing, trusted from here on. */
function checkEntry(
  item: { path: unknown; size: unknown; oid?: unknown; lfs?: unknown },
  subject: Subject,
): HubEntry {
  const { path, lfs } = item;
  if (typeof path !== 'string' || path.split('/').some((part) => ['', '.', '..'].includes(part))) {
    throw new SyntaxError(`a file's path is ${JSON.stringify(path)}`);
  }
  const large =
    typeof lfs === 'object' && lfs !== null ? (lfs as { oid?: unknown; size?: unknown }) : undefined;
  const bytes = large?.size ?? item.size;
  const hex = large === undefined ? item.oid : large.oid;
  if (!Number.isSafeInteger(bytes) || (bytes as number) < 0) throw new SyntaxError(`${path} has no size`);
  if (!isHex(hex, large === undefined ? 40 : 64)) throw new SyntaxError(`${path} has no hash`);
  const hash: ContentHash = { kind: large === undefined ? 'git-sha1' : 'sha256', hex };
  const oid = `${hash.kind}:${hex}`;
  return { path, bytes: bytes as number, hash, oid, identity: `${subject.revision}:${oid}` };
}

function isHex(value: unknown, digits: number): value is string {
  return typeof value === 'string' && value.length === digits && /^[0-9a-f]+$/.test(value);
}
