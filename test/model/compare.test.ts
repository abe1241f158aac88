import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { compareModels } from '../../src/model/compare.ts';
import { checkpointOf, folderSource, openModel, sourceOf, type Files, type Tensors } from './models.ts';

const bert = { model_type: 'bert', architectures: ['BertModel'], hidden_size: 4, num_attention_heads: 2 };
const encoder: Tensors = { 'embeddings.word.weight': ['F32', 3, 4], 'encoder.bias': ['F32', 4] };
const pooler: Tensors = { 'pooler.dense.bias': ['F32', 4], 'pooler.dense.weight': ['F32', 4, 4] };

interface Made {
  readonly config?: Record<string, unknown>;
  readonly tensors?: Tensors;
  readonly files?: Files;
}

/** Models called one, two, three..., alike where nothing else is said. */
async function compare(...models: readonly Made[]) {
  const names = ['one', 'two', 'three', 'four'];
  const opened = models.map(({ config = {}, tensors = encoder, files = { 'vocab.txt': 'a\nb\n' } }, m) => {
    const all = {
      'config.json': { ...bert, ...config },
      'model.safetensors': checkpointOf(tensors),
      ...files,
    };
    return openModel(sourceOf(all, names[m] ?? `model ${m + 1}`));
  });
  return compareModels(await Promise.all(opened));
}

/** (tensors, models) where each output tensor comes from. */
function sources({ tensors }: Awaited<ReturnType<typeof compare>>) {
  return Object.fromEntries(tensors.map(({ name, from }) => [name, from.map((tensor) => tensor?.name)]));
}

