import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Waiting } from '../../src/progress.ts';
import type { HubAccess } from '../../src/source/hub-fetch.ts';
import { openHub, pinRevision } from '../../src/source/hub.ts';
import type { Network } from '../../src/source/network.ts';
import { Waits } from '../../src/source/waits.ts';
import { startHub, type Hub } from '../support/hub.ts';

const folder = new URL('../fixtures/golden/bert/a', import.meta.url).pathname;
const checkpoint = 'fix/bert/model.safetensors';
const checkpointBytes = 139936;

let hub: Hub;
beforeAll(async () => void (hub = await startHub({ repositories: { 'fix/bert': folder } })));
afterEach(() => {
  hub.faults.clear();
  hub.log.length = 0;
  expect(hub.complaints.splice(0)).toEqual([]);
});
afterAll(() => hub.close());

/** Node says nothing of its network: what a browser would say. */
class Cable implements Network {
  plugged: 'in' | 'out' = 'in';

  isOffline(): boolean {
    return this.plugged === 'out';
  }
}

/** What somebody who hears of waits hears. */
function listen(): { readonly waits: Waits; readonly heard: (Waiting | undefined)[] } {
  const waits = new Waits();
  const heard: (Waiting | undefined)[] = [];
  waits.hear((waiting) => heard.push(waiting));
  return { waits, heard };
}

const pin = async (access: Omit<HubAccess, 'hubUrl'>): Promise<string> =>
  (await pinRevision({ id: 'fix/bert', revision: 'main' }, { hubUrl: hub.url, ...access })).commit;

const read = async (access: Omit<HubAccess, 'hubUrl'>): Promise<number> => {
  const source = openHub({ id: 'fix/bert', commit: hub.commit('fix/bert') }, { hubUrl: hub.url, ...access });
  return (await (await source.open('model.safetensors'))!.arrayBuffer()).byteLength;
};

const ranges = () => hub.log.filter(({ at }) => at === 'files').map(({ range }) => range);

describe('a connection that brings nothing', () => {
  test('is given up, and the range goes on from its last byte', async () => {
    hub.faults.set(checkpoint, ['stall']);
    const { waits, heard } = listen();
    expect(await read({ backoffMs: [0], stallMs: 1000, waits })).toBe(checkpointBytes);
    expect(ranges()).toEqual(['bytes=0-139935', 'bytes=69968-139935']);
    expect(heard).toContainEqual({ why: 'broken', seconds: 0 });
    expect(heard.at(-1)).toBeUndefined();
  });

  test('before its answer is asked again', async () => {
    hub.faults.set('fix/bert', ['silent']);
    expect(await pin({ backoffMs: [0], stallMs: 1000 })).toBe(hub.commit('fix/bert'));
    expect(hub.log).toHaveLength(2);
  });

  test('time after time is unreachable', async () => {
    hub.faults.set('fix/bert', 'silent');
    await expect(pin({ backoffMs: [0, 0], stallMs: 50 })).rejects.toMatchObject({ code: 'hub-unreachable' });
    expect(hub.log).toHaveLength(3);
  });
});

describe('a computer without a network', () => {
  test('waits for it when somebody hears of that, without counting, and goes on by itself', async () => {
    const network = new Cable();
    network.plugged = 'out';
    hub.faults.set(checkpoint, ['drop-after-100000']);
    const { waits, heard } = listen();
    const plugIn = waits.hear((waiting) => {
      if (waiting?.why === 'offline') setTimeout(() => (network.plugged = 'in'), 50);
    });
    // nothing is tried twice: the wait is none of the attempts
    expect(await read({ backoffMs: [], network, waits })).toBe(checkpointBytes);
    plugIn();
    expect(ranges()).toEqual(['bytes=0-139935', 'bytes=100000-139935']);
    expect(heard).toEqual([{ why: 'offline' }, undefined]);
  });

  test('is asked again after a while all the same: the browser may be wrong', async () => {
    const network = new Cable();
    network.plugged = 'out';
    hub.faults.set('fix/bert', ['offline']);
    expect(await pin({ backoffMs: [], network, waits: listen().waits })).toBe(hub.commit('fix/bert'));
    expect(network.isOffline()).toBe(true);
  });

  test('is no reason to wait where the Hub answers, or where nobody hears of it', async () => {
    const network = new Cable();
    network.plugged = 'out';
    const { waits, heard } = listen();
    expect(await pin({ backoffMs: [], network, waits })).toBe(hub.commit('fix/bert'));
    expect(heard).toEqual([]);
    hub.faults.set('fix/bert', 'offline');
    await expect(pin({ backoffMs: [0], network, waits: new Waits() })).rejects.toMatchObject({
      code: 'hub-unreachable',
    });
    expect(hub.log).toHaveLength(3);
  });

  test('is not waited for after a stop', async () => {
    const network = new Cable();
    network.plugged = 'out';
    hub.faults.set('fix/bert', 'offline');
    const stop = new AbortController();
    const waits = new Waits();
    waits.hear(() => stop.abort());
    await expect(pin({ network, waits, signal: stop.signal })).rejects.toMatchObject({ name: 'AbortError' });
    expect(hub.log).toHaveLength(1);
  });
});

describe('a Hub that asks to wait', () => {
  test('is left alone by everybody, and says how long', async () => {
    hub.faults.set('fix/bert', ['429-reset-1']);
    const { waits, heard } = listen();
    const first = pin({ waits });
    await expect.poll(() => heard).toEqual([{ why: 'busy', seconds: 1 }]);
    const late: (Waiting | undefined)[] = [];
    waits.hear((waiting) => late.push(waiting));
    expect(late).toEqual([{ why: 'busy', seconds: 1 }]);
    const second = pin({ waits });
    await new Promise((resolve) => setTimeout(resolve, 200));
    // the second has not been asked yet
    expect(hub.log).toHaveLength(1);
    await Promise.all([first, second]);
    expect(hub.log.map(({ status }) => status)).toEqual([429, 200, 200]);
    expect(heard.at(-1)).toBeUndefined();
  });

  test('may ask for its whole window where somebody hears of it', async () => {
    hub.faults.set('fix/bert', '429-after-299');
    const stop = new AbortController();
    const waits = new Waits();
    const heard: (Waiting | undefined)[] = [];
    waits.hear((waiting) => {
      heard.push(waiting);
      stop.abort();
    });
    await expect(pin({ waits, signal: stop.signal })).rejects.toMatchObject({ name: 'AbortError' });
    expect(heard).toEqual([{ why: 'busy', seconds: 299 }]);
  });

  test('with an error of its own is asked again', async () => {
    hub.faults.set('fix/bert', ['503']);
    const { waits, heard } = listen();
    expect(await pin({ backoffMs: [0], waits })).toBe(hub.commit('fix/bert'));
    expect(heard).toEqual([{ why: 'failing', seconds: 0 }, undefined]);
  });
});
