import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { compareAll, inspectModel, type NamedSource } from '../src/pipeline.ts';
import type { Source } from '../src/source/source.ts';
import { folderSource } from './model/models.ts';

const golden = join(import.meta.dirname, 'fixtures/golden/bert');
const families = join(import.meta.dirname, 'fixtures/families');

/** A golden model, or one of another family, with some of its files replaced or, where `undefined`, absent. */
async function open(
  model: 'a' | 'b' | 'c',
  files: Readonly<Record<string, string | undefined>> = {},
  folder = golden,
): Promise<NamedSource> {
  const source = await folderSource(join(folder, model), model);
  const replaced: Source = {
    name: model,
    list: async () =>
      (await source.list()).filter(({ path }) => !(path in files) || files[path] !== undefined),
    async open(path) {
      if (!(path in files)) return source.open(path);
      const text = files[path];
      return text === undefined ? undefined : new Blob([text]);
    },
  };
  return { ref: { kind: 'local', name: model, files: [] }, source: replaced };
}

const modulesWith = (...types: readonly string[]): string =>
  JSON.stringify(
    types.map((type, idx) => ({
      idx,
      name: String(idx),
      path: type === 'Transformer' ? '' : `${idx}_${type}`,
      type: `sentence_transformers.models.${type}`,
    })),
  );

function unlicensed(models: string) {
  return { severity: 'note', code: 'licence-unknown', facts: { models } };
}

describe('inspectModel', () => {
  test('tells what a card shows, without refusals', async () => {
    expect(await inspectModel(await open('a'))).toMatchObject({
      name: 'a',
      modelType: 'bert',
      dtypes: ['F32'],
      checkpointBytes: 139936,
      bytesToFetch: 0,
      pooling: 'mean',
      normalised: true,
      maxTokens: 128,
      prompts: { query: 'query: ', document: '' },
      promptsFrom: 'repository',
      problems: [],
    });
  });

  test('says that CLS pooling is assumed where the model states none', async () => {
    const { pooling, problems } = await inspectModel(await open('a', { 'modules.json': undefined }));
    expect(pooling).toBe('cls');
    expect(problems).toEqual([
      { severity: 'note', code: 'pooling-assumed', facts: { model: 'a', pooling: 'cls' } },
    ]);
  });

  test.each([
    ['tokenizer-missing', { 'tokenizer.json': undefined }],
    ['architecture-unknown', { 'config.json': '{"model_type": "mamba", "architectures": ["MambaModel"]}' }],
    ['module-unknown', { 'modules.json': modulesWith('Transformer', 'Pooling', 'LayerNorm') }],
  ])('refuses scoring with %s and still tells the rest', async (code, files) => {
    const facts = await inspectModel(await open('a', files));
    const refused = facts.problems.filter(({ severity }) => severity === 'refused');
    expect(refused.map((problem) => problem.code)).toEqual([code]);
    expect(facts.parameterCount).toBeGreaterThan(30_000);
  });

  test('cannot open a model without the values of its Dense module', async () => {
    const model = await open('a', { 'modules.json': modulesWith('Transformer', 'Pooling', 'Dense') });
    await expect(inspectModel(model)).rejects.toMatchObject({
      code: 'checkpoint-missing',
      facts: { model: 'a/2_Dense' },
    });
  });

  test('offers no reranker where the checkpoint has no classifier', async () => {
    const { task, tasks, lacking } = await inspectModel(await open('a'));
    expect({ task, tasks }).toEqual({ task: 'encoder', tasks: ['encoder'] });
    expect(lacking).toEqual({ reranker: 'classifier.weight' });
  });

  test.each([
    ['rerank-electra', 'reranker', ['encoder', 'reranker']],
    // a head with two labels is a head; that it has no single score is another sentence
    ['rerank-two', 'reranker', ['encoder', 'reranker']],
    ['rerank-modernbert-mean', 'reranker', ['encoder', 'reranker']],
    ['llama-five', 'decoder', ['decoder', 'encoder']],
    ['t5-plain', 'encoder-decoder', ['encoder-decoder', 'encoder']],
  ])('offers of %s what its checkpoint has the tensors for', async (family, task, tasks) => {
    const facts = await inspectModel(await open('a', {}, join(families, family)));
    expect(facts).toMatchObject({ task, tasks, lacking: {} });
  });

  test.each([
    ['rerank-electra', 'ElectraModel', 'encoder'],
    ['golden', 'BertForSequenceClassification', 'reranker'],
  ])('offers %s as both where it says that it is a %s', async (family, architecture, task) => {
    const folder = family === 'golden' ? golden : join(families, family);
    const config = JSON.parse(readFileSync(join(folder, 'a/config.json'), 'utf8')) as object;
    const said = JSON.stringify({ ...config, architectures: [architecture] });
    const facts = await inspectModel(await open('a', { 'config.json': said }, folder));
    expect(facts).toMatchObject({ task, tasks: ['encoder', 'reranker'] });
  });

  test('says of each kind what stands against it', async () => {
    const reranker = await inspectModel(await open('a', {}, join(families, 'rerank-two')));
    expect(reranker.problems.map(({ code }) => code)).toContain('config-unsupported');
    expect(reranker.otherwise.encoder?.map(({ code }) => code)).toEqual(['pooling-assumed']);
    // the first token of a decoder knows of no other
    const decoder = await inspectModel(await open('a', {}, join(families, 'llama-five')));
    expect(decoder.problems).toEqual([]);
    expect(decoder.otherwise).toEqual({
      encoder: [{ severity: 'note', code: 'pooling-assumed', facts: { model: 'a', pooling: 'lasttoken' } }],
    });
  });

  test('takes no classifier for a language model', async () => {
    const folder = join(families, 'llama-five');
    const config = JSON.parse(readFileSync(join(folder, 'a/config.json'), 'utf8')) as object;
    const said = JSON.stringify({ ...config, architectures: ['LlamaForSequenceClassification'] });
    const { task, problems } = await inspectModel(await open('a', { 'config.json': said }, folder));
    expect(task).toBeUndefined();
    expect(problems).toEqual([
      {
        severity: 'refused',
        code: 'task-unknown',
        facts: { model: 'a', modelType: 'llama', task: 'reranker' },
      },
    ]);
  });
});

