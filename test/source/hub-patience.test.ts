import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openHub, pinRevision } from '../../src/source/hub.ts';
import type { HubAccess } from '../../src/source/hub-fetch.ts';
import { busySeconds, pause, toWaitMs } from '../../src/source/hub-patience.ts';
import { startHub, type Hub } from '../support/hub.ts';

const folder = new URL('../fixtures/golden/bert/a', import.meta.url).pathname;

let hub: Hub;
beforeAll(async () => void (hub = await startHub({ repositories: { 'fix/bert': folder } })));
afterEach(() => {
  hub.faults.clear();
  hub.log.length = 0;
  expect(hub.complaints.splice(0)).toEqual([]);
});
afterAll(() => hub.close());

/** Three more attempts, as the app has, without its waits. */
function access(signal?: AbortSignal): HubAccess {
  return { hubUrl: hub.url, backoffMs: [0, 0, 0], signal };
}

async function pin(signal?: AbortSignal): Promise<string> {
  return (await pinRevision({ id: 'fix/bert', revision: 'main' }, access(signal))).commit;
}

const statuses = (): number[] => hub.log.map(({ status }) => status);

describe('a request to the Hub', () => {
  test.each(['500', '503', '429', '429-after-0', '429-reset-0'] as const)(
    'is made again after %s, three times at most',
    async (fault) => {
      hub.faults.set('fix/bert', [fault, fault, fault]);
      expect(await pin()).toBe(hub.commit('fix/bert'));
      const refused = Number(fault.slice(0, 3));
      expect(statuses()).toEqual([refused, refused, refused, 200]);

      hub.log.length = 0;
      hub.faults.set('fix/bert', fault);
      const code = fault.startsWith('429') ? 'hub-busy' : 'hub-status';
      await expect(pin()).rejects.toMatchObject({ code });
      expect(hub.log).toHaveLength(4);
    },
  );

  test('is made again after a connection that failed', async () => {
    hub.faults.set('fix/bert', ['offline', 'offline']);
    expect(await pin()).toBe(hub.commit('fix/bert'));
    expect(hub.log).toHaveLength(3);
  });

  test.each(['401', '403-gated', '404-repository', '404-revision'] as const)(
    'is not made again after %s',
    async (fault) => {
      hub.faults.set('fix/bert', fault);
      await expect(pin()).rejects.toThrow();
      expect(hub.log).toHaveLength(1);
    },
  );

  test('waits as long as it is told', async () => {
    hub.faults.set('fix/bert', ['429-after-1']);
    const begun = performance.now();
    await pin();
    // Node's timers may ring a millisecond early
    expect(performance.now() - begun).toBeGreaterThanOrEqual(999);
  });

  test('is refused with the seconds when it would have to wait more than a minute', async () => {
    for (const fault of ['429-after-61', '429-reset-61'] as const) {
      hub.faults.set('fix/bert', fault);
      await expect(pin()).rejects.toMatchObject({
        code: 'hub-busy',
        facts: { host: new URL(hub.url).host, seconds: 61 },
      });
    }
    expect(hub.log).toHaveLength(2);
  });

  test('that waits is stopped at once', async () => {
    const stop = new AbortController();
    hub.faults.set('fix/bert', '429-after-60');
    const pinning = pin(stop.signal);
    setTimeout(() => stop.abort(), 100);
    const begun = performance.now();
    await expect(pinning).rejects.toMatchObject({ name: 'AbortError' });
    // a second is what a person waits after Stop
    expect(performance.now() - begun).toBeLessThan(1000);
  });
});

describe('a range', () => {
  const read = async (): Promise<number> => {
    const source = openHub({ id: 'fix/bert', commit: hub.commit('fix/bert') }, access());
    return (await (await source.open('model.safetensors'))!.arrayBuffer()).byteLength;
  };

  test('whose body breaks off goes on from its last byte', async () => {
    hub.faults.set('fix/bert/model.safetensors', ['drop-after-100000', 'drop-after-100']);
    expect(await read()).toBe(139936);
    const ranges = hub.log.filter(({ at }) => at === 'files').map(({ range }) => range);
    expect(ranges).toEqual(['bytes=0-139935', 'bytes=100000-139935', 'bytes=100100-139935']);
  });

  test('whose body breaks off before its first byte is given up after three more attempts', async () => {
    hub.faults.set('fix/bert/model.safetensors', 'drop-after-0');
    await expect(read()).rejects.toMatchObject({ code: 'hub-unreachable' });
    expect(hub.log.filter(({ at }) => at === 'files')).toHaveLength(4);
  });

  test('that always breaks off goes on for as long as each attempt brings something', async () => {
    hub.faults.set('fix/bert/model.safetensors', 'drop-after-20000');
    expect(await read()).toBe(139936);
    expect(hub.log.filter(({ at }) => at === 'files')).toHaveLength(7);
  });

  test('that goes on elsewhere in the file is refused', async () => {
    hub.faults.set('fix/bert/model.safetensors', ['drop-after-100', 'ignore-range']);
    await expect(read()).rejects.toMatchObject({ code: 'hub-range-ignored' });
  });
});

describe('toWaitMs', () => {
  const answer = (status: number, headers: Readonly<Record<string, string>> = {}): Response =>
    new Response('', { status, headers });

  test.each([
    ['nothing is said', {}, 700],
    ['seconds', { 'Retry-After': '7' }, 7000],
    ['a date that is past', { 'Retry-After': 'Wed, 21 Oct 2015 07:28:00 GMT' }, 0],
    ['the rest of the window', { RateLimit: '"resolvers";r=0;t=12' }, 12_000],
    ['more than a minute', { 'Retry-After': '61' }, undefined],
  ])('where %s', (_what, headers, waitMs) => {
    expect(toWaitMs(answer(429, headers), 700)).toBe(waitMs);
  });

  test('has no wait for the last attempt, nor for what waiting does not mend', () => {
    expect(toWaitMs(answer(503), undefined)).toBeUndefined();
    expect(toWaitMs(answer(404), 700)).toBeUndefined();
  });
});

describe('busySeconds', () => {
  test('is the whole window where nothing is said', () => {
    expect(busySeconds(new Headers())).toBe(300);
    expect(busySeconds(new Headers({ 'Retry-After': '90' }))).toBe(90);
  });
});

describe('pause', () => {
  test('is over before it begins when the signal was aborted', async () => {
    await expect(pause(10, AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' });
  });
});
