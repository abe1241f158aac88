import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openHub, pinRevision, type HubSource } from '../../src/source/hub.ts';
import type { HubAccess } from '../../src/source/hub-fetch.ts';
import { startHub, type Fault, type Hub } from '../support/hub.ts';

const folder = new URL('../fixtures/golden/bert/a', import.meta.url).pathname;
const otherFolder = new URL('../fixtures/golden/bert/b', import.meta.url).pathname;

let hub: Hub;

beforeAll(async () => {
  hub = await startHub({
    pageEntries: 4,
    repositories: {
      'fix/bert': { folder, revisions: { v1: otherFolder, 'refs/pr/1': otherFolder } },
      'fix/gated': { folder, access: 'gated' },
      'fix/private': { folder, access: 'private' },
      'fix/demo': new URL('../../public/demo/base', import.meta.url).pathname,
      single: folder,
    },
  });
});

afterEach(() => {
  hub.faults.clear();
  hub.log.length = 0;
  expect(hub.complaints.splice(0)).toEqual([]);
});

afterAll(() => hub.close());

/** What each fault is called does not depend on how often it is met: see hub-patience.test.ts for that. */
const backoffMs: readonly number[] = [];
const anyone = (): HubAccess => ({ hubUrl: hub.url, backoffMs });
const insider = (): HubAccess => ({ hubUrl: hub.url, token: hub.token, backoffMs });

function open(id = 'fix/bert', access = anyone()): HubSource {
  return openHub({ id, commit: hub.commit(id) }, access);
}

async function readAll(source: HubSource, path: string): Promise<Uint8Array> {
  const blob = await source.open(path);
  return new Uint8Array(await blob!.arrayBuffer());
}

describe('pinRevision', () => {
  test('gives the commit of a branch, a tag, a pull request and a commit', async () => {
    for (const revision of ['main', 'v1', 'refs/pr/1', hub.commit('fix/bert')]) {
      expect((await pinRevision({ id: 'fix/bert', revision }, anyone())).commit).toBe(
        hub.commit('fix/bert', revision),
      );
    }
  });

  test('pins a model without an owner', async () => {
    const { commit } = await pinRevision({ id: 'single', revision: 'main' }, anyone());
    expect(commit).toBe(hub.commit('single'));
  });

  test('learns the licence from the same answer', async () => {
    const hubId = { id: 'fix/demo', revision: 'main' };
    expect((await pinRevision(hubId, anyone())).licence).toBe('apache-2.0');
    expect((await pinRevision({ ...hubId, id: 'fix/bert' }, anyone())).licence).toBeUndefined();
    expect(hub.log).toHaveLength(2);
  });

  test('names the revision that is missing', async () => {
    await expect(pinRevision({ id: 'fix/bert', revision: 'v9' }, anyone())).rejects.toMatchObject({
      code: 'hub-revision-missing',
      facts: { id: 'fix/bert', revision: 'v9' },
    });
  });

  test('names the model that is missing, with and without a token', async () => {
    for (const access of [anyone(), insider()]) {
      await expect(pinRevision({ id: 'fix/none', revision: 'main' }, access)).rejects.toMatchObject({
        code: 'hub-repository-missing',
        facts: { id: 'fix/none' },
      });
    }
  });

  test('sees a private model only with a token that opens it', async () => {
    const hubId = { id: 'fix/private', revision: 'main' };
    expect((await pinRevision(hubId, insider())).commit).toBe(hub.commit('fix/private'));
    for (const access of [anyone(), { hubUrl: hub.url, token: hub.strangerToken }]) {
      await expect(pinRevision(hubId, access)).rejects.toMatchObject({ code: 'hub-repository-missing' });
    }
  });

  test('says that a token is not accepted', async () => {
    const access = { hubUrl: hub.url, token: 'no such token' };
    await expect(pinRevision({ id: 'fix/bert', revision: 'main' }, access)).rejects.toMatchObject({
      code: 'hub-unauthorised',
    });
  });

  test('says that the network fails', async () => {
    const closed = await startHub({ repositories: {} });
    await closed.close();
    await expect(
      pinRevision({ id: 'a/b', revision: 'main' }, { hubUrl: closed.url, backoffMs }),
    ).rejects.toMatchObject({
      code: 'hub-unreachable',
      facts: { host: new URL(closed.url).host },
    });
  });

  test.each([
    ['a page instead of JSON', '<html>'],
    ['no commit', '{}'],
    ['a commit that is none', '{"sha":"main"}'],
    ['null', 'null'],
  ])('refuses an answer with %s', async (_what, body) => {
    const server = createServer((_request, response) => response.end(body));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const hubUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await expect(pinRevision({ id: 'a/b', revision: 'main' }, { hubUrl })).rejects.toMatchObject({
      code: 'hub-answer-invalid',
    });
    server.closeAllConnections();
    server.close();
  });
});

