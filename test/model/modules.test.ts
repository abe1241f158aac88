import { describe, expect, test } from 'vitest';
import { readConfig } from '../../src/model/config.ts';
import { readModules } from '../../src/model/modules.ts';
import { sourceOf, type Files } from './models.ts';

const transformer = { idx: 0, name: '0', path: '', type: 'sentence_transformers.models.Transformer' };
const pooling = { idx: 1, name: '1', path: '1_Pooling', type: 'sentence_transformers.models.Pooling' };
const normalize = { idx: 2, name: '2', path: '2_Normalize', type: 'sentence_transformers.models.Normalize' };
const dense = { idx: 2, name: '2', path: '2_Dense', type: 'sentence_transformers.models.Dense' };

async function modulesOf(files: Files) {
  const source = sourceOf({ 'config.json': { model_type: 'bert', max_position_embeddings: 512 }, ...files });
  return readModules(source, await readConfig(source));
}

const pooledBy = (settings: unknown) =>
  modulesOf({ 'modules.json': [transformer, pooling], '1_Pooling/config.json': settings });

describe('readModules', () => {
  test('reads the first spelling', async () => {
    const modules = await modulesOf({
      'modules.json': [transformer, pooling, normalize],
      '1_Pooling/config.json': { pooling_mode_cls_token: false, pooling_mode_mean_tokens: true },
      'sentence_bert_config.json': { max_seq_length: 128, do_lower_case: false },
    });
    expect(modules).toEqual({
      pooling: 'mean',
      normalised: true,
      maxTokens: 128,
      lowerCase: false,
      assumed: false,
      dense: [],
      denseFolders: [],
      extraModules: [],
      problems: [],
    });
  });

  test('reads the second spelling', async () => {
    const modules = await modulesOf({
      'modules.json': [
        { ...transformer, type: 'sentence_transformers.base.modules.transformer.Transformer' },
        { ...pooling, type: 'sentence_transformers.sentence_transformer.modules.pooling.Pooling' },
        { ...normalize, type: 'sentence_transformers.base.modules.normalize.Normalize' },
      ],
      '1_Pooling/config.json': { embedding_dimension: 32, pooling_mode: 'lasttoken', include_prompt: true },
    });
    expect(modules).toMatchObject({ pooling: 'lasttoken', normalised: true, problems: [] });
  });

  test('says so when the model is not normalised', async () => {
    expect(await pooledBy({ pooling_mode_max_tokens: true })).toMatchObject({
      pooling: 'max',
      normalised: false,
    });
  });

  test('assumes CLS and Normalize without modules.json, and notes it', async () => {
    expect(await modulesOf({})).toMatchObject({
      pooling: 'cls',
      normalised: true,
      assumed: true,
      problems: [{ severity: 'note', code: 'pooling-assumed', facts: { model: 'tiny', pooling: 'cls' } }],
    });
  });

  test.each([
    ['none', { pooling_mode_cls_token: false, pooling_mode_mean_tokens: false }],
    ['cls + mean', { pooling_mode_cls_token: true, pooling_mode_mean_tokens: true }],
    ['mean + max', { pooling_mode: ['mean', 'max'] }],
    ['pooling_mode_median', { pooling_mode_median: true }],
    ['attention', { pooling_mode: 'attention' }],
    ['mean, include_prompt: false', { pooling_mode_mean_tokens: true, include_prompt: false }],
  ])('refuses the pooling %s for scoring', async (name, settings) => {
    expect(await pooledBy(settings)).toMatchObject({
      pooling: undefined,
      problems: [{ severity: 'refused', code: 'pooling-unknown', facts: { model: 'tiny', pooling: name } }],
    });
  });

  test('refuses modules without a pooling for scoring', async () => {
    expect(await modulesOf({ 'modules.json': [transformer] })).toMatchObject({
      pooling: undefined,
      problems: [{ severity: 'refused', code: 'pooling-unknown', facts: { model: 'tiny', pooling: 'none' } }],
    });
  });

  test.each([
    ['Dense', [transformer, dense, pooling]],
    [
      'CNN',
      [
        transformer,
        { ...dense, type: 'sentence_transformers.sentence_transformer.modules.cnn.CNN' },
        pooling,
      ],
    ],
    ['own_package.Pooling', [transformer, pooling, { ...pooling, type: 'own_package.Pooling' }]],
    ['Pooling', [transformer, pooling, pooling]],
    ['StaticEmbedding', [{ ...transformer, type: 'sentence_transformers.models.StaticEmbedding' }, pooling]],
  ])('refuses the module %s for scoring', async (module, steps) => {
    const modules = await modulesOf({
      'modules.json': steps,
      '1_Pooling/config.json': { pooling_mode_mean_tokens: true },
    });
    // a Dense module is mixed wherever it stands
    expect(modules).toMatchObject(
      module === 'Dense' ? { denseFolders: [dense.path], extraModules: [] } : { extraModules: [module] },
    );
    expect(modules.problems).toEqual([
      { severity: 'refused', code: 'module-unknown', facts: { model: 'tiny', module } },
    ]);
  });

  test('refuses a Transformer that yields something else than token vectors', async () => {
    const modules = await modulesOf({
      'modules.json': [transformer, pooling],
      '1_Pooling/config.json': { pooling_mode: 'cls' },
      'sentence_bert_config.json': { transformer_task: 'fill-mask' },
    });
    expect(modules.problems).toEqual([
      {
        severity: 'refused',
        code: 'module-unknown',
        facts: { model: 'tiny', module: 'Transformer (fill-mask)' },
      },
    ]);
  });

  test('returns damaged settings as a refusal, so that the model can still be mixed', async () => {
    const modules = await modulesOf({ 'modules.json': '[{"path":""}]' });
    expect(modules).toMatchObject({ pooling: undefined, assumed: false });
    expect(modules.problems).toEqual([
      {
        severity: 'refused',
        code: 'json-invalid',
        facts: { file: 'tiny/modules.json', why: 'module 0 has no type or path' },
      },
    ]);
  });

  test('passes on a failure of the source', async () => {
    const source = sourceOf({ 'config.json': {} });
    const lost = { ...source, open: () => Promise.reject(new DOMException('stopped', 'AbortError')) };
    await expect(readModules(lost, await readConfig(source))).rejects.toThrow('stopped');
  });
});

