import { describe, expect, test } from 'vitest';
import { planFiles, printConfig, type OutputFacts } from '../../src/export/files.ts';

const modules = JSON.stringify([
  { idx: 0, name: '0', path: '', type: 'sentence_transformers.models.Transformer' },
  { idx: 1, name: '1', path: '1_Pooling', type: 'sentence_transformers.models.Pooling' },
  { idx: 2, name: '2', path: '2_Normalize', type: 'sentence_transformers.models.Normalize' },
]);

const facts: OutputFacts = {
  model: 'org/base',
  config: '{"model_type":"bert","dtype":"float16"}',
  dtype: 'float32',
  modules,
  mixedFolders: [],
  sentenceConfig: undefined,
  embedding: { hiddenSize: 32, maxTokens: 128 },
  prompts: { query: '', document: '' },
};

const bare: OutputFacts = { ...facts, modules: undefined };

/** What every model with these modules has, and could not be loaded without. */
function whole(paths: readonly string[], given: OutputFacts): readonly string[] {
  return given.modules === undefined ? paths : [...new Set([...paths, '1_Pooling/config.json'])];
}

function kinds(paths: readonly string[], given: OutputFacts): Record<string, string> {
  return Object.fromEntries(planFiles(whole(paths, given), given).map(({ path, kind }) => [path, kind]));
}

function textOf(path: string, paths: readonly string[], given: OutputFacts): unknown {
  const file = planFiles(whole(paths, given), given).find((planned) => planned.path === path);
  return file?.kind === 'text' ? JSON.parse(file.text) : undefined;
}

