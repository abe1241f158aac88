import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Config, readConfig } from '../../src/model/config.ts';
import { readModules } from '../../src/model/modules.ts';
import { openCheckpoint } from '../../src/safetensors/checkpoint.ts';
import { planParts } from '../../src/graph/parts.ts';
import type { Pooling } from '../../src/model/pooling.ts';
import { architectureOf, ownPooling, readerOf } from '../../src/score/scorable.ts';
import { checkpointOf, folderSource, refusal, sourceOf, type Tensors } from '../model/models.ts';

const fixtures = join(import.meta.dirname, '../fixtures');

const fields = {
  model_type: 'bert',
  hidden_size: 2,
  num_hidden_layers: 1,
  num_attention_heads: 1,
  intermediate_size: 3,
  vocab_size: 4,
  max_position_embeddings: 5,
};
const tiny = new Config(fields, 'tiny/config.json');

/** The parts of an encoder with this pooling. */
async function partsOf(config: Config, pooling: Pooling = 'mean') {
  const modules = { ...(await readModules(sourceOf({}), config)), dense: [] };
  return planParts(architectureOf({ config, name: 'tiny', task: 'encoder', modules }, pooling), 'tiny');
}

/** A checkpoint of zeros with the tensors of the tiny graph, some of them changed. */
async function tinyCheckpoint(prefix: string, changes: Tensors = {}) {
  const parameters = (await partsOf(tiny)).flatMap((part) => part.parameters);
  const tensors: Tensors = Object.fromEntries(
    parameters.map(({ name, shape }) => [prefix + name, ['F32', ...shape]] as const),
  );
  const file = checkpointOf({ ...tensors, ...changes });
  return openCheckpoint(sourceOf({ 'model.safetensors': file }));
}

describe('architectureOf', () => {
  test('shares one graph among mean, CLS and last-token pooling, and has another for max', async () => {
    const of = async (pooling: Pooling) => (await partsOf(tiny, pooling)).map(({ bytes }) => bytes);
    expect(await of('cls')).toEqual(await of('mean'));
    expect(await of('lasttoken')).toEqual(await of('mean'));
    expect(await of('max')).not.toEqual(await of('mean'));
  });

  test('refuses a quantised model before its architecture', async () => {
    const config = new Config({ model_type: 'llama', quantization_config: { bits: 4 } }, 'c');
    expect(await refusal(() => partsOf(config))).toEqual([
      'config-unsupported',
      { model: 'tiny', field: 'quantization_config', value: '{"bits":4}' },
    ]);
  });
});

describe('ownPooling', () => {
  test("is the model's", async () => {
    const source = await folderSource(join(fixtures, 'golden/bert-cls/a'), 'a');
    const modules = await readModules(source, await readConfig(source));
    expect(ownPooling({ name: 'a', modules })).toBe('cls');
  });

  test('refuses what the modules refuse', async () => {
    const kinds = ['Transformer', 'Pooling', 'LayerNorm'];
    const source = sourceOf({
      'modules.json': kinds.map((kind) => ({ path: kind, type: `sentence_transformers.models.${kind}` })),
      'Pooling/config.json': { pooling_mode_mean_tokens: true },
    });
    const modules = await readModules(source, tiny);
    expect(await refusal(() => ownPooling({ name: 'tiny', modules }))).toEqual([
      'module-unknown',
      { model: 'tiny', module: 'LayerNorm' },
    ]);
  });
});

describe('readerOf', () => {
  test('reads the values of a half-precision checkpoint as float32', async () => {
    const source = await folderSource(join(fixtures, 'golden/bert-cls/a'), 'a');
    const config = await readConfig(source);
    const checkpoint = await openCheckpoint(source);
    const parts = await partsOf(config, 'cls');
    const read = readerOf(parts, { name: 'a', config, checkpoint });
    const { data: values } = await read(parts[0]!.parameters[0]!, undefined);
    expect(values).toBeInstanceOf(Float32Array);
    expect(values).toHaveLength(363 * 32);
    expect(values.every(Number.isFinite)).toBe(true);
  });

  test.each(['', 'bert.'])('finds every parameter behind the prefix "%s"', async (prefix) => {
    const parts = await partsOf(tiny);
    const checkpoint = await tinyCheckpoint(prefix, { 'cls.predictions.bias': ['F32', 4] });
    const read = readerOf(parts, { name: 'tiny', config: tiny, checkpoint });
    for (const parameter of parts.flatMap(({ parameters }) => parameters)) {
      const elementCount = parameter.shape.reduce((product, size) => product * size, 1);
      expect((await read(parameter, undefined)).data).toHaveLength(elementCount);
    }
  });

  test.each<[string, Tensors, string, object]>([
    [
      'another shape',
      { 'embeddings.LayerNorm.bias': ['F32', 1, 2] },
      'graph-tensor-shape',
      { model: 'tiny', tensor: 'embeddings.LayerNorm.bias', want: '(2)', got: '(1, 2)' },
    ],
    [
      'integers',
      { 'embeddings.LayerNorm.bias': ['I8', 2] },
      'graph-tensor-missing',
      { model: 'tiny', tensor: 'embeddings.LayerNorm.bias' },
    ],
  ])('refuses %s before it reads anything', async (_, changes, code, facts) => {
    const parts = await partsOf(tiny);
    const checkpoint = await tinyCheckpoint('', changes);
    expect(await refusal(() => readerOf(parts, { name: 'tiny', config: tiny, checkpoint }))).toEqual([
      code,
      facts,
    ]);
  });

  test('refuses a checkpoint with fewer layers than its configuration', async () => {
    const config = new Config({ ...fields, num_hidden_layers: 2 }, 'tiny/config.json');
    const parts = await partsOf(config);
    const checkpoint = await tinyCheckpoint('');
    expect(await refusal(() => readerOf(parts, { name: 'tiny', config, checkpoint }))).toEqual([
      'graph-tensor-missing',
      { model: 'tiny', tensor: 'encoder.layer.1.attention.self.query.weight' },
    ]);
  });
});
