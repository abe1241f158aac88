/**
 * Requests to the Hub: what every one of them carries, and every way in which an answer may be refused, as a
 * known error. What may pass by itself is tried again (hub-patience.ts) in `request`, and nowhere else; a body that
 * breaks off goes on in hub-range.ts.
 *
 * Source: https://huggingface.co/docs/hub/api; the `X-Error-Code` header as in
 * https://github.com/huggingface/huggingface_hub, `hf_raise_for_status`.
 */
import { KnownError } from '../errors.ts';
import {
  busySeconds,
  defaultBackoffMs,
  defaultStallMs,
  drain,
  readPieces,
  toWaitMs,
  unheardLimitSeconds,
  windowSeconds,
  within,
} from './hub-patience.ts';
import { browserNetwork, type Network } from './network.ts';
import { Waits } from './waits.ts';

/** Which Hub, who asks, and how to stop. */
export interface HubAccess {
  /** Origin of the Hub, e.g. `https://huggingface.co`. */
  readonly hubUrl: string;
  /** Opens gated and private models. Goes to the Hub's own origin only. */
  readonly token?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** How long to wait before each further attempt where the Hub does not say; none: nothing is tried twice. */
  readonly backoffMs?: readonly number[] | undefined;
  /** How long a connection may bring nothing before it is given up; 20 s by default. */
  readonly stallMs?: number | undefined;
  /** Of this thread: shared by every source that asks the same Hub. Nobody hears of waits when absent. */
  readonly waits?: Waits | undefined;
  /** Whether there is a network; the browser is asked by default. */
  readonly network?: Network | undefined;
}

/** What a request is about, for the sentence when it fails. */
export interface Subject {
  readonly id: string;
  readonly revision: string;
  /** Absent when the request is about the model as a whole. */
  readonly file?: string;
}

/**
 * The Hub's answer to a GET, once its status is a success; its body is still to be read, and reading it may
 * throw what `toHubError` translates. Throws the `hub-…` codes.
 */
export async function askHub(
  url: URL,
  headers: HeadersInit,
  subject: Subject,
  access: HubAccess,
): Promise<Response> {
  try {
    const response = await request(url, headers, access);
    if (response.ok) return response;
    throw toStatusError(response, url, subject, access);
  } catch (error) {
    throw toHubError(error, subject, access);
  }
}

/**
 * The `fetch` of one subject, for a client of the Hub's API: throws known errors, also for every status that is
 * not a success, and only for what the network and the Hub did; whatever the client throws on its own it
 * throws at the answer.
 */
export function createHubFetch(subject: Subject, access: HubAccess): typeof fetch {
  return async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const response = await askHub(url, init?.headers ?? {}, subject, access);
    try {
      const pieces: Uint8Array<ArrayBuffer>[] = [];
      for await (const piece of readBody(response, access)) pieces.push(piece);
      return new Response(new Blob(pieces), response);
    } catch (error) {
      throw toHubError(error, subject, access);
    }
  };
}

/**
 * The one place from which requests to the Hub leave. Asks again while the answer may get better by waiting; a
 * refusal comes back with its body read, so that its bytes are known.
 */
async function request(url: URL, asked: HeadersInit, access: HubAccess): Promise<Response> {
  const { signal, waits = new Waits() } = access;
  const attempts = new Attempts({ ...access, waits });
  for (;;) {
    await waits.turn(signal);
    const answer = await send(url, asked, access).catch((error: unknown) => attempts.failed(error));
    if (answer === undefined) continue;
    if (answer.ok) {
      waits.end();
      return answer;
    }
    await drain(answer);
    const limitSeconds = waits.heard ? windowSeconds : unheardLimitSeconds;
    const waitMs = toWaitMs(answer, attempts.next(), limitSeconds);
    if (waitMs === undefined) return answer;
    await waits.wait(answer.status === 429 ? 'busy' : 'failing', waitMs, signal);
  }
}

/** How often the same is still asked. */
export class Attempts {
  readonly #access: HubAccess & { readonly waits: Waits };
  #delaysMs: number[];

  constructor(access: HubAccess) {
    this.#access = { ...access, waits: access.waits ?? new Waits() };
    this.#delaysMs = this.#all();
  }

  /** How long to wait before the next attempt; `undefined` when there is none left. */
  next(): number | undefined {
    return this.#delaysMs.shift();
  }

  /** Something came: what fails from now on is another failure. */
  renew(): void {
    this.#delaysMs = this.#all();
  }

