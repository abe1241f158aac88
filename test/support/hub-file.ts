/** One file as an HTTP answer, whole or in part, and the ways in which such an answer goes wrong. */
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { paceBody } from './hub-distance.ts';
import type { HubFile } from './hub-repository.ts';

export type FileFault =
  'ignore-range' | 'wrong-size' | 'wrong-hash' | 'replaced' | 'stall' | `${'stall' | 'drop'}-after-${number}`;

/**
 * Answers a GET or HEAD with `file`. `wrong-size` serves one byte more than the listing states, `wrong-hash`
 * flips the last byte, `replaced` serves another file of the same size, `drop-after-N` closes the connection after N bytes of the body, `stall` sends half of
 * the body and then nothing more, `stall-after-N` N bytes. Headers leave at once.
 */
export async function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  file: HubFile,
  fault: FileFault | undefined,
  roundTripMs: number,
): Promise<void> {
  const bytes = fault === 'wrong-size' ? file.bytes + 1 : file.bytes;
  const range = fault === 'ignore-range' ? undefined : parseRange(request.headers.range, bytes);
  const version = fault === 'replaced' ? 'another' : (file.lfs?.sha256 ?? file.oid);
  response.setHeader('ETag', `"${version}"`);
  response.setHeader('Accept-Ranges', 'bytes');
  response.setHeader(
    'Content-Type',
    file.path.endsWith('.json') ? 'application/json' : 'application/octet-stream',
  );
  if (range === 'unsatisfiable') {
    response.writeHead(416, { 'Content-Range': `bytes */${bytes}` }).end();
    return;
  }
  const { start, end } = range ?? { start: 0, end: bytes };
  response.statusCode = range === undefined ? 200 : 206;
  if (range !== undefined) response.setHeader('Content-Range', `bytes ${start}-${end - 1}/${bytes}`);
  response.setHeader('Content-Length', end - start);
  if (request.method === 'HEAD') {
    response.end();
    return;
  }
  response.flushHeaders();
  const body =
    fault === undefined
      ? readBody(file, start, end)
      : spoil(readBody(file, start, end), start, end, bytes, fault);
  // a client that goes away, and a fault that cuts the line, both end the pipeline early
  const paced = paceBody(body, request.socket, roundTripMs);
  await pipeline(Readable.from(paced, { objectMode: false }), response).catch(() => response.destroy());
}

/** `start`, `end` half-open. More than one range is never asked for by anyone we know. */
function parseRange(
  header: string | undefined,
  bytes: number,
): { readonly start: number; readonly end: number } | 'unsatisfiable' | undefined {
  if (header === undefined) return undefined;
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(header) ?? [];
  if (first === undefined) return 'unsatisfiable';
  const start = Number(first);
  const end = last === '' || last === undefined ? bytes : Math.min(Number(last) + 1, bytes);
  return start < end ? { start, end } : 'unsatisfiable';
}

async function* readBody(file: HubFile, start: number, end: number): AsyncGenerator<Buffer> {
  const inside = Math.min(end, file.bytes);
  if (start < inside) {
    for await (const chunk of createReadStream(file.file, { start, end: inside - 1 })) yield chunk as Buffer;
  }
  if (end > inside) yield Buffer.alloc(end - inside);
}

/** Bytes `start` to `end` of a file of `bytes` bytes, as `fault` has them. */
async function* spoil(
  body: AsyncIterable<Buffer>,
  start: number,
  end: number,
  bytes: number,
  fault: FileFault,
): AsyncGenerator<Buffer> {
  const limit = fault === 'stall' ? Math.floor((end - start) / 2) : toLimitBytes(fault);
  let sent = 0;
  for await (const chunk of body) {
    const piece = chunk.subarray(0, limit - sent);
    sent += chunk.byteLength;
    if (fault === 'replaced') chunk.forEach((byte, i) => (chunk[i] = byte ^ 0xff));
    if (fault === 'wrong-hash' && start + sent === bytes) chunk[chunk.byteLength - 1]! ^= 0xff;
    if (piece.byteLength > 0) yield piece;
    if (sent < limit) continue;
    if (fault.startsWith('stall')) await new Promise(() => undefined);
    // what was yielded leaves before the line is cut
    await new Promise((resolve) => setTimeout(resolve, 50));
    throw new Error(`cut after ${limit} bytes`);
  }
}

function toLimitBytes(fault: FileFault): number {
  return Number(/-after-(\d+)$/.exec(fault)?.[1] ?? Infinity);
}
