import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { KnownError } from '../../src/errors.ts';
import { buildArchitecture } from '../../src/graph/architectures.ts';
import type { PoolingNode } from '../../src/graph/graph.ts';
import { planParts } from '../../src/graph/parts.ts';
import { checkQuantisation, Config, readConfig } from '../../src/model/config.ts';
import { openCheckpoint } from '../../src/safetensors/checkpoint.ts';
import { folderSource } from '../model/models.ts';
import { bytesOf, graphIn, integersOf, textsOf } from './decode.ts';

const golden = join(import.meta.dirname, '../fixtures/golden/bert/a');

const small = {
  model_type: 'bert',
  hidden_size: 16,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  intermediate_size: 32,
  vocab_size: 30,
  max_position_embeddings: 40,
};

function build(changes: Readonly<Record<string, unknown>> = {}, pooling: PoolingNode = 'matrix') {
  return buildFrom(new Config({ ...small, ...changes }, 'tiny/config.json'), pooling);
}

/** The architecture, and its one part. */
function buildFrom(config: Config, pooling: PoolingNode) {
  const { dim, maxPositions, ...architecture } = buildArchitecture(config, 'tiny', {
    task: 'encoder',
    pooling,
  });
  const [part, ...others] = planParts(architecture, 'tiny', Infinity);
  expect(others).toEqual([]);
  return { dim, maxPositions, ...part! };
}

function refusalOf(changes: Readonly<Record<string, unknown>>): readonly [string, unknown] {
  try {
    build(changes);
  } catch (error) {
    if (error instanceof KnownError) return [error.code, error.facts];
    throw error;
  }
  throw new Error('nothing was refused');
}

const operatorsOf = (bytes: Uint8Array) => bytesOf(graphIn(bytes), 1).flatMap((node) => textsOf(node, 4));

describe('buildArchitecture', () => {
  test.each(['deberta-v2', 'Bert', 'bert ', '', 'constructor', '__proto__', 'toString', 'hasOwnProperty'])(
    'refuses the architecture "%s" by name',
    (modelType) => {
      const changes = JSON.parse(`{"model_type": "${modelType}"}`) as Record<string, unknown>;
      expect(refusalOf(changes)).toEqual(['architecture-unknown', { model: 'tiny', modelType }]);
    },
  );
});