  /** Waits before the next attempt after the network failed; throws `error` when there is none, or when it is anything else. */
  async failed(error: unknown): Promise<void> {
    const { waits, network = browserNetwork, signal } = this.#access;
    // the network may be better the next time; anything else that is thrown will not be
    if (!(error instanceof TypeError) || signal?.aborted === true) throw error;
    if ((await waits.untilOnline(network, signal)) === 'waited') return this.renew();
    const delayMs = this.next();
    if (delayMs === undefined) throw error;
    await waits.wait('broken', delayMs, signal);
  }

  #all(): number[] {
    return [...(this.#access.backoffMs ?? defaultBackoffMs)];
  }
}

/** The body of an answer as it comes. Throws TypeError when the connection fails, or brings nothing for too long. */
export function readBody(
  { body }: Response,
  { stallMs = defaultStallMs, network = browserNetwork }: HubAccess,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  return readPieces(body ?? new ReadableStream({ start: (empty) => empty.close() }), stallMs, network);
}

async function send(url: URL, asked: HeadersInit, access: HubAccess): Promise<Response> {
  // a listing names its next page itself, and no answer may send a request, or the token, elsewhere
  if (url.origin !== new URL(access.hubUrl).origin) throw new SyntaxError(`it refers to ${url.origin}`);
  const headers = new Headers(asked);
  // a redirect to another origin drops this header in every browser (Fetch, "HTTP-redirect fetch", step 13)
  if (access.token !== undefined) headers.set('Authorization', `Bearer ${access.token}`);
  const stalled = new AbortController();
  const signals = [access.signal, stalled.signal].filter((signal) => signal !== undefined);
  const answer = fetch(url, {
    headers,
    signal: AbortSignal.any(signals),
    credentials: 'omit',
    referrerPolicy: 'no-referrer',
    // Chromium keeps parts of files in its cache, and joins and rewrites later ranges with them
    cache: 'no-store',
  });
  try {
    return await within(answer, access.stallMs ?? defaultStallMs, access.network ?? browserNetwork);
  } catch (error) {
    // of no use to a request that failed; one that brings nothing is ended
    stalled.abort();
    throw error;
  }
}

function toStatusError(response: Response, url: URL, subject: Subject, access: HubAccess): KnownError {
  const { id, revision, file } = subject;
  switch (response.headers.get('X-Error-Code')) {
    case 'GatedRepo':
      return new KnownError('hub-gated', { id });
    // to whom gave no token the Hub answers 401 here, whether the model is private or does not exist
    case 'RepoNotFound':
      return new KnownError('hub-repository-missing', { id });
    case 'RevisionNotFound':
      return new KnownError('hub-revision-missing', { id, revision });
    case 'EntryNotFound':
      return new KnownError('hub-file-missing', { id, file: file ?? url.pathname });
    default:
      return toPlainStatusError(response, url, subject, access);
  }
}

/** A refusal without a code: the Hub's newer ones, and what stands between it and us. */
function toPlainStatusError(
  { status, headers }: Response,
  url: URL,
  { id, file }: Subject,
  { token }: HubAccess,
): KnownError {
  // without a token there is none to refuse: the model is private, or not there
  if (status === 401)
    return new KnownError(token === undefined ? 'hub-repository-missing' : 'hub-unauthorised', { id });
  if (status === 403) return new KnownError('hub-gated', { id });
  if (status === 429) return new KnownError('hub-busy', { host: url.host, seconds: busySeconds(headers) });
  if (status === 404 && file !== undefined) return new KnownError('hub-file-missing', { id, file });
  if (status === 404) return new KnownError('hub-repository-missing', { id });
  return new KnownError('hub-status', { host: url.host, file: file ?? url.pathname, status });
}

/**
 * What was thrown while asking the Hub or reading its answer, as a known error: `hub-unreachable` for a network
 * that fails at any time, `hub-answer-invalid` for an answer that makes no sense. An abort stays an abort, and
 * anything unknown stays what it is.
 */
export function toHubError(error: unknown, subject: Subject, access: HubAccess): unknown {
  if (access.signal?.aborted === true) return access.signal.reason;
  if (error instanceof SyntaxError) return toAnswerError(error, subject);
  // the platform's way to say that the network failed: no connection, no CORS header, a body that breaks off
  if (error instanceof TypeError) {
    return new KnownError('hub-unreachable', { host: new URL(access.hubUrl).host }, { cause: error });
  }
  return error;
}

/** What was thrown while making sense of an answer that came whole, as `hub-answer-invalid`; known errors and aborts stay. */
export function toAnswerError(error: unknown, subject: Subject): unknown {
  if (!(error instanceof SyntaxError || error instanceof TypeError)) return error;
  return new KnownError('hub-answer-invalid', { id: subject.id, why: error.message }, { cause: error });
}
