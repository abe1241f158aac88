/** What each family refuses to run, by name; and that its models can still be mixed by hand. */
import { describe, expect, test } from 'vitest';
import { planHead, planParts } from '../../src/graph/parts.ts';
import { compareModels } from '../../src/model/compare.ts';
import { openCheckpoint } from '../../src/safetensors/checkpoint.ts';
import { checkpointOf, sourceOf } from '../model/models.ts';
import { build, configOf, decoder, refusalOf, type Fields } from './small.ts';

/** What no graph is built for, and what the refusal names. */
const refusals: readonly (readonly [string, string, Fields, object])[] = [
  ['an activation', 'llama', { hidden_act: 'xielu' }, { code: 'activation-unknown', activation: 'xielu' }],
  [
    'a rope type',
    'llama',
    { rope_scaling: { rope_type: 'longrope', factor: 4 } },
    { code: 'config-unsupported', field: 'rope_scaling', value: 'longrope' },
  ],
  [
    "a rope type in the newer version's spelling",
    'qwen3',
    { rope_parameters: { rope_type: 'mrope', rope_theta: 10000 } },
    { code: 'config-unsupported', field: 'rope_scaling', value: 'mrope' },
  ],
  [
    'a partial rotation',
    'llama',
    { partial_rotary_factor: 0.5 },
    { code: 'config-unsupported', field: 'partial_rotary_factor', value: '0.5' },
  ],
  [
    'a rotation of other heads',
    'gpt_neox',
    { head_dim: 8 },
    { code: 'config-unsupported', field: 'head_dim', value: '8' },
  ],
  [
    'a kind of attention',
    'qwen3',
    { layer_types: ['linear_attention', 'full_attention'] },
    { code: 'config-unsupported', field: 'layer_types', value: 'linear_attention' },
  ],
  [
    'a kind of attention',
    'modernbert',
    { layer_types: ['full_attention', 'chunked_attention'] },
    { code: 'config-unsupported', field: 'layer_types', value: 'chunked_attention' },
  ],
  [
    'attention to both sides in a decoder',
    'gemma3_text',
    { use_bidirectional_attention: true },
    { code: 'config-unsupported', field: 'use_bidirectional_attention', value: 'true' },
  ],
  ...['llama', 'mistral', 'qwen2', 'qwen3', 'gemma3_text', 'gpt2', 'gpt_neox', 'opt'].map(
    (modelType) =>
      [
        'attention to both sides in a decoder',
        modelType,
        { is_causal: false },
        { code: 'config-unsupported', field: 'is_causal', value: 'false' },
      ] as const,
  ),
  [
    'attention to another model',
    'gpt2',
    { add_cross_attention: true },
    { code: 'config-unsupported', field: 'add_cross_attention', value: 'true' },
  ],
  [
    'another activation than that of feed_forward_proj',
    't5',
    { feed_forward_proj: 'gated-gelu', dense_act_fn: 'silu', is_gated_act: true },
    { code: 'config-unsupported', field: 'dense_act_fn', value: 'silu' },
  ],
  [
    'another gate than that of feed_forward_proj',
    't5',
    { feed_forward_proj: 'relu', dense_act_fn: 'relu', is_gated_act: true },
    { code: 'config-unsupported', field: 'is_gated_act', value: 'true' },
  ],
  ['a mixture of experts', 'mixtral', decoder, { code: 'architecture-unknown', modelType: 'mixtral' }],
  ['a mixture of experts', 'qwen3_moe', decoder, { code: 'architecture-unknown', modelType: 'qwen3_moe' }],
  [
    'a decoder made of an encoder',
    'roberta',
    { is_decoder: true },
    { code: 'config-unsupported', field: 'is_decoder', value: 'true' },
  ],
  [
    'relative positions',
    'electra',
    { position_embedding_type: 'relative_key' },
    { code: 'position-type-unknown', positionType: 'relative_key' },
  ],
];

