/**
 * One range of one file on the Hub, as it arrives: the only request that brings values, and so the one whose
 * answer is believed least. A server that ignores the range would otherwise shift every byte in silence.
 *
 * Source: RFC 9110, 14 (range requests)
 */
import { isKnown, KnownError } from '../errors.ts';
import { askHub, toHubError, type HubAccess, type Subject } from './hub-fetch.ts';
import { defaultBackoffMs, pause } from './hub-patience.ts';

/**
 * Bytes `start` to `end` of a file of `bytes` bytes. A body that breaks off goes on from its last byte, a few times.
 * Throws `hub-range-ignored` and `hub-size-wrong` when the answer is anything else, before its first byte where its
 * header tells, and `hub-unreachable`.
 */
export async function* readHubRange(
  subject: Required<Subject>,
  bytes: number,
  start: number,
  end: number,
  access: HubAccess,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const delaysMs = [...(access.backoffMs ?? defaultBackoffMs)];
  for (let at = start; at < end;) {
    const response = await askRange(subject, at, end, access);
    try {
      for await (const piece of readBody(response, subject, bytes, at, end)) {
        at += piece.byteLength;
        yield piece;
      }
      return;
    } catch (error) {
      const known = toHubError(error, subject, access);
      const delayMs = isKnown(known, 'hub-unreachable') ? delaysMs.shift() : undefined;
      if (delayMs === undefined) throw known;
      await pause(delayMs, access.signal);
    }
  }
}

function askRange(
  subject: Required<Subject>,
  start: number,
  end: number,
  access: HubAccess,
): Promise<Response> {
  const { id, revision, file } = subject;
  const path = file.split('/').map(encodeURIComponent).join('/');
  const url = new URL(`/${id}/resolve/${revision}/${path}`, access.hubUrl);
  return askHub(url, { Range: `bytes=${start}-${end - 1}` }, subject, access);
}

async function* readBody(
  response: Response,
  subject: Required<Subject>,
  bytes: number,
  start: number,
  end: number,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const reader = response.body!.getReader();
  const wanted = end - start;
  let got = 0;
  try {
    checkRange(response, subject, bytes, start, end);
    while (got < wanted) {
      const { done, value } = await reader.read();
      if (done) break;
      got += value.byteLength;
      // the end is seen before the last piece is given away: whoever has it need not ask once more
      if (got === wanted) got += (await reader.read()).value?.byteLength ?? 0;
      if (got <= wanted) yield value;
    }
  } finally {
    // ends the transfer when the reader stopped early; a body that failed has nothing left to end
    await reader.cancel().catch(() => undefined);
  }
  if (got !== wanted) {
    const { id, file } = subject;
    throw new KnownError('hub-size-wrong', { id, file, statedBytes: wanted, gotBytes: got });
  }
}

/** That the answer is the range that was asked for, of a file of the size that the listing stated. */
function checkRange(
  response: Response,
  subject: Required<Subject>,
  bytes: number,
  start: number,
  end: number,
): void {
  const { id, file } = subject;
  const range = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(response.headers.get('Content-Range') ?? '');
  if (response.status !== 206 || range === null) throw new KnownError('hub-range-ignored', { id, file });
  const [first, last, total] = range.slice(1).map(Number);
  if (total !== bytes)
    throw new KnownError('hub-size-wrong', { id, file, statedBytes: bytes, gotBytes: total! });
  if (first !== start || last !== end - 1) throw new KnownError('hub-range-ignored', { id, file });
}
