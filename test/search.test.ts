import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { describe as describeListing, searchModels } from '../src/search.ts';
import type { HubListing } from '../src/source/hub-search.ts';
import { makeShelf } from './support/hub-shelf.ts';
import { startHub, type Hub } from './support/hub.ts';

const shelf = makeShelf();
let hub: Hub;

beforeAll(async () => void (hub = await startHub({ repositories: shelf.repositories })));
afterEach(() => {
  hub.log.length = 0;
  expect(hub.complaints.splice(0)).toEqual([]);
});
afterAll(async () => {
  await hub.close();
  shelf.remove();
});

async function search(query: string, token?: string) {
  return (await searchModels(query, 20, { hubUrl: hub.url, token })).models;
}

describe('searchModels', () => {
  test('tells what the list shows, most downloaded first', async () => {
    const [first, second, third] = await search('bert');
    expect(first).toEqual({
      id: 'kitchen/bert-a',
      downloads: 1_234_567,
      // the golden model's own: every value is float32
      parameterCount: 33_984,
      bytes: 135_936,
      architecture: 'bert',
      licence: 'apache-2.0',
      access: 'open',
      updatedMs: Date.parse('2026-01-01T00:00:00.000Z'),
      problems: [],
    });
    expect([second?.id, third?.id, third?.licence]).toEqual([
      'kitchen/bert-b',
      'kitchen/bert-bare',
      undefined,
    ]);
  });

  test('says which cannot be used, and why', async () => {
    const found = await search('kitchen');
    const problems = Object.fromEntries(
      found.map(({ id, access, problems }) => [
        id.slice('kitchen/'.length),
        [
          ...problems.map(({ severity, code }) => `${severity} ${code}`),
          ...(access === 'open' ? [] : [access]),
        ],
      ]),
    );
    expect(problems).toEqual({
      'bert-a': [],
      'bert-b': [],
      'bert-bare': [],
      'bert-gated': ['gated'],
      'bert-lora': ['refused model-adapter'],
      'bert-onnx': ['refused checkpoint-missing'],
      'bert-4bit': ['refused model-quantised'],
      'bert-gguf': ['refused model-quantised'],
      'mamba-small': ['note architecture-unknown'],
    });
  });

  test('sees private models with a token that opens them, and sends it', async () => {
    const ids = async (token?: string) => (await search('private', token)).map(({ id }) => id);
    expect(await ids()).toEqual([]);
    expect(await ids(hub.strangerToken)).toEqual([]);
    expect(await ids(hub.token)).toEqual(['kitchen/bert-private']);
    expect(hub.log.at(-1)?.authorization).toBe(`Bearer ${hub.token}`);
  });

  test('asks once, for one more than it shows, and so knows whether there are more', async () => {
    const access = { hubUrl: hub.url };
    expect(await searchModels('bert', 2, access)).toMatchObject({ models: { length: 2 }, more: 'yes' });
    expect(await searchModels('bert', 8, access)).toMatchObject({ models: { length: 8 }, more: 'no' });
    expect(hub.log.map(({ url }) => new URL(url, hub.url).searchParams.get('limit'))).toEqual(['3', '9']);
  });

  test('finds nothing without a failure', async () => {
    expect(await search('no such model')).toEqual([]);
  });
});

describe('describe', () => {
  const listing: HubListing = {
    ...{ id: 'a/b', downloads: undefined, access: 'open', updatedMs: undefined, library: undefined },
    ...{ tags: undefined, modelType: undefined, architecture: undefined, quantisation: undefined },
    ...{ elements: undefined, licence: undefined },
  };
  const codes = (more: Partial<HubListing>) =>
    describeListing({ ...listing, ...more }).problems.map(({ code }) => code);

  test('holds nothing against a model of which nothing is stated', () => {
    expect(describeListing(listing)).toMatchObject({
      parameterCount: undefined,
      bytes: undefined,
      problems: [],
    });
  });

  test('counts bytes only where every dtype is known', () => {
    const sized = (elements: Record<string, number>) => describeListing({ ...listing, elements });
    expect(sized({ F16: 10, I64: 1 })).toMatchObject({ parameterCount: 11, bytes: 28 });
    expect(sized({ F16: 10, F8_E4M3: 5 })).toMatchObject({ parameterCount: 15, bytes: undefined });
  });

  test.each<[string, Partial<HubListing>, string[]]>([
    ['an adapter by its library', { library: 'peft' }, ['model-adapter']],
    ['an adapter by what it is based on', { tags: ['base_model:adapter:x/y'] }, ['model-adapter']],
    ['a fine-tuned model', { tags: ['safetensors', 'base_model:finetune:x/y'] }, []],
    ['a quantised model by its tag', { tags: ['safetensors', '4-bit'] }, ['model-quantised']],
    ['GGUF beside safetensors', { tags: ['gguf', 'safetensors'] }, []],
    ['headers without a tag', { tags: ['pytorch'], elements: { F32: 1 } }, []],
    ['PyTorch files alone', { tags: ['pytorch'] }, []],
    ['files of other libraries alone', { tags: ['onnx', 'tf'] }, ['checkpoint-missing']],
  ])('judges %s', (_, more, want) => {
    expect(codes(more)).toEqual(want);
  });

  test.each([
    [{ quantisation: 'awq' }, 'awq'],
    [{ quantisation: '', tags: ['8-bit'] }, '8-bit'],
    [{ quantisation: '' }, 'quantization_config'],
  ])('says how a model is quantised: %j', (more, how) => {
    expect(describeListing({ ...listing, ...more }).problems[0]?.facts).toEqual({ model: 'a/b', how });
  });
});
