import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openDemo, readDemoExamples, readDemoManifest } from '../../src/source/demo.ts';

const folder = new URL('../../public/demo', import.meta.url).pathname;

let server: Server;
let baseUrl: string;
/** What is served in place of a file, and how often each was asked for. */
const replaced = new Map<string, string>();
const asked: string[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    const path = request.url!.slice('/demo'.length);
    asked.push(path);
    const other = replaced.get(path);
    if (other !== undefined) return void response.end(other);
    readFile(folder + path).then(
      (bytes) => response.end(bytes),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/demo`;
});

beforeEach(() => {
  replaced.clear();
  asked.length = 0;
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

describe('readDemoManifest', () => {
  test('names the models, the base first', async () => {
    const { models } = await readDemoManifest(baseUrl);
    expect(models.map(({ name }) => name)).toEqual(['base', 'bank', 'science', 'words']);
  });

  test('says that a server answered with another page', async () => {
    replaced.set('/manifest.json', '<html>');
    await expect(readDemoManifest(baseUrl)).rejects.toMatchObject({
      code: 'demo-unavailable',
      facts: { file: 'manifest.json', status: 200 },
    });
  });

  test('says that nobody answers', async () => {
    await expect(readDemoManifest('http://127.0.0.1:1/demo')).rejects.toMatchObject({
      code: 'demo-unavailable',
      facts: { file: 'manifest.json', status: 0 },
    });
  });
});

describe('readDemoExamples', () => {
  test('gives five examples', async () => {
    expect(JSON.parse(await readDemoExamples(baseUrl))).toHaveLength(5);
  });
});

describe('openDemo', () => {
  test('lists a model with its hashes, card and all', async () => {
    const entries = await openDemo('base', baseUrl).list();
    expect(entries.map(({ path }) => path)).toContain('README.md');
    expect(entries.find(({ path }) => path === 'model.safetensors')).toMatchObject({
      bytes: 3724576,
      oid: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) as unknown,
    });
  });

  test('opens every file of every model, each as the manifest states', async () => {
    for (const { name } of (await readDemoManifest(baseUrl)).models) {
      const source = openDemo(name, `${baseUrl}/`);
      for (const { path, bytes } of await source.list()) expect((await source.open(path))!.size).toBe(bytes);
    }
  });

  test('fetches a file once', async () => {
    const source = openDemo('base', baseUrl);
    await source.open('config.json');
    await source.open('config.json');
    expect(asked.filter((path) => path === '/base/config.json')).toHaveLength(1);
  });

  test('has nothing at a path that is not listed', async () => {
    expect(await openDemo('base', baseUrl).open('none.json')).toBeUndefined();
  });

  test('refuses a file that is not the one of the manifest, and fetches it again the next time', async () => {
    const source = openDemo('base', baseUrl);
    const text = await readFile(`${folder}/base/config.json`, 'utf8');
    replaced.set('/base/config.json', text.replace('4', '5'));
    await expect(source.open('config.json')).rejects.toMatchObject({
      code: 'demo-unavailable',
      facts: { file: 'base/config.json', status: 200 },
    });
    replaced.clear();
    expect(await (await source.open('config.json'))!.text()).toBe(text);
  });

  test('names a model that does not come with the app', async () => {
    await expect(openDemo('none', baseUrl).list()).rejects.toMatchObject({
      code: 'demo-unavailable',
      facts: { file: 'none', status: 404 },
    });
  });
});
