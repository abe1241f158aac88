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
    ['t5', 'decoder.block.0.layer.0.SelfAttention.k.weight'],
    ['', 'bert.embeddings.word_embeddings.weight'],
    ['roberta', 'bert.embeddings.word_embeddings.weight'],
  ])('leaves names of %j as they stand', (modelType, name) => {
    expect([...nameTensors(tensorsOf(name), modelType).tensors.keys()]).toEqual([name]);
  });

  test.each([
    ['llama', 'model.', 'lm_head.weight'],
    ['gpt2', 'transformer.', 'lm_head.weight'],
    ['gpt_neox', 'gpt_neox.', 'embed_out.weight'],
    ['opt', 'model.', 'lm_head.weight'],
  ])('strips what every tensor of a %s but its head has before its name', (modelType, prefix, head) => {
    const named = nameTensors(tensorsOf(`${prefix}a.weight`, `${prefix}b.weight`, head), modelType);
    expect(named.prefix).toBe(prefix);
    expect([...named.tensors.keys()]).toEqual(['a.weight', 'b.weight', head]);
    const odd = nameTensors(tensorsOf(`${prefix}a.weight`, 'b.weight'), modelType);
    expect([...odd.tensors.keys()]).toEqual([`${prefix}a.weight`, 'b.weight']);
  });

  test('leaves out what every library computes by itself', () => {
    const computed = tensorsOf(
      'bert.embeddings.position_ids',
      'embeddings.token_type_ids',
      'model.layers.0.self_attn.rotary_emb.inv_freq',
      'transformer.h.0.attn.bias',
      'h.11.attn.masked_bias',
      'gpt_neox.layers.0.attention.bias',
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
