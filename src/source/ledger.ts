/**
 * What leaves this page's own origin: every request that is made with `fetch`, with the addresses, the status, and the
 * bytes of the bodies each way. `watchFetch` stands before everything else in the page and in each worker; the policy of
 * the page (vite.policy.ts) allows no other way out that this code uses.
 *
 * Not seen: headers, the addresses between the one asked and the final one, and what the browser sends by itself: before a
 * request (preflights, which have no body), and once more when the connection was closed under it.
 */

/** One request, as far as it is. A plain value, so that it crosses threads; a later one of the same id replaces it. */
export interface LedgerEntry {
  readonly id: string;
  /** The address that was asked. */
  readonly url: string;
  /** The address that answered, after redirects; none while nothing did. */
  readonly finalUrl: string | undefined;
  readonly method: string;
  /** 0 while there is no answer. */
  readonly status: number;
  /** Of the request's body. */
  readonly sentBytes: number;
  /** Of the answer's body, as far as it was read. */
  readonly receivedBytes: number;
  /** `stopped`: by this page, before its end. */
  readonly state: 'running' | 'done' | 'failed' | 'stopped';
  /** When it was asked, in milliseconds since 1970. */
  readonly askedMs: number;
}

export type Tell = (entry: LedgerEntry) => void;

/** How often a transfer says how far it is. */
const reportMs = 200;

/** `fetch` that tells `tell` of every request to another origin than `ownOrigin`: when it is asked, as it goes on, and at its end. */
export function recordFetch(plain: typeof fetch, ownOrigin: string, tell: Tell): typeof fetch {
  return async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input, ownOrigin);
    if (!isForeign(url, ownOrigin)) {
      const response = await plain(input, init);
      // a host may send whoever asks for a large file of its own elsewhere
      const left = response.url !== '' && isForeign(new URL(response.url), ownOrigin);
      return left ? new Line(url, input, init, tell).follow(response) : response;
    }
    const line = new Line(url, input, init, tell);
    try {
      const response = await plain(input, init);
      return line.follow(response);
    } catch (error) {
      line.end(stateOf(error));
      throw error;
    }
  };
}

/** Puts `recordFetch` in the place of this thread's `fetch`. Called before anything asks for anything. */
export function watchFetch(tell: Tell): void {
  globalThis.fetch = recordFetch(globalThis.fetch.bind(globalThis), globalThis.origin, tell);
}

/** `blob:` and `data:` addresses ask nobody. */
function isForeign({ protocol, origin }: URL, ownOrigin: string): boolean {
  return /^https?:$/.test(protocol) && origin !== ownOrigin;
}

/** One request on its way. */
class Line {
  #entry: LedgerEntry;
  readonly #report: Tell;
  #reportedMs = 0;

  constructor(url: URL, input: RequestInfo | URL, init: RequestInit | undefined, tell: Tell) {
    this.#report = tell;
    this.#entry = {
      id: crypto.randomUUID(),
      url: url.href,
      finalUrl: undefined,
      method: init?.method?.toUpperCase() ?? (input instanceof Request ? input.method : 'GET'),
      status: 0,
      sentBytes: countBody(input, init),
      receivedBytes: 0,
      state: 'running',
      askedMs: Date.now(),
    };
    this.#tell({});
  }

  /** The same answer, whose body is counted as it is read. */
  follow(response: Response): Response {
    const { status, statusText, headers, url, redirected, body } = response;
    this.#tell({ status, finalUrl: url === '' ? undefined : url });
    if (body === null) {
      this.end('done');
      return response;
    }
    const counted = new Response(this.#count(body), { status, statusText, headers });
    // a response that is made by hand has no address of its own
    return Object.defineProperties(counted, { url: { value: url }, redirected: { value: redirected } });
  }

  end(state: LedgerEntry['state']): void {
    if (this.#entry.state === 'running') this.#tell({ state });
  }

  #count(body: ReadableStream<Uint8Array<ArrayBuffer>>): ReadableStream<Uint8Array<ArrayBuffer>> {
    const reader = body.getReader();
    const pull = async (controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>) => {
      try {
        const { done, value } = await reader.read();
        if (done) {
          this.end('done');
          controller.close();
          return;
        }
        this.#add(value.byteLength);
        controller.enqueue(value);
      } catch (error) {
        this.end(stateOf(error));
        controller.error(error);
      }
    };
    const cancel = (reason: unknown): Promise<void> => {
      this.end('stopped');
      return reader.cancel(reason);
    };
    // nothing is read ahead: what is counted is what was asked of the body
    return new ReadableStream({ pull, cancel }, { highWaterMark: 0 });
  }

  #add(bytes: number): void {
    this.#entry = { ...this.#entry, receivedBytes: this.#entry.receivedBytes + bytes };
    if (performance.now() - this.#reportedMs > reportMs) this.#tell({});
  }

  #tell(news: Partial<LedgerEntry>): void {
    this.#entry = { ...this.#entry, ...news };
    this.#reportedMs = performance.now();
    this.#report(this.#entry);
  }
}

function stateOf(error: unknown): LedgerEntry['state'] {
  return error instanceof DOMException && error.name === 'AbortError' ? 'stopped' : 'failed';
}

/** Bytes of a request's body. One that cannot be counted beforehand is not sent: what leaves must be known. */
function countBody(input: RequestInfo | URL, init: RequestInit | undefined): number {
  const body = init?.body ?? (input instanceof Request ? input.body : undefined);
  if (body === undefined || body === null) return 0;
  if (typeof body === 'string') return new TextEncoder().encode(body).byteLength;
  if (body instanceof URLSearchParams) return new TextEncoder().encode(body.toString()).byteLength;
  if (body instanceof Blob) return body.size;
  if (body instanceof ArrayBuffer || ArrayBuffer.isView(body)) return body.byteLength;
  throw new TypeError('a request body of unknown size is not sent');
}