describe('compareAll', () => {
  test('tells what a merge would write', async () => {
    const { problems, output } = await compareAll([await open('a'), await open('b')]);
    // the golden models have no card
    expect(problems).toEqual([unlicensed('a, b')]);
    expect(output).toMatchObject({ tensorCount: 39 });
    const { bytes, parameterCount } = output!;
    // the values, after a header of some 100 bytes a tensor
    const headerBytes = (total: number, width: number) => total - width * parameterCount;
    expect(headerBytes(bytes.F32, 4)).toSatisfy((header) => header > 2000 && header < 8000);
    expect(headerBytes(bytes.F16, 2)).toSatisfy((header) => header > 2000 && header < 8000);
    // a letter more a tensor, and the padding
    expect(bytes.BF16 - bytes.F16).toBe(40);
    const sum = (sizes: readonly number[]) => sizes.reduce((total, size) => total + size, 0);
    expect(sum(output!.tensorBytes.F32)).toBe(4 * parameterCount);
    expect(sum(output!.tensorBytes.F16)).toBe(2 * parameterCount);
    // the models are float32
    expect(bytes['as-model-1']).toBe(bytes.F32);
  });

  test('says which module of the base is taken as it is', async () => {
    const base = await open('a', { 'modules.json': modulesWith('Transformer', 'Pooling', 'CNN') });
    const { problems, output } = await compareAll([base, await open('b')]);
    expect(problems).toEqual([
      { severity: 'note', code: 'module-kept', facts: { model: 'a', module: 'CNN' } },
      unlicensed('a, b'),
    ]);
    expect(output).toBeDefined();
  });

  test('refuses one model alone', async () => {
    const { problems, output } = await compareAll([await open('a')]);
    expect(problems.map(({ code }) => code)).toEqual(['models-too-few', 'licence-unknown']);
    expect(output).toBeUndefined();
  });

  test('says what licences mean before anything is mixed, and does not refuse', async () => {
    const card = (licence: string) => ({ 'README.md': `---\nlicense: ${licence}\n---\n` });
    const models = [await open('a', card('mit')), await open('b', card('cc-by-nc-nd-4.0'))];
    const { problems, output } = await compareAll(models);
    expect(problems.map(({ severity, code }) => [severity, code])).toEqual([
      ['note', 'licence-forbids'],
      ['note', 'licence-noncommercial'],
      ['note', 'licences-differ'],
    ]);
    expect(output).toBeDefined();
  });

  test('says that a model stands twice on the bar, by its hashes or by its name, sizes and dates', async () => {
    const a = await open('a');
    const models = [a, await open('b'), a];
    const { problems } = await compareAll(models);
    expect(problems).toContainEqual({
      severity: 'note',
      code: 'model-twice',
      facts: { models: 'a', places: '1, 3' },
    });
  });

  test('takes the Hub’s word for a licence where the card has none', async () => {
    const hub = { kind: 'hub', id: 'x/a', revision: 'main', commit: 'c0ffee', licence: 'mit' } as const;
    const { source } = await open('a');
    expect((await inspectModel({ ref: hub, source })).licence).toBe('mit');
  });
});