describe('Dense modules', () => {
  const steps = [
    transformer,
    pooling,
    dense,
    { idx: 3, name: '3', path: '', type: 'sentence_transformers.models.Normalize' },
  ];
  const denseOf = (settings: object) =>
    modulesOf({
      'modules.json': steps,
      '1_Pooling/config.json': { pooling_mode_mean_tokens: true },
      [`${dense.path}/config.json`]: settings,
    });

  test.each([
    ['torch.nn.modules.linear.Identity', 'identity'],
    ['torch.nn.modules.activation.Tanh', 'tanh'],
    ['torch.nn.modules.activation.GELU', 'gelu'],
    [undefined, 'tanh'],
  ])('are run with the activation %s', async (activation_function, act) => {
    const modules = await denseOf({ in_features: 8, out_features: 4, bias: false, activation_function });
    expect(modules.problems).toEqual([]);
    expect(modules.dense).toEqual([{ folder: dense.path, inDim: 8, outDim: 4, bias: false, act }]);
    expect(modules).toMatchObject({ normalised: true, denseFolders: [dense.path], extraModules: [] });
  });

  test('are refused for scoring with an activation that is not built, and mixed all the same', async () => {
    const modules = await denseOf({
      in_features: 8,
      out_features: 4,
      activation_function: 'torch.nn.modules.activation.Mish',
    });
    const facts = { model: 'tiny', module: 'Dense (torch.nn.modules.activation.Mish)' };
    expect(modules.problems).toEqual([{ severity: 'refused', code: 'module-unknown', facts }]);
    expect(modules.denseFolders).toEqual([dense.path]);
  });
});