describe('compareModels', () => {
  test('matches the tensors of models that are alike', async () => {
    const match = await compare({}, {});
    expect(match.problems).toEqual([]);
    expect(match.tensors.map(({ name, shape, kind }) => ({ name, shape, kind }))).toEqual([
      { name: 'embeddings.word.weight', shape: [3, 4], kind: 'float' },
      { name: 'encoder.bias', shape: [4], kind: 'float' },
    ]);
    expect(sources(match)['encoder.bias']).toEqual(['encoder.bias', 'encoder.bias']);
  });

  test('matches half and single precision', async () => {
    const match = await compare({ tensors: { x: ['F32', 2] } }, { tensors: { x: ['BF16', 2] } });
    expect(match).toMatchObject({ problems: [], tensors: [{ name: 'x' }] });
  });

  test('matches scalars and empty tensors', async () => {
    const tensors: Tensors = { scalar: ['F32'], empty: ['F32', 0, 4] };
    expect((await compare({ tensors }, { tensors })).tensors.map(({ shape }) => shape)).toEqual([[0, 4], []]);
  });

  test.each([0, 1])('refuses %i models', async (count) => {
    const match = await compare(...Array.from({ length: count }, () => ({})));
    expect(match).toEqual({
      problems: [{ severity: 'refused', code: 'models-too-few', facts: { count } }],
      tensors: [],
    });
  });

  test('takes 16 models and refuses 17', async () => {
    const many = (count: number) => compare(...Array.from({ length: count }, () => ({})));
    expect((await many(16)).problems).toEqual([]);
    expect((await many(17)).problems).toEqual([
      { severity: 'refused', code: 'models-too-many', facts: { count: 17, limit: 16 } },
    ]);
  });

  describe('Dense modules', () => {
    const modules = ['', '1_Pooling', '2_Dense'].map((path) => ({
      path,
      type: `sentence_transformers.models.${path.slice(2) || 'Transformer'}`,
    }));
    /** A model with a Dense module of 4 to 2 dimensions, or changed. */
    const dense = (settings: object = {}, tensors: Tensors = { 'linear.weight': ['F32', 2, 4] }): Made => ({
      files: {
        'modules.json': modules,
        '2_Dense/config.json': { in_features: 4, out_features: 2, bias: false, ...settings },
        '2_Dense/model.safetensors': checkpointOf(tensors),
        'vocab.txt': 'a\nb\n',
      },
    });
    const refusals = async (...models: readonly Made[]) =>
      (await compare(...models)).problems.map(({ severity, code, facts }) => [severity, code, facts]);

    test('are matched tensor by tensor, whatever their dtype', async () => {
      const match = await compare(dense(), dense({}, { 'linear.weight': ['F16', 2, 4] }));
      expect(match.problems).toEqual([]);
      expect(sources(match)['2_Dense/linear.weight']).toEqual(Array(2).fill('2_Dense/linear.weight'));
    });

    test('are refused where one model has none, whichever it is', async () => {
      const facts = { model: 'two', other: 'one', module: '2_Dense' };
      expect(await refusals(dense(), {})).toEqual([['refused', 'module-missing', facts]]);
      expect(await refusals({}, dense())).toEqual([
        ['refused', 'module-missing', { model: 'one', other: 'two', module: '2_Dense' }],
      ]);
    });

    test('are refused with tensors of other shapes, and with one too few', async () => {
      const names = { model: 'two', base: 'one' };
      expect(await refusals(dense(), dense({}, { 'linear.weight': ['F32', 3, 4] }))).toEqual([
        [
          'refused',
          'tensor-shape-differs',
          { ...names, tensor: '2_Dense/linear.weight', shape: '(3, 4)', baseShape: '(2, 4)' },
        ],
      ]);
      expect(await refusals(dense(), dense({}, {}))).toEqual([
        ['refused', 'tensor-missing', { ...names, tensor: '2_Dense/linear.weight' }],
      ]);
      expect(await refusals(dense({}, {}), dense())).toEqual([
        ['refused', 'tensor-missing', { model: 'one', base: 'two', tensor: '2_Dense/linear.weight' }],
      ]);
    });

    test('are refused with another activation than the base states or leaves to the package', async () => {
      const activation_function = 'torch.nn.modules.linear.Identity';
      const field = '2_Dense: activation_function';
      const baseValue = 'torch.nn.modules.activation.Tanh';
      expect(await refusals(dense(), dense({ activation_function: baseValue }))).toEqual([]);
      expect(await refusals(dense(), dense({ activation_function }))).toEqual([
        [
          'refused',
          'config-differs',
          { model: 'two', base: 'one', field, value: activation_function, baseValue },
        ],
      ]);
    });
  });

  describe('names', () => {
    test('matches a model with a prefix to one without, in the spelling of the first', async () => {
      const prefixed: Tensors = {
        'bert.embeddings.word.weight': ['F32', 3, 4],
        'bert.encoder.bias': ['F32', 4],
      };
      expect(sources(await compare({}, { tensors: prefixed }))).toMatchObject({
        'encoder.bias': ['encoder.bias', 'bert.encoder.bias'],
      });
      expect(sources(await compare({ tensors: prefixed }, {}))).toMatchObject({
        'bert.encoder.bias': ['bert.encoder.bias', 'encoder.bias'],
      });
    });

    test('ignores position ids wherever they are', async () => {
      const old: Tensors = { ...encoder, 'embeddings.position_ids': ['I64', 1, 512] };
      expect(await compare({ tensors: old }, {})).toMatchObject({ problems: [], tensors: { length: 2 } });
      expect(await compare({}, { tensors: old })).toMatchObject({ problems: [], tensors: { length: 2 } });
    });

    test('writes layer norms called gamma and beta under their names of today', async () => {
      const match = await compare(
        { tensors: { 'bert.LayerNorm.gamma': ['F32', 4] } },
        { tensors: { 'LayerNorm.weight': ['F32', 4] } },
      );
      expect(sources(match)).toEqual({
        'bert.LayerNorm.weight': ['bert.LayerNorm.gamma', 'LayerNorm.weight'],
      });
    });
  });

  describe('absence', () => {
    const taken = (model: string, count: number, tensors: string, missing: string) => {
      return { severity: 'note', code: 'tensors-taken', facts: { model, tensors, count, missing } };
    };
    const dropped = (model: string, count: number, tensors: string) => {
      return { severity: 'note', code: 'tensors-dropped', facts: { model, tensors, count } };
    };
    const poolerNames = 'pooler.dense.bias, pooler.dense.weight';

    test('takes a pooler that a later model lacks from the first', async () => {
      const withPooler = { tensors: { ...encoder, ...pooler } };
      const match = await compare(withPooler, {}, withPooler);
      expect(match.problems).toEqual([taken('one', 2, poolerNames, 'two')]);
      expect(sources(match)['pooler.dense.bias']).toEqual(['pooler.dense.bias', undefined, undefined]);
    });

    test('takes a pooler that model 1 lacks from the first that has it, with the prefix of model 1', async () => {
      const match = await compare(
        { tensors: { 'bert.encoder.bias': ['F32', 4] } },
        { tensors: { 'encoder.bias': ['F32', 4] } },
        { tensors: { 'encoder.bias': ['F32', 4], ...pooler } },
      );
      expect(match.problems).toEqual([
        taken('three', 2, poolerNames, 'one'),
        taken('three', 2, poolerNames, 'two'),
      ]);
      expect(sources(match)['bert.pooler.dense.bias']).toEqual([undefined, undefined, 'pooler.dense.bias']);
    });

    const classifier: Tensors = { 'classifier.bias': ['F32', 1] };

    test('takes a head that a later model lacks from model 1', async () => {
      const match = await compare({ tensors: { ...encoder, ...classifier } }, {});
      expect(match.problems).toEqual([taken('one', 1, 'classifier.bias', 'two')]);
      expect(sources(match)['classifier.bias']).toEqual(['classifier.bias', undefined]);
    });

    test('averages a head that every model has', async () => {
      const tensors = { ...encoder, ...classifier };
      expect(sources(await compare({ tensors }, { tensors }))['classifier.bias']).toEqual([
        'classifier.bias',
        'classifier.bias',
      ]);
    });

    test('drops a head that only later models have when the class of model 1 has none', async () => {
      const match = await compare({}, {}, { tensors: { ...encoder, ...classifier } });
      expect(match.problems).toEqual([dropped('three', 1, 'classifier.bias')]);
      expect(match.tensors).toHaveLength(2);
    });

    test('takes a head that only later models have when the class of model 1 has one', async () => {
      const config = { architectures: ['BertForSequenceClassification'] };
      const match = await compare({ config }, { tensors: { ...encoder, ...classifier } });
      expect(match.problems).toEqual([taken('two', 1, 'classifier.bias', 'one')]);
      expect(sources(match)['classifier.bias']).toEqual([undefined, 'classifier.bias']);
    });

    test('drops a head that model 1 ties to its embeddings', async () => {
      const config = { model_type: 'llama', architectures: ['LlamaForCausalLM'] };
      const tensors: Tensors = { ...encoder, 'lm_head.weight': ['F32', 3, 4] };
      const tied = { ...config, tie_word_embeddings: true };
      expect((await compare({ config: tied }, { config, tensors })).problems).toEqual([
        dropped('two', 1, 'lm_head.weight'),
      ]);
      const untied = { ...config, tie_word_embeddings: false };
      expect((await compare({ config: untied }, { config, tensors })).problems).toEqual([
        taken('two', 1, 'lm_head.weight', 'one'),
      ]);
    });

    test('drops any other tensor that only later models have, and names three', async () => {
      const extra: Tensors = { a: ['F32', 1], b: ['F32', 1], c: ['F32', 1], d: ['F32', 1] };
      const match = await compare({}, { tensors: { ...encoder, ...extra } });
      expect(match.problems).toEqual([dropped('two', 4, 'a, b, c, …')]);
      expect(match.tensors).toHaveLength(2);
    });

    test('refuses any other absence', async () => {
      const match = await compare({}, {}, { tensors: { 'encoder.bias': ['F32', 4] } });
      expect(match).toEqual({
        problems: [
          {
            severity: 'refused',
            code: 'tensor-missing',
            facts: { model: 'three', base: 'one', tensor: 'embeddings.word.weight' },
          },
        ],
        tensors: [],
      });
    });
  });

  describe('shapes and kinds', () => {
    test.each([
      [['F32', 1, 2], '(1, 2)'],
      [['F32', 6], '(6,)'],
      [['F32'], '()'],
    ] as const)('refuses %j against (3, 2)', async ([dtype, ...shape], printed) => {
      const match = await compare({ tensors: { x: ['F32', 3, 2] } }, { tensors: { x: [dtype, ...shape] } });
      expect(match.problems).toEqual([
        {
          severity: 'refused',
          code: 'tensor-shape-differs',
          facts: { model: 'two', base: 'one', tensor: 'x', shape: printed, baseShape: '(3, 2)' },
        },
      ]);
    });

    test('refuses integers against floats', async () => {
      const match = await compare({ tensors: { x: ['F16', 2] } }, { tensors: { x: ['I64', 2] } });
      expect(match.problems).toEqual([
        {
          severity: 'refused',
          code: 'tensor-kind-differs',
          facts: { model: 'two', base: 'one', tensor: 'x', dtype: 'I64', baseDtype: 'F16' },
        },
      ]);
    });

    test('keeps an integer tensor of every model, for the last to be taken', async () => {
      const match = await compare({ tensors: { n: ['I32', 1] } }, { tensors: { n: ['I64', 1] } });
      expect(match).toMatchObject({ problems: [], tensors: [{ name: 'n', kind: 'integer' }] });
      expect(match.tensors[0]?.from.map((tensor) => tensor?.dtype)).toEqual(['I32', 'I64']);
    });

    test('says at most five refusals of one kind for each model', async () => {
      const many = (columns: number): Tensors =>
        Object.fromEntries(Array.from({ length: 9 }, (_, t) => [`t${t}`, ['F32', columns]]));
      const match = await compare({ tensors: many(1) }, { tensors: many(2) }, { tensors: many(3) });
      const named = match.problems.map(({ facts }) =>
        'tensor' in facts && 'model' in facts ? `${facts.model} ${facts.tensor}` : '',
      );
      expect(named.filter((name) => name.startsWith('two'))).toEqual(
        ['t0', 't1', 't2', 't3', 't4'].map((t) => `two ${t}`),
      );
      expect(named.filter((name) => name.startsWith('three'))).toHaveLength(5);
    });
  });

  describe('settings', () => {
    test.each([
      ['model_type', 'roberta', 'bert'],
      ['hidden_size', 8, 4],
      ['num_hidden_layers', 3, 2],
      ['num_attention_heads', 4, 2],
      ['num_key_value_heads', 1, 2],
      ['intermediate_size', 8, 16],
      ['hidden_act', 'relu', 'gelu'],
      ['position_embedding_type', 'relative_key', 'absolute'],
    ])('refuses another %s', async (field, value, baseValue) => {
      const match = await compare({ config: { [field]: baseValue } }, { config: { [field]: value } });
      expect(match.problems).toEqual([
        {
          severity: 'refused',
          code: 'config-differs',
          facts: { model: 'two', base: 'one', field, value: String(value), baseValue: String(baseValue) },
        },
      ]);
    });

    test.each([
      ['position_embedding_type', 'relative_key', 'absolute'],
      ['num_key_value_heads', 1, 2],
    ])('compares %s with its default where it is not stated', async (field, value, baseValue) => {
      const match = await compare({}, { config: { [field]: value } });
      expect(match.problems).toMatchObject([
        { code: 'config-differs', facts: { baseValue: String(baseValue) } },
      ]);
      expect((await compare({}, { config: { [field]: baseValue } })).problems).toEqual([]);
    });

    test('lets other settings differ', async () => {
      const match = await compare({}, { config: { hidden_dropout_prob: 0.5, torch_dtype: 'float16' } });
      expect(match.problems).toEqual([]);
    });

    test('refuses a quantised model, the first one too', async () => {
      const quantised = { config: { quantization_config: { bits: 4 } } };
      const refused = (model: string) => ({
        severity: 'refused',
        code: 'config-unsupported',
        facts: { model, field: 'quantization_config', value: '{"bits":4}' },
      });
      expect((await compare(quantised, {})).problems).toEqual([refused('one')]);
      expect((await compare({}, quantised)).problems).toEqual([refused('two')]);
    });
  });

  describe('vocabularies', () => {
    test('refuses another vocabulary', async () => {
      const match = await compare({}, { files: { 'vocab.txt': 'b\na\n' } });
      expect(match).toEqual({
        problems: [
          {
            severity: 'refused',
            code: 'vocabulary-differs',
            facts: { model: 'two', base: 'one', why: 'vocab.txt differs' },
          },
        ],
        tensors: [],
      });
    });

    test.each([
      ['model 1', {}, { 'vocab.txt': 'a\n' }],
      ['a later model', { 'vocab.txt': 'a\n' }, {}],
      ['both', {}, {}],
    ])('notes that nothing was checked when there is no vocabulary in %s', async (_, base, other) => {
      const match = await compare({ files: base }, { files: other });
      expect(match.problems).toEqual([
        { severity: 'note', code: 'vocabulary-unchecked', facts: { model: 'two', base: 'one' } },
      ]);
      expect(match.tensors).toHaveLength(2);
    });

    test('returns a damaged vocabulary as a refusal', async () => {
      const match = await compare(
        { files: { 'tokenizer.json': '{}' } },
        { files: { 'tokenizer.json': '{' } },
      );
      expect(match.problems).toMatchObject([
        { severity: 'refused', code: 'json-invalid', facts: { file: 'two/tokenizer.json' } },
      ]);
    });
  });

  test('matches the 39 tensors of the golden bert family', async () => {
    const folder = (name: string) =>
      fileURLToPath(new URL(`../fixtures/golden/bert/${name}`, import.meta.url));
    const models = ['a', 'b', 'c'].map(async (name) => openModel(await folderSource(folder(name), name)));
    const match = await compareModels(await Promise.all(models));
    expect(match.problems).toEqual([]);
    expect(match.tensors).toHaveLength(39);
    expect(match.tensors.every(({ from }) => from.length === 3 && !from.includes(undefined))).toBe(true);
  });
});