describe('bert', () => {
  test.each(['gelu_10', 'GELU', 'quick_gelu', 'leaky_relu', '', 'constructor', '__proto__', 'toString'])(
    'refuses the activation "%s" by name',
    (activation) => {
      expect(refusalOf({ hidden_act: activation })).toEqual([
        'activation-unknown',
        { model: 'tiny', activation },
      ]);
    },
  );

  test.each(['relative_key', 'relative_key_query', 'rotary', ''])(
    'refuses the position type "%s" by name',
    (positionType) => {
      expect(refusalOf({ position_embedding_type: positionType })).toEqual([
        'position-type-unknown',
        { model: 'tiny', positionType },
      ]);
    },
  );

  test.each(['is_decoder', 'add_cross_attention'])('refuses a model with %s', (field) => {
    expect(refusalOf({ [field]: true })).toEqual([
      'config-unsupported',
      { model: 'tiny', field, value: 'true' },
    ]);
    expect(refusalOf({ [field]: 1 })?.[0]).toBe('config-unsupported');
    expect(build({ [field]: false }).dim).toBe(16);
  });

  test.each([3, 0, -2, 32])('refuses %i heads in 16 dimensions', (heads) => {
    expect(refusalOf({ num_attention_heads: heads })).toEqual([
      'config-field-invalid',
      {
        file: 'tiny/config.json',
        field: 'num_attention_heads',
        why: `${heads} does not divide hidden_size 16`,
      },
    ]);
  });

  test.each([
    ['hidden_size', undefined, 'it is missing'],
    ['hidden_size', '16', '"16" is not a whole number'],
    ['num_hidden_layers', 1.5, '1.5 is not a whole number'],
    ['vocab_size', undefined, 'it is missing'],
    ['layer_norm_eps', 'tiny', '"tiny" is not a number'],
    ['hidden_act', { name: 'gelu' }, '{"name":"gelu"} is not a string'],
    ['hidden_size', 0, '0 is not above 0'],
    ['num_hidden_layers', -1, '-1 is not above 0'],
    ['num_hidden_layers', 1e9, '1000000000 is above 1024'],
    ['max_position_embeddings', 0, '0 is not above 0'],
  ])('refuses %s: %j', (field, value, why) => {
    expect(refusalOf({ [field]: value })).toEqual([
      'config-field-invalid',
      { file: 'tiny/config.json', field, why },
    ]);
  });

  test("takes transformers' defaults for what a configuration leaves out", () => {
    const written = {
      hidden_act: 'gelu',
      layer_norm_eps: 1e-12,
      type_vocab_size: 2,
      position_embedding_type: 'absolute',
      is_decoder: false,
      add_cross_attention: false,
    };
    expect(build()).toEqual(build(written));
  });

  test('wants every tensor of a checkpoint but the pooler, in its shape', async () => {
    const source = await folderSource(golden, 'a');
    const config = await readConfig(source);
    const { parameters } = buildFrom(config, 'matrix');
    const { tensors } = await openCheckpoint(source);
    const want = [...tensors.values()]
      .filter(({ name }) => !name.startsWith('pooler.'))
      .map(({ name, shape }) => [name, shape] as const);
    expect(parameters).toHaveLength(37);
    expect(Object.fromEntries(parameters.map(({ name, shape }) => [name, shape]))).toEqual(
      Object.fromEntries(want),
    );
  });

  test('makes every parameter a graph input, and none a constant', () => {
    const { bytes, parameters, feeds } = build();
    const inputs = bytesOf(graphIn(bytes), 11).map((input) => textsOf(input, 1)[0]);
    const fed = [...feeds.keys()];
    expect([...inputs].sort()).toEqual([...parameters.map(({ input }) => input), ...fed].sort());
    const kinds = [...feeds.values()].map(({ kind }) => kind);
    expect(kinds.sort()).toEqual(['hidden', 'ids', 'mask', 'pool', 'positions', 'split', 'types']);
    const constantBytes = bytesOf(graphIn(bytes), 5).map((tensor) => bytesOf(tensor, 9)[0]!.byteLength);
    expect(Math.max(...constantBytes)).toBeLessThanOrEqual(16);
  });

  test('uses no value before it is made', () => {
    const graph = graphIn(build({}, 'max').bytes);
    const known = new Set([
      ...bytesOf(graph, 11).flatMap((input) => textsOf(input, 1)),
      ...bytesOf(graph, 5).flatMap((constant) => textsOf(constant, 8)),
    ]);
    for (const node of bytesOf(graph, 1)) {
      expect(textsOf(node, 1).filter((input) => !known.has(input))).toEqual([]);
      textsOf(node, 2).forEach((output) => known.add(output));
    }
    expect(known.has('embedding')).toBe(true);
  });

  test('gives the same bytes for the same settings, and others for others', () => {
    expect(build().bytes).toEqual(build().bytes);
    const changes: readonly Readonly<Record<string, unknown>>[] = [
      { layer_norm_eps: 1e-5 },
      { num_attention_heads: 4 },
      { hidden_act: 'relu' },
      { num_hidden_layers: 3 },
      { max_position_embeddings: 41 },
    ];
    for (const change of changes) expect(build(change).bytes).not.toEqual(build().bytes);
    expect(build({}, 'max').bytes).not.toEqual(build().bytes);
  });

  test('grows with the layers alone, not with the width', () => {
    const wide = build({
      hidden_size: 768,
      num_attention_heads: 12,
      intermediate_size: 3072,
      num_hidden_layers: 12,
    });
    expect(wide.bytes.byteLength).toBeLessThan(48_000);
  });

  test.each([
    ['gelu', ['Gelu']],
    ['gelu_new', ['Gelu']],
    ['gelu_pytorch_tanh', ['Gelu']],
    ['relu', ['Relu']],
    ['silu', ['Sigmoid', 'Mul']],
    ['swish', ['Sigmoid', 'Mul']],
    ['tanh', ['Tanh']],
  ])('runs %s as %j', (hidden_act, want) => {
    const operators = operatorsOf(build({ hidden_act, num_hidden_layers: 1 }).bytes);
    const gemms = operators.flatMap((operator, at) => (operator === 'Gemm' ? [at] : []));
    // between the last two linear layers
    expect(operators.slice(gemms.at(-2)! + 1, gemms.at(-1))).toEqual(want);
  });

  test('tells the two forms of gelu apart', () => {
    expect(build({ hidden_act: 'gelu' }).bytes).not.toEqual(build({ hidden_act: 'gelu_new' }).bytes);
    expect(build({ hidden_act: 'gelu_pytorch_tanh' }).bytes).toEqual(build({ hidden_act: 'gelu_new' }).bytes);
  });

  test('writes the epsilon of every layer norm', () => {
    const norms = bytesOf(graphIn(build({ layer_norm_eps: 0.5 }).bytes), 1).filter(
      (node) => textsOf(node, 4)[0] === 'LayerNormalization',
    );
    expect(norms).toHaveLength(5);
    for (const norm of norms) {
      const epsilon = bytesOf(norm, 5).find((attribute) => textsOf(attribute, 1)[0] === 'epsilon')!;
      // type 1 is a float; 0.5 is 00 00 00 3f
      expect(integersOf(epsilon, 20)).toEqual([1]);
      expect(Buffer.from(epsilon).toString('hex')).toContain('150000003f');
    }
  });

  test('states what a run needs to know', () => {
    const { dim, maxPositions, results } = build({ num_attention_heads: 4 }, 'max');
    expect({ dim, maxPositions, results }).toEqual({ dim: 16, maxPositions: 40, results: ['embedding'] });
  });
});

describe('checkQuantisation', () => {
  test('refuses a quantised checkpoint by its setting', () => {
    const config = new Config(
      { ...small, quantization_config: { quant_method: 'gptq' } },
      'tiny/config.json',
    );
    expect(() => checkQuantisation(config, 'tiny')).toThrow(
      new KnownError('config-unsupported', {
        model: 'tiny',
        field: 'quantization_config',
        value: '{"quant_method":"gptq"}',
      }),
    );
  });

  test('takes a configuration without one, or with none', () => {
    expect(() => checkQuantisation(new Config(small, 'c'), 'tiny')).not.toThrow();
    expect(() =>
      checkQuantisation(new Config({ ...small, quantization_config: null }, 'c'), 'tiny'),
    ).not.toThrow();
  });
});
