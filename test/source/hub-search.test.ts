/** The Hub's list at the trust boundary: odd fields, odd answers, and every way to be refused. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { searchHub } from '../../src/source/hub-search.ts';
import { startHub, type Fault } from '../support/hub.ts';

let server: Server | undefined;
afterEach(() => void server?.close());

/** What is made of a Hub that answers with `body` and nothing else. */
async function read(body: string) {
  server = createServer((_, response) => void response.end(body));
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return searchHub('bge', 20, { hubUrl: `http://127.0.0.1:${port}` });
}

const nothingStated = {
  ...{ downloads: undefined, access: 'open', updatedMs: undefined, library: undefined, tags: undefined },
  ...{ modelType: undefined, architecture: undefined, quantisation: undefined, elements: undefined },
  licence: undefined,
};

describe('searchHub', () => {
  test('reads what is stated', async () => {
    const entry = {
      ...{ _id: '0', id: 'a/b', downloads: 12, likes: 3, gated: 'manual', private: false },
      ...{ lastModified: '2026-01-02T03:04:05.000Z', library_name: 'transformers' },
      ...{ tags: ['safetensors', 'license:mit'], pipeline_tag: 'feature-extraction' },
      config: { architectures: ['BertModel'], model_type: 'bert', tokenizer_config: {} },
      safetensors: { parameters: { I64: 512, F32: 1000 }, total: 1512 },
    };
    expect(await read(JSON.stringify([entry]))).toEqual([
      {
        ...{ id: 'a/b', downloads: 12, access: 'gated', library: 'transformers', licence: 'mit' },
        ...{ tags: ['safetensors', 'license:mit'], modelType: 'bert', architecture: 'BertModel' },
        ...{ updatedMs: Date.UTC(2026, 0, 2, 3, 4, 5), quantisation: undefined },
        elements: { I64: 512, F32: 1000 },
      },
    ]);
  });

  test.each([
    ['nothing but a name', {}],
    [
      'fields of other kinds',
      {
        ...{ downloads: 'many', gated: 7, lastModified: 'once', library_name: 4, tags: 'mit' },
        ...{ config: [], safetensors: { parameters: { F32: -1 } } },
      },
    ],
    [
      'nulls',
      { downloads: null, gated: null, lastModified: null, tags: null, config: null, safetensors: null },
    ],
    ['settings of other kinds', { config: { model_type: 3, architectures: 'Bert' } }],
    ['numbers that are none', { downloads: 1.5, safetensors: { parameters: { F32: 1e300 } } }],
  ])('takes %s for not stated', async (_, fields) => {
    expect(await read(JSON.stringify([{ _id: '0', id: 'a/b', ...fields }]))).toEqual([
      { id: 'a/b', ...nothingStated },
    ]);
  });

  test('leaves out tags that are not text, and entries without a name', async () => {
    const entries = [{ id: 'a/b', tags: [1, 'license:mit', null] }, { id: 5 }, { downloads: 3 }];
    const found = await read(JSON.stringify(entries));
    expect(found.map(({ id, tags, licence }) => [id, tags, licence])).toEqual([
      ['a/b', ['license:mit'], 'mit'],
    ]);
  });

  test.each(['<html>', '{"error":"x"}', '7', '[null]'])(
    'says that the answer %s makes no sense',
    async (body) => {
      await expect(read(body)).rejects.toMatchObject({ code: 'hub-answer-invalid', facts: { id: 'bge' } });
    },
  );

  test.each<[Fault, string]>([
    ['offline', 'hub-unreachable'],
    ['429', 'hub-busy'],
    ['500', 'hub-status'],
  ])('says what went wrong: %s', async (fault, code) => {
    const hub = await startHub({ repositories: {} });
    hub.faults.set('search', fault);
    try {
      await expect(searchHub('bge', 20, { hubUrl: hub.url, backoffMs: [0] })).rejects.toMatchObject({ code });
    } finally {
      await hub.close();
    }
  });

  test('says that a token is not accepted', async () => {
    const hub = await startHub({ repositories: {} });
    try {
      await expect(searchHub('bge', 20, { hubUrl: hub.url, token: 'none' })).rejects.toMatchObject({
        code: 'hub-unauthorised',
      });
    } finally {
      await hub.close();
    }
  });
});