describe('planFiles', () => {
  test('takes the small files that make the model, sorted, and writes config.json', () => {
    const paths = ['tokenizer.json', 'modules.json', '1_Pooling/config.json', 'config.json', 'vocab.txt'];
    expect(Object.entries(kinds(paths, facts))).toEqual([
      ['1_Pooling/config.json', 'copy'],
      ['config.json', 'text'],
      ['modules.json', 'copy'],
      ['tokenizer.json', 'copy'],
      ['vocab.txt', 'copy'],
    ]);
  });

  test('states the dtype of the mixture in config.json', () => {
    expect(textOf('config.json', [], { ...facts, dtype: 'bfloat16' })).toMatchObject({ dtype: 'bfloat16' });
  });

  test.each([
    'model.safetensors',
    'model-00001-of-00002.safetensors',
    'model.safetensors.index.json',
    'pytorch_model.bin',
    'tf_model.h5',
    'onnx/model.onnx',
    'onnx/tokenizer.json',
    'openvino/openvino_model.xml',
    'README.md',
    'logo.png',
    '.gitattributes',
    'train_script.py',
    '1_Pooling/other.json',
    '3_Dense/config.json',
    '../tokenizer.json',
    'toString',
  ])('leaves out %s', (path) => {
    expect(kinds([path], facts)).toEqual({ '1_Pooling/config.json': 'copy', 'config.json': 'text' });
  });

  test('copies the values of a module that has its own, unless they are mixed', () => {
    const more = JSON.stringify([
      ...(JSON.parse(modules) as unknown[]),
      { idx: 3, name: '3', path: '3_CNN', type: 'sentence_transformers.models.CNN' },
    ]);
    const paths = ['3_CNN/config.json', '3_CNN/model.safetensors', '3_CNN/pytorch_model.bin'];
    const settings = {
      '1_Pooling/config.json': 'copy',
      '3_CNN/config.json': 'copy',
      'config.json': 'text',
    };
    const given = { ...facts, modules: more };
    expect(kinds(paths, given)).toEqual({ ...settings, '3_CNN/model.safetensors': 'copy' });
    expect(kinds(paths, { ...given, mixedFolders: ['3_CNN'] })).toEqual(settings);
    // a pickle can be read to be mixed
    const pickled = paths.filter((path) => path !== '3_CNN/model.safetensors');
    expect(kinds(pickled, { ...given, mixedFolders: ['3_CNN'] })).toEqual(settings);
  });

  test.each([
    ['a pooling without its settings', 'Pooling', [], '1_Pooling/config.json'],
    ['a dense layer without its settings', 'Dense', ['1_Dense/model.safetensors'], '1_Dense/config.json'],
  ])('refuses %s: nobody could load it', (_, kind, paths, file) => {
    const path = `1_${kind}`;
    const given = {
      ...facts,
      modules: JSON.stringify([{ path, type: `sentence_transformers.models.${kind}` }]),
    };
    const refusal = { code: 'file-missing', facts: { model: 'org/base', file } };
    expect(() => planFiles(paths, given)).toThrow(expect.objectContaining(refusal));
  });

  test('refuses a module whose values are to be copied and only in a pickle', () => {
    const cnn = '[{"path":"2_CNN","type":"sentence_transformers.models.CNN"}]';
    const plan = () => planFiles(['2_CNN/pytorch_model.bin'], { ...facts, modules: cnn });
    const refusal = {
      code: 'checkpoint-pickle',
      facts: { model: 'org/base', file: '2_CNN/pytorch_model.bin' },
    };
    expect(plan).toThrow(expect.objectContaining(refusal));
  });

  test('refuses a transformer that would be opened from another folder than the merged one', () => {
    const elsewhere = '[{"path":"0_Transformer","type":"sentence_transformers.models.Transformer"}]';
    const module = 'sentence_transformers.models.Transformer (0_Transformer)';
    const refusal = { code: 'module-unknown', facts: { model: 'org/base', module } };
    expect(() => planFiles([], { ...facts, modules: elsewhere })).toThrow(expect.objectContaining(refusal));
  });

  test.each([
    ['not a list', '{}'],
    ['a module without path or type', '[null]'],
    ['JSON', '[{'],
  ])('refuses a modules.json that is broken: %s', (why, broken) => {
    const refusal = {
      code: 'json-invalid',
      facts: { file: 'modules.json', why: expect.stringContaining(why) },
    };
    expect(() => planFiles([], { ...facts, modules: broken })).toThrow(expect.objectContaining(refusal));
  });

  describe('for a model without modules.json', () => {
    test('writes first-token pooling, normalisation and the limit', () => {
      expect(kinds(['tokenizer.json', '1_Pooling/config.json'], bare)).toEqual({
        '1_Pooling/config.json': 'text',
        'config.json': 'text',
        'modules.json': 'text',
        'sentence_bert_config.json': 'text',
        'tokenizer.json': 'copy',
      });
      expect(textOf('modules.json', [], bare)).toEqual(JSON.parse(modules));
      expect(textOf('1_Pooling/config.json', [], bare)).toEqual({
        word_embedding_dimension: 32,
        pooling_mode_cls_token: true,
        pooling_mode_mean_tokens: false,
        pooling_mode_max_tokens: false,
        pooling_mode_mean_sqrt_len_tokens: false,
      });
      expect(textOf('sentence_bert_config.json', [], bare)).toEqual({
        max_seq_length: 128,
        do_lower_case: false,
      });
    });

    test('keeps a limit that is there', () => {
      const planned = kinds(['sentence_roberta_config.json'], bare);
      expect(planned['sentence_roberta_config.json']).toBe('copy');
      expect(planned['sentence_bert_config.json']).toBeUndefined();
    });

    test('writes no pooling for a model that makes no embeddings', () => {
      expect(kinds(['tokenizer.json'], { ...bare, embedding: undefined })).toEqual({
        'config.json': 'text',
        'tokenizer.json': 'copy',
      });
    });
  });

  describe('prompts', () => {
    const path = 'config_sentence_transformers.json';
    const stated =
      '{"__version__":{"sentence_transformers":"2.2.2"},"prompts":{"query":"q: ","passage":"p: "},"x":0.50}';
    const given = (query: string, document: string, sentenceConfig?: string): OutputFacts => ({
      ...facts,
      sentenceConfig,
      prompts: { query, document },
    });

    test('are copied when they are as the file has them', () => {
      expect(kinds([path], given('q: ', 'p: ', stated))[path]).toBe('copy');
    });

    test('are not written for a model that has none', () => {
      expect(kinds([], given('', ''))[path]).toBeUndefined();
    });

    test('are written when they differ, under the file’s own names, with its other fields', () => {
      const file = planFiles([path, '1_Pooling/config.json'], given('ask: ', 'tell: ', stated)).find(
        (planned) => planned.path === path,
      );
      expect(file?.kind === 'text' && file.text).toContain('"x": 0.50');
      expect(textOf(path, [path], given('ask: ', 'tell: ', stated))).toEqual({
        __version__: { sentence_transformers: '2.2.2' },
        prompts: { query: 'ask: ', passage: 'tell: ' },
        x: 0.5,
      });
    });

    test('stay as empty ones when they were emptied: a default may name them', () => {
      expect(textOf(path, [path], given('', 'p: ', stated))).toMatchObject({
        prompts: { query: '', passage: 'p: ' },
      });
    });

    test('are written for a model that has no file', () => {
      expect(textOf(path, [], given('query: ', 'passage: '))).toEqual({
        __version__: { sentence_transformers: '3.0.0' },
        prompts: { query: 'query: ', document: 'passage: ' },
        default_prompt_name: null,
        similarity_fn_name: 'cosine',
      });
    });

    test.each(['{"prompts":null}', '{"prompts":{"query":null}}', '{}'])('count as none in %s', (text) => {
      expect(kinds([path], given('', '', text))[path]).toBe('copy');
      expect(textOf(path, [path], given('a', '', text))).toMatchObject({ prompts: { query: 'a' } });
    });
  });
});

describe('printConfig', () => {
  test.each([
    ['{"dtype":"float16","a":1}', '{"dtype":"float32","a":1}'],
    ['{"torch_dtype":"bfloat16"}', '{"torch_dtype":"float32"}'],
    ['{"torch_dtype":null,"dtype":"float16"}', '{"torch_dtype":"float32","dtype":"float32"}'],
    ['{"a":1}', '{"a":1,"torch_dtype":"float32"}'],
    ['{"_name_or_path":"/home/me/model","a":0.0,"dtype":"float32"}', '{"a":0.0,"dtype":"float32"}'],
  ])('makes of %s: %s', (text, expected) => {
    expect(printConfig(text, 'float32').replace(/\s/g, '')).toBe(expected);
  });

  test('refuses a config that is not an object', () => {
    const refusal = { code: 'json-invalid', facts: { file: 'config.json', why: 'not an object' } };
    expect(() => printConfig('[]', 'float32')).toThrow(expect.objectContaining(refusal));
  });
});
