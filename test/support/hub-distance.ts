/**
 * How far away the stand-in Hub is: what distance does to a connection, computed here, since a loopback has none.
 *
 *   a connection's first answer   one round trip later, for the handshake
 *   each answer's header          one round trip later
 *   a body                        a window of bytes a round trip; it doubles from 14,600 bytes to 3 MiB, and stays so large
 *
 * Source: RFC 6928 (ten segments at first), RFC 5681, 3.1 (doubling); the largest window is half of Linux's default
 * `tcp_rmem` of 6 MiB. Losses, TLS and a shared line's limit are left out.
 */
import type { Socket } from 'node:net';

const firstWindowBytes = 14_600;
const largestWindowBytes = 3 * 1024 * 1024;

/** How much each connection may have on its way at once. */
const windows = new WeakMap<Socket, number>();

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Until an answer's header may leave. */
export async function travel(socket: Socket, roundTripMs: number): Promise<void> {
  if (roundTripMs === 0) return;
  await sleep(windows.has(socket) ? roundTripMs : 2 * roundTripMs);
  if (!windows.has(socket)) windows.set(socket, firstWindowBytes);
}

/** A body at the rate that the distance allows. */
export async function* paceBody(
  body: AsyncIterable<Buffer>,
  socket: Socket,
  roundTripMs: number,
): AsyncGenerator<Buffer> {
  if (roundTripMs === 0) {
    yield* body;
    return;
  }
  let window = windows.get(socket) ?? firstWindowBytes;
  let left = window;
  let begunMs = performance.now();
  for await (const chunk of body) {
    for (let at = 0; at < chunk.byteLength;) {
      const piece = chunk.subarray(at, at + left);
      yield piece;
      at += piece.byteLength;
      left -= piece.byteLength;
      if (left > 0) continue;
      await sleep(Math.max(0, begunMs + roundTripMs - performance.now()));
      begunMs = performance.now();
      window = Math.min(largestWindowBytes, 2 * window);
      windows.set(socket, window);
      left = window;
    }
  }
}
