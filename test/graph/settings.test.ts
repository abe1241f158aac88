/** Settings that stand in more than one way: what counts, by what transformers computes. */
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { planParts } from '../../src/graph/parts.ts';
import { build, refusalOf, type Fields } from './small.ts';

/** Equal where the graphs are equal, byte by byte. */
function printOf(architecture: ReturnType<typeof build>): readonly string[] {
  const parts = planParts(architecture, 'tiny');
  return parts.map(({ bytes }) => createHash('sha256').update(bytes).digest('hex'));
}

test('a T5 that transformers 5 saved scales and ties as its scale_decoder_outputs says', () => {
  const untied = build('t5', { tie_word_embeddings: false });
  const saved = build('t5', { tie_word_embeddings: true, scale_decoder_outputs: false });
  expect(printOf(saved)).toEqual(printOf(untied));
  expect(saved.head).toEqual(untied.head);

  const tied = build('t5', { tie_word_embeddings: true, scale_decoder_outputs: true });
  expect(printOf(tied)).toEqual(printOf(build('t5')));
  expect(printOf(tied)).not.toEqual(printOf(untied));
  expect(tied.head!.table.name).toBe('shared.weight');

  const scaled = build('t5', { tie_word_embeddings: false, scale_decoder_outputs: true });
  expect(printOf(scaled)).toEqual(printOf(tied));
  expect(scaled.head!.table.name).toBe('lm_head.weight');
});

test('a ModernBERT sees by layer_types where they are stated, and else by its rule', () => {
  const byRule = build('modernbert', { global_attn_every_n_layers: 2 });
  const stated = (...layer_types: readonly string[]) =>
    printOf(build('modernbert', { global_attn_every_n_layers: 1, layer_types }));
  expect(stated('full_attention', 'sliding_attention')).toEqual(printOf(byRule));
  expect(stated('sliding_attention', 'full_attention')).not.toEqual(printOf(byRule));
});

const absent = (...fields: readonly string[]) =>
  Object.fromEntries(fields.map((field) => [field, undefined]));

test.each<readonly [string, Fields]>([
  [
    'gpt2',
    {
      ...absent('n_embd', 'n_head', 'n_layer', 'n_positions'),
      ...{ hidden_size: 16, num_attention_heads: 4, num_hidden_layers: 2, max_position_embeddings: 64 },
    },
  ],
  [
    'distilbert',
    {
      ...absent('dim', 'n_heads', 'n_layers'),
      ...{ hidden_size: 16, num_attention_heads: 4, num_hidden_layers: 2 },
    },
  ],
  [
    't5',
    {
      ...absent('d_model', 'num_heads', 'num_layers', 'd_kv'),
      ...{
        hidden_size: 16,
        num_attention_heads: 4,
        num_hidden_layers: 2,
        head_dim: 4,
        num_decoder_layers: 2,
      },
    },
  ],
])("a %s is read under transformers' other names too", (modelType, changes) => {
  expect(printOf(build(modelType, changes))).toEqual(printOf(build(modelType)));
});

test("the other name of a T5's layers does not count its decoder's", () => {
  const other = build('t5', { num_layers: undefined, num_hidden_layers: 2 });
  expect(printOf(other)).toEqual(printOf(build('t5', { num_decoder_layers: 6 })));
});

test.each([
  ['gpt2', 'num_attention_heads', 'n_head'],
  ['distilbert', 'num_attention_heads', 'n_heads'],
  ['t5', 'num_attention_heads', 'num_heads'],
])('a %s is refused whose %s and %s differ', (modelType, field, own) => {
  const why = `2 differs from ${own} 4`;
  expect(refusalOf(modelType, { [field]: 2 })).toMatchObject({ code: 'config-field-invalid', field, why });
  expect(() => build(modelType, { [field]: 4 })).not.toThrow();
});
