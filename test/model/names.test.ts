import { describe, expect, test } from 'vitest';
import { nameTensors, roleOf, spell } from '../../src/model/names.ts';
import type { Tensor } from '../../src/safetensors/checkpoint.ts';

function tensorsOf(...names: string[]): ReadonlyMap<string, Tensor> {
  const tensor = {
    dtype: 'F32',
    shape: [1],
    elementCount: 1,
    bytes: 4,
    file: 'model.safetensors',
    start: 0,
  } as const;
  return new Map(names.map((name) => [name, { ...tensor, name }]));
}

describe('nameTensors', () => {
  test.each([
    ['bert', 'bert.'],
    ['roberta', 'roberta.'],
    ['xlm-roberta', 'roberta.'],
    ['camembert', 'roberta.'],
    ['distilbert', 'distilbert.'],
    ['mpnet', 'mpnet.'],
    ['electra', 'electra.'],
    ['modernbert', 'model.'],
  ])('strips what heads of %s put before the model', (modelType, prefix) => {
    const named = nameTensors(tensorsOf(`${prefix}layers.0.weight`, 'classifier.weight'), modelType);
    expect(named.prefix).toBe(prefix);
    expect([...named.tensors.keys()]).toEqual(['layers.0.weight', 'classifier.weight']);
    expect(named.tensors.get('layers.0.weight')?.name).toBe(`${prefix}layers.0.weight`);
  });

  test.each([
    ['llama', 'model.layers.0.mlp.up_proj.weight'],
    ['t5', 'decoder.block.0.layer.0.SelfAttention.k.weight'],
    ['', 'bert.embeddings.word_embeddings.weight'],
    ['roberta', 'bert.embeddings.word_embeddings.weight'],
  ])('leaves names of %j as they stand', (modelType, name) => {
    expect([...nameTensors(tensorsOf(name), modelType).tensors.keys()]).toEqual([name]);
  });

  test('leaves out what every library computes by itself', () => {
    const computed = tensorsOf(
      'bert.embeddings.position_ids',
      'embeddings.token_type_ids',
      'model.layers.0.self_attn.rotary_emb.inv_freq',
      'embeddings.position_embeddings.weight',
    );
    expect([...nameTensors(computed, 'bert').tensors.keys()]).toEqual([
      'embeddings.position_embeddings.weight',
    ]);
  });

  test('reads gamma and beta of layer norms as weight and bias', () => {
    const named = nameTensors(tensorsOf('embeddings.LayerNorm.gamma', 'embeddings.LayerNorm.beta'), 'bert');
    expect([...named.tensors.keys()]).toEqual(['embeddings.LayerNorm.weight', 'embeddings.LayerNorm.bias']);
  });

  test('changes no name in a file that has a tensor under both names', () => {
    const named = nameTensors(tensorsOf('bert.pooler.dense.bias', 'pooler.dense.bias'), 'bert');
    expect([...named.tensors.keys()]).toEqual(['bert.pooler.dense.bias', 'pooler.dense.bias']);
  });

  test('keeps a tensor with an object prototype for a name', () => {
    expect([...nameTensors(tensorsOf('__proto__', 'constructor', ''), 'bert').tensors.keys()]).toEqual([
      '__proto__',
      'constructor',
      '',
    ]);
  });
});

describe('roleOf', () => {
  test.each([
    ['pooler.dense.weight', 'bert', 'pooler'],
    ['pooler.dense.weight', 'deberta-v2', 'head'],
    ['cls.predictions.bias', 'bert', 'head'],
    ['classifier.out_proj.weight', 'roberta', 'head'],
    ['qa_outputs.weight', 'bert', 'head'],
    ['lm_head.weight', 'llama', 'head'],
    ['score.weight', 'llama', 'head'],
    ['pre_classifier.weight', 'distilbert', 'head'],
    ['vocab_transform.weight', 'distilbert', 'head'],
    ['discriminator_predictions.dense.weight', 'electra', 'head'],
    ['decoder.bias', 'modernbert', 'head'],
    ['decoder.final_layer_norm.weight', 't5', 'base'],
    ['encoder.layer.0.output.dense.weight', 'bert', 'base'],
  ])('%s of %s is %s', (name, modelType, role) => {
    expect(roleOf(name, modelType)).toBe(role);
  });
});

describe('spell', () => {
  test('puts the prefix before the model and not before a head', () => {
    expect(spell('pooler.dense.bias', 'bert.', 'pooler')).toBe('bert.pooler.dense.bias');
    expect(spell('classifier.bias', 'bert.', 'head')).toBe('classifier.bias');
  });
});