describe('what cannot be run', () => {
  test.each(refusals)('refuses %s (%s) by name', (_, modelType, changes, want) => {
    expect(refusalOf(modelType, changes)).toMatchObject({ model: 'tiny', ...want });
  });

  test.each(refusals)('mixes models with %s (%s) by hand', async (_, modelType, changes) => {
    const config = configOf(modelType, changes);
    const models = await Promise.all(
      ['a', 'b'].map(async (name) => {
        const file = checkpointOf({ 'model.norm.weight': ['F32', 4] });
        const checkpoint = await openCheckpoint(sourceOf({ 'model.safetensors': file }));
        return { name, config, checkpoint, dense: [], vocabulary: undefined };
      }),
    );
    const { problems, tensors } = await compareModels(models);
    expect(problems.filter(({ severity }) => severity === 'refused')).toEqual([]);
    expect(tensors.map(({ name }) => name)).toEqual(['model.norm.weight']);
  });

  test.each<[string, Fields, string, string]>([
    ['llama', { num_key_value_heads: 3 }, 'num_key_value_heads', '3 does not divide num_attention_heads 4'],
    ['llama', { head_dim: 5 }, 'head_dim', '5 dimensions of a head do not make pairs'],
    [
      'llama',
      { rope_scaling: { type: 'linear', rope_type: 'dynamic', factor: 2 } },
      'type',
      'linear differs from rope_type dynamic',
    ],
    ['llama', { rope_scaling: 'linear' }, 'rope_scaling', 'it is not an object'],
    ['qwen2', { layer_types: ['full_attention'] }, 'layer_types', 'it does not name 2 layers'],
    [
      'qwen2',
      { layer_types: ['full_attention', 'sliding_attention'] },
      'sliding_window',
      'layers that slide have no window',
    ],
    [
      'mpnet',
      { relative_attention_num_buckets: 16 },
      'relative_attention_num_buckets',
      '16 rows are fewer than the 32 that are used',
    ],
    ['modernbert', { classifier_pooling: 'max' }, 'classifier_pooling', '"max" is neither "cls" nor "mean"'],
    [
      't5',
      { feed_forward_proj: 'gated-gelu-new' },
      'feed_forward_proj',
      '"gated-gelu-new" is neither an activation nor gated- and one',
    ],
    [
      'roberta',
      { max_position_embeddings: 2 },
      'max_position_embeddings',
      "2 leaves no row after the padding's",
    ],
    ['gpt2', { n_head: 5 }, 'n_head', '5 does not divide n_embd 16'],
    ['gpt_neox', { rotary_pct: 0.25 }, 'head_dim', '1 dimensions of a head do not make pairs'],
  ])('refuses settings of a %s that do not fit: %j', (modelType, changes, field, why) => {
    expect(refusalOf(modelType, changes)).toMatchObject({ code: 'config-field-invalid', field, why });
  });

  test.each([
    ['bert', 'decoder'],
    ['llama', 'reranker'],
    ['llama', 'encoder-decoder'],
    ['t5', 'decoder'],
  ] as const)('refuses to run a %s as %s', (modelType, task) => {
    expect(refusalOf(modelType, {}, { task })).toEqual({
      code: 'task-unknown',
      model: 'tiny',
      modelType,
      task,
    });
  });

  test.each([
    [{}, '2'],
    [{ id2label: { 0: 'a', 1: 'b', 2: 'c' } }, '3'],
    [{ num_labels: 5, id2label: { 0: 'a' } }, '5'],
  ])('refuses a classifier that is no reranker: %j', (changes, value) => {
    expect(refusalOf('bert', changes, { task: 'reranker' })).toMatchObject({ field: 'num_labels', value });
  });
});

