/**
 * When asking the Hub again may help, and how long to wait before it: as long as the Hub says, else longer each
 * time; and how long a connection may bring nothing. Pure but for `pause`, `drain` and `readPieces`.
 *
 * Source: RFC 9110, 10.2.3 (Retry-After); https://huggingface.co/docs/hub/rate-limits (`RateLimit: "api";r=0;t=55`)
 */
import type { Network } from './network.ts';

/** A server that restarts is back after a second or two; three more questions are no burden to it. */
export const defaultBackoffMs: readonly number[] = [500, 1000, 2000];

/** The longest wait that the Hub may ask for and get where nobody is told of it: beyond a minute a person should know. */
export const unheardLimitSeconds = 60;

/**
 * The Hub counts requests in windows of five minutes: where it does not say how long to wait, this is always enough, and
 * no wait needs to be longer.
 */
export const windowSeconds = 300;

/**
 * A connection that brings nothing for so long is given up: TCP repeats what was lost after about 1, 3, 7 and 15 seconds,
 * so one that lives has moved by then, and a person has not left yet.
 */
export const defaultStallMs = 20_000;

/** As much of a refusal's body as is read; the Hub's own have under a kilobyte. */
const refusalBytes = 64 * 1024;

/** No refusal's body is waited for longer. */
const refusalMs = 2000;

/** How long a status of 429 asks to wait, in whole seconds. */
export function busySeconds(headers: Headers): number {
  return toldSeconds(429, headers) ?? windowSeconds;
}

/**
 * How long to wait before the request is made again, in milliseconds: what the answer says, else `delayMs`. None when
 * the answer is final: waiting does not mend it, it asks for more than `limitSeconds`, or `delayMs` is none.
 */
export function toWaitMs(
  { status, headers }: Response,
  delayMs: number | undefined,
  limitSeconds = unheardLimitSeconds,
): number | undefined {
  if (delayMs === undefined || ![429, 500, 502, 503, 504].includes(status)) return undefined;
  const seconds = toldSeconds(status, headers);
  if (seconds === undefined) return delayMs;
  return seconds > limitSeconds ? undefined : seconds * 1000;
}

/** What the server says of the wait, where it does, and where its answer lets a page read these headers. */
function toldSeconds(status: number, headers: Headers): number | undefined {
  const retryAfter = headers.get('Retry-After') ?? '';
  if (/^\d+$/.test(retryAfter)) return Number(retryAfter);
  const date = Date.parse(retryAfter);
  if (!Number.isNaN(date)) return Math.max(0, Math.ceil((date - Date.now()) / 1000));
  // told with every answer; only this one is about it
  if (status !== 429) return undefined;
  const left = /;\s*t=(\d+)/.exec(headers.get('RateLimit') ?? '')?.[1];
  return left === undefined ? undefined : Number(left);
}

/** Rejects with the signal's reason as soon as it aborts. */
export async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal?.addEventListener('abort', stop, { once: true });
  });
}

/**
 * A body as it comes; the transfer is ended when whoever reads stops early. Throws TypeError, as the platform does for a
 * connection that fails, when nothing comes for `stallMs` while it is waited for.
 */
export async function* readPieces(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  stallMs: number,
  network: Network,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await within(reader.read(), stallMs, network);
      if (done) return;
      yield value;
    }
  } finally {
    // ends the transfer when whoever reads stopped early; a body that failed has nothing left to end
    await reader.cancel().catch(() => undefined);
  }
}

/** What `work` gives, or a TypeError after `stallMs`, or after two looks at a network that is not there. */
export async function within<T>(work: Promise<T>, stallMs: number, network: Network): Promise<T> {
  const lookMs = Math.min(1000, stallMs / 2);
  let timer: ReturnType<typeof setInterval> | undefined;
  const stalled = new Promise<never>((_, reject) => {
    // looks and no clock: after a thread was busy for long, what has come meanwhile is heard before the next look
    let looks = 0;
    timer = setInterval(() => {
      looks++;
      if (looks * lookMs >= stallMs || (looks >= 2 && network.isOffline())) {
        reject(new TypeError(`nothing came for ${(looks * lookMs) / 1000} s`));
      }
    }, lookMs);
  });
  try {
    return await Promise.race([work, stalled]);
  } finally {
    clearInterval(timer);
  }
}

/** Reads what a refusal says and forgets it: cut off, it would leave unknown how many bytes came. */
export async function drain({ body }: Response): Promise<void> {
  const reader = body?.getReader();
  if (reader === undefined) return;
  const timer = setTimeout(() => void reader.cancel().catch(() => undefined), refusalMs);
  try {
    for (let left = refusalBytes; left > 0;) {
      const { done, value } = await reader.read();
      if (done) return;
      left -= value.byteLength;
    }
    await reader.cancel();
  } catch {
    // its status has said enough
  } finally {
    clearTimeout(timer);
  }
}