describe('openHub', () => {
  test('lists every file over several pages, with what the Hub states', async () => {
    const entries = await open().list();
    expect(entries.map(({ path }) => path)).toEqual([
      ...['1_Pooling/config.json', 'config.json', 'config_sentence_transformers.json', 'model.safetensors'],
      ...['modules.json', 'sentence_bert_config.json', 'special_tokens_map.json', 'tokenizer.json'],
      'tokenizer_config.json',
    ]);
    expect(entries.find(({ path }) => path === 'model.safetensors')).toMatchObject({
      bytes: 139936,
      hash: { kind: 'sha256' },
      oid: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) as unknown,
    });
    expect(entries.find(({ path }) => path === 'config.json')).toMatchObject({
      bytes: 570,
      hash: { kind: 'git-sha1' },
      identity: expect.stringMatching(
        new RegExp(`^${hub.commit('fix/bert')}:git-sha1:[0-9a-f]{40}$`),
      ) as unknown,
    });
    expect(hub.log.filter(({ url }) => url.includes('/tree/'))).toHaveLength(3);
  });

  test('is named after the model and the commit', () => {
    expect(open().name).toBe(`fix/bert@${hub.commit('fix/bert').slice(0, 7)}`);
  });

  test('reads small and large files, whole and in ranges', async () => {
    for (const path of ['1_Pooling/config.json', 'model.safetensors']) {
      const want = new Uint8Array(await readFile(`${folder}/${path}`));
      const blob = (await open().open(path))!;
      expect(new Uint8Array(await blob.arrayBuffer())).toEqual(want);
      expect(new Uint8Array(await blob.slice(8, 100).arrayBuffer())).toEqual(want.slice(8, 100));
      expect(new Uint8Array(await blob.slice(-5).arrayBuffer())).toEqual(want.slice(-5));
    }
  });

  test('fetches only the bytes that are read', async () => {
    const blob = (await open().open('model.safetensors'))!;
    await blob.slice(0, 8).arrayBuffer();
    const [line] = hub.log.filter(({ at }) => at === 'files');
    expect(line).toMatchObject({ status: 206, range: 'bytes=0-7' });
    // eight bytes and the headers of the answer
    expect(line!.bytes).toBeLessThan(1024);
  });

  test('asks nothing for no bytes', async () => {
    const blob = (await open().open('model.safetensors'))!;
    hub.log.length = 0;
    expect(await blob.slice(7, 7).text()).toBe('');
    expect(hub.log).toEqual([]);
  });

  test('has nothing at a path that is not listed', async () => {
    expect(await open().open('none.json')).toBeUndefined();
  });

  test('sends the token to the Hub and not to the second origin', async () => {
    await readAll(open('fix/gated', insider()), 'model.safetensors');
    const told = hub.log.filter(({ at }) => at === 'hub').map(({ authorization }) => authorization);
    expect(new Set(told)).toEqual(new Set([`Bearer ${hub.token}`]));
    expect(hub.log.filter(({ at }) => at === 'files')).toMatchObject([
      { status: 206, authorization: undefined },
    ]);
  });

  test('follows no listing to another origin', async () => {
    const server = createServer((_request, response) => {
      response
        .setHeader('Link', '<https://example.org/api/models/a/b/tree/main?cursor=1>; rel="next"')
        .end('[]');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const hubUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const source = openHub({ id: 'a/b', commit: '0'.repeat(40) }, { hubUrl, token: 'hf_secret' });
    await expect(source.list()).rejects.toMatchObject({ code: 'hub-answer-invalid' });
    server.closeAllConnections();
    server.close();
  });

  test.each([
    ['a path that climbs', [{ type: 'file', path: '../config.json', size: 1, oid: 'a'.repeat(40) }]],
    ['no size', [{ type: 'file', path: 'config.json', oid: 'a'.repeat(40) }]],
    ['no hash', [{ type: 'file', path: 'config.json', size: 1 }]],
    [
      'half a hash',
      [{ type: 'file', path: 'model.safetensors', size: 1, lfs: { oid: 'a'.repeat(32), size: 1 } }],
    ],
    ['a file twice', Array(2).fill({ type: 'file', path: 'config.json', size: 1, oid: 'a'.repeat(40) })],
    ['no list', { error: 'none' }],
  ])('refuses a listing with %s', async (_what, listing) => {
    const server = createServer((_request, response) => response.end(JSON.stringify(listing)));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const hubUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const source = openHub({ id: 'a/b', commit: '0'.repeat(40) }, { hubUrl });
    await expect(source.list()).rejects.toMatchObject({ code: 'hub-answer-invalid' });
    server.closeAllConnections();
    server.close();
  });

  test('lists again after a listing that failed', async () => {
    const source = open();
    hub.faults.set('fix/bert', '500');
    await expect(source.list()).rejects.toMatchObject({ code: 'hub-status', facts: { status: 500 } });
    hub.faults.clear();
    expect(await source.list()).toHaveLength(9);
  });

  const faults: readonly (readonly [Fault, string, object])[] = [
    ['401', 'hub-repository-missing', { id: 'fix/bert' }],
    ['403-gated', 'hub-gated', { id: 'fix/bert' }],
    ['404-repository', 'hub-repository-missing', { id: 'fix/bert' }],
    ['404-revision', 'hub-revision-missing', { id: 'fix/bert' }],
    ['404-file', 'hub-file-missing', { id: 'fix/bert', file: 'model.safetensors' }],
    ['429', 'hub-busy', { seconds: 300 }],
    ['503', 'hub-status', { file: 'model.safetensors', status: 503 }],
    ['500', 'hub-status', { file: 'model.safetensors', status: 500 }],
    ['ignore-range', 'hub-range-ignored', { id: 'fix/bert', file: 'model.safetensors' }],
    ['wrong-size', 'hub-size-wrong', { file: 'model.safetensors', statedBytes: 139936, gotBytes: 139937 }],
    ['drop-after-5000', 'hub-unreachable', {}],
    ['offline', 'hub-unreachable', {}],
  ];
  test.each(faults)('answers %s with %s', async (fault, code, facts) => {
    const source = open();
    await source.list();
    hub.faults.set('fix/bert/model.safetensors', fault);
    await expect(readAll(source, 'model.safetensors')).rejects.toMatchObject({ code, facts });
  });

  test('refuses a file that was replaced between two reads by its name', async () => {
    const source = open();
    const file = (await source.open('model.safetensors'))!;
    await file.slice(0, 8).arrayBuffer();
    hub.faults.set('fix/bert/model.safetensors', 'replaced');
    await expect(file.slice(8, 100).arrayBuffer()).rejects.toMatchObject({
      code: 'source-changed',
      facts: { model: source.name, file: 'model.safetensors' },
    });
  });

  test('answers 401 to a token with hub-unauthorised', async () => {
    const source = open('fix/bert', insider());
    await source.list();
    hub.faults.set('fix/bert/model.safetensors', '401');
    await expect(readAll(source, 'model.safetensors')).rejects.toMatchObject({
      code: 'hub-unauthorised',
      facts: { id: 'fix/bert' },
    });
  });

  test('refuses a gated model to whom has no leave, by name', async () => {
    for (const access of [anyone(), { hubUrl: hub.url, token: hub.strangerToken }]) {
      const source = open('fix/gated', access);
      await expect(readAll(source, 'config.json')).rejects.toMatchObject({
        code: 'hub-gated',
        facts: { id: 'fix/gated' },
      });
    }
  });

  test('stops at once when told to, in the middle of a file that has stalled', async () => {
    const stop = new AbortController();
    const source = open('fix/bert', { hubUrl: hub.url, signal: stop.signal });
    await source.list();
    hub.faults.set('fix/bert/model.safetensors', 'stall');
    const reading = readAll(source, 'model.safetensors');
    setTimeout(() => stop.abort(), 100);
    const begun = performance.now();
    await expect(reading).rejects.toMatchObject({ name: 'AbortError' });
    // a second is what a person waits after Stop
    expect(performance.now() - begun).toBeLessThan(1000);
  });

  test('streams a file, and ends the transfer when the reader goes', async () => {
    const blob = (await open().open('model.safetensors'))!;
    const reader = blob.stream().getReader();
    const first = await reader.read();
    expect(first.value!.byteLength).toBeGreaterThan(0);
    await reader.cancel();
  });
});