describe('planParts', () => {
  const whole = build('llama');

  test('makes one part of what fits, and equal layers equal graphs', () => {
    expect(planParts(whole, 'tiny')).toHaveLength(1);
    const alone = planParts(whole, 'tiny', 1);
    // the table, two layers, the norm, and the rows that are scored
    expect(alone).toHaveLength(5);
    expect(alone[2]!.bytes).toEqual(alone[1]!.bytes);
    const names = alone.map(({ parameters }) => parameters.map(({ name }) => name));
    expect(names[1]).toContain('layers.0.self_attn.q_proj.weight');
    expect(names[2]).toContain('layers.1.self_attn.q_proj.weight');
  });

  test('hands on what later parts take, and nothing else', () => {
    const parts = planParts(build('t5'), 'tiny', 1, ['scored_rows']);
    const given = parts.map(({ gives }) => [...gives.keys()].join());
    // encoder: table, layers, norm; the memory; decoder likewise; the rows
    expect(given).toEqual([
      'hidden',
      'hidden',
      'hidden',
      'hidden',
      'memory',
      ...Array<string>(4).fill('hidden'),
      'scored_rows',
    ]);
    for (const [p, { takes }] of parts.entries()) {
      const before = new Set(parts.slice(0, p).flatMap(({ gives }) => [...gives.keys()]));
      expect(takes.filter((name) => !before.has(name))).toEqual([]);
    }
  });

  test('reads of a large table only the rows that are used', () => {
    const vocab_size = 1 + (64 * 1024 * 1024) / 4 / 16;
    const [part] = planParts(build('llama', { vocab_size }), 'tiny');
    const table = part!.parameters.find(({ name }) => name === 'embed_tokens.weight');
    expect(table).toMatchObject({ rows: { used: 'source' }, shape: [vocab_size, 16] });
  });
});

test('a GPT-NeoX turns the same part of its heads in the spelling of either version', () => {
  const feedsOf = (changes: Fields) => {
    const [part] = planParts(build('gpt_neox', changes), 'tiny');
    return [...part!.feeds.values()].filter(({ kind }) => kind === 'cos' || kind === 'sin');
  };
  const older = feedsOf({ rotary_pct: 0.5, rotary_emb_base: 500 });
  expect(older).toMatchObject([{ rotary: { dim: 2, base: 500 } }, { rotary: { dim: 2, base: 500 } }]);
  const newer = { partial_rotary_factor: 0.5, rope_theta: 500, rope_type: 'default' };
  expect(feedsOf({ rotary_pct: undefined, rope_parameters: newer })).toEqual(older);
  // what the newer spelling leaves out stands in the older fields
  const mixed = { rope_parameters: { rope_type: 'default' }, rotary_pct: 0.5, rotary_emb_base: 500 };
  expect(feedsOf(mixed)).toEqual(older);
});

describe('planHead', () => {
  test('cuts the table into slices that cover it once', () => {
    const { head } = build('llama', { vocab_size: 30 });
    const parts = planHead(head!, 'loss', 'tiny', 16 * 7);
    const rows = parts.map(({ parameters }) => parameters[0]!.rows);
    expect(rows).toEqual([
      { start: 0, end: 7 },
      { start: 7, end: 14 },
      { start: 14, end: 21 },
      { start: 21, end: 28 },
      { start: 28, end: 30 },
    ]);
    expect(parts[1]!.bytes).toEqual(parts[0]!.bytes);
  });

  test('takes the embeddings where the configuration ties them, as transformers does', () => {
    expect(build('llama').head!.table.name).toBe('lm_head.weight');
    expect(build('llama', { tie_word_embeddings: true }).head!.table.name).toBe('embed_tokens.weight');
    expect(build('gpt2').head!.table.name).toBe('wte.weight');
    expect(build('t5').head!.table.name).toBe('shared.weight');
    expect(build('t5', { tie_word_embeddings: false }).head!.table.name).toBe('lm_head.weight');
    expect(build('gemma3_text').head!.table.name).toBe('embed_tokens.weight');
    expect(build('gpt_neox').head!.table.name).toBe('embed_out.weight');
  });
});
