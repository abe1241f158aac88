import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { recordFetch, type LedgerEntry } from '../../src/source/ledger.ts';
import { startHub, type Hub } from '../support/hub.ts';

const folder = new URL('../fixtures/golden/bert/a', import.meta.url).pathname;
const own = 'http://own.example';

let hub: Hub;
beforeAll(async () => void (hub = await startHub({ repositories: { 'fix/bert': folder } })));
afterAll(() => hub.close());

/** A `fetch` of the page at `own`, and what it has told so far, the latest of each request. */
function watch(ownOrigin = own, plain = fetch) {
  const told: LedgerEntry[] = [];
  const ask = recordFetch(plain, ownOrigin, (entry) => told.push(entry));
  return { ask, told, latest: () => [...new Map(told.map((entry) => [entry.id, entry])).values()] };
}

function fileUrl(file: string): string {
  return `${hub.url}/fix/bert/resolve/main/${file}`;
}

describe('recordFetch', () => {
  test('tells of a request when it is asked, and of its bytes at its end', async () => {
    const { ask, told, latest } = watch();
    const response = await ask(fileUrl('config.json'));
    expect(told[0]).toMatchObject({
      url: fileUrl('config.json'),
      method: 'GET',
      status: 0,
      state: 'running',
    });
    expect(latest()).toMatchObject([{ status: 200, receivedBytes: 0, state: 'running' }]);
    const bytes = (await response.arrayBuffer()).byteLength;
    expect(bytes).toBe(570);
    expect(latest()).toMatchObject([{ status: 200, receivedBytes: 570, sentBytes: 0, state: 'done' }]);
  });

  test('gives the answer as it came, with the address that gave it', async () => {
    const { ask, latest } = watch();
    const response = await ask(fileUrl('model.safetensors'), { headers: { Range: 'bytes=0-7' } });
    expect(response).toMatchObject({ status: 206, redirected: true, ok: true });
    expect(response.url.startsWith(hub.cdnUrl)).toBe(true);
    expect(response.headers.get('Content-Range')).toBe('bytes 0-7/139936');
    await response.arrayBuffer();
    expect(latest()).toMatchObject([
      { url: fileUrl('model.safetensors'), finalUrl: response.url, status: 206, receivedBytes: 8 },
    ]);
  });

  test('tells nothing of the own origin, nor of addresses that ask nobody', async () => {
    const { ask, told } = watch(hub.url);
    await (await ask(`${hub.url}/api/models/fix/bert/revision/main`)).text();
    expect(await (await ask('data:text/plain,here')).text()).toBe('here');
    const blob = URL.createObjectURL(new Blob(['there']));
    expect(await (await ask(blob)).text()).toBe('there');
    expect(told).toEqual([]);
  });

  test('tells of what the own origin sends elsewhere for', async () => {
    const { ask, latest } = watch(hub.url);
    const response = await ask(fileUrl('model.safetensors'), { headers: { Range: 'bytes=0-7' } });
    await response.arrayBuffer();
    expect(response.url.startsWith(hub.cdnUrl)).toBe(true);
    expect(latest()).toMatchObject([
      { url: fileUrl('model.safetensors'), finalUrl: response.url, receivedBytes: 8, state: 'done' },
    ]);
  });

  test('has an end for a body that is not read, one that is given up, and one that never comes', async () => {
    const { ask, latest } = watch();
    expect((await ask(fileUrl('config.json'), { method: 'HEAD' })).body).toBeNull();
    await (await ask(fileUrl('tokenizer.json'))).body!.cancel();
    const gone = await startHub({ repositories: {} });
    await gone.close();
    await expect(ask(gone.url)).rejects.toThrow(TypeError);
    await expect(ask(fileUrl('config.json'), { signal: AbortSignal.abort() })).rejects.toMatchObject({
      name: 'AbortError',
    });
    expect(latest().map(({ method, status, state }) => [method, status, state])).toEqual([
      ['HEAD', 200, 'done'],
      ['GET', 200, 'stopped'],
      ['GET', 0, 'failed'],
      ['GET', 0, 'stopped'],
    ]);
  });

  test('tells of a body that breaks off, with the bytes that came', async () => {
    hub.faults.set('fix/bert/model.safetensors', ['drop-after-5000']);
    const { ask, latest } = watch();
    await expect((await ask(fileUrl('model.safetensors'))).arrayBuffer()).rejects.toThrow();
    expect(latest()).toMatchObject([{ status: 200, state: 'failed', receivedBytes: 5000 }]);
  });

  test.each([
    ['a text', 'für', 4],
    ['form fields', new URLSearchParams({ a: 'b c' }), 5],
    ['a file', new Blob(['12345']), 5],
    ['a buffer', new ArrayBuffer(3), 3],
    ['a view', new Uint16Array(2), 4],
  ])('counts what is sent: %s', async (_what, body, bytes) => {
    const { ask, latest } = watch(own, () => Promise.resolve(new Response(null, { status: 204 })));
    await ask('https://hub.example/', { method: 'POST', body });
    expect(latest()).toMatchObject([{ method: 'POST', sentBytes: bytes, status: 204, state: 'done' }]);
  });

  test('sends no body that cannot be counted', async () => {
    const { ask, told } = watch(own, () => Promise.reject(new Error('it was sent')));
    const body = new ReadableStream();
    await expect(ask('https://hub.example/', { method: 'POST', body })).rejects.toThrow('unknown size');
    expect(told).toEqual([]);
  });
});
