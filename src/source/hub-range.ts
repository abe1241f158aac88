/**
 * One range of one file on the Hub, as it arrives: the only request that brings values, and so the one whose
 * answer is believed least. A server that ignores the range would otherwise shift every byte in silence.
 *
 * Source: RFC 9110, 14 (range requests)
 */
import { KnownError } from '../errors.ts';
import { askHub, Attempts, readBody, toHubError, type HubAccess, type Subject } from './hub-fetch.ts';

/**
 * Bytes `start` to `end` of a file of `bytes` bytes. A body that breaks off, or brings nothing
 * any more, goes on from its last byte; what counts is how often nothing came in between. Throws `hub-range-ignored` and `hub-size-wrong` when the answer is anything else, before its first byte where its
 * header tells, and `hub-unreachable`.
 */
export async function* readHubRange(
  subject: Required<Subject>,
  bytes: number,
  start: number,
  end: number,
  access: HubAccess,
  check: (response: Response) => void = () => undefined,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const attempts = new Attempts(access);
  for (let at = start; at < end;) {
    const begun = at;
    const response = await askRange(subject, at, end, access);
    try {
      for await (const piece of readRange(response, subject, bytes, at, end, access, check)) {
        at += piece.byteLength;
        yield piece;
      }
      return;
    } catch (error) {
      if (at > begun) attempts.renew();
      await attempts.failed(error).catch((error: unknown) => {
        throw toHubError(error, subject, access);
      });
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

async function* readRange(
  response: Response,
  subject: Required<Subject>,
  bytes: number,
  start: number,
  end: number,
  access: HubAccess,
  check: (response: Response) => void,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  try {
    checkRange(response, subject, bytes, start, end);
    check(response);
  } catch (error) {
    // a body that nobody wants may be a whole file
    await response.body?.cancel().catch(() => undefined);
    throw error;
  }
  const pieces = readBody(response, access);
  const wanted = end - start;
  let got = 0;
  try {
    while (got < wanted) {
      const { done, value } = await pieces.next();
      if (done === true) break;
      got += value.byteLength;
      // the end is seen before the last piece is given away: whoever has it need not ask once more
      if (got === wanted) got += (await pieces.next()).value?.byteLength ?? 0;
      if (got <= wanted) yield value;
    }
  } finally {
    await pieces.return(undefined);
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
