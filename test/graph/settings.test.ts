/** Settings that stand in more than one way: what counts, by what transformers computes. */
import { expect, test } from 'vitest';
import { planParts } from '../../src/graph/parts.ts';
import { build } from './small.ts';

function bytesOf(architecture: ReturnType<typeof build>) {
  return planParts(architecture, 'tiny').map(({ bytes }) => bytes);
}

test('a T5 that transformers 5 saved scales and ties as its scale_decoder_outputs says', () => {
  const untied = build('t5', { tie_word_embeddings: false });
  const saved = build('t5', { tie_word_embeddings: true, scale_decoder_outputs: false });
  expect(bytesOf(saved)).toEqual(bytesOf(untied));
  expect(saved.head).toEqual(untied.head);

  const tied = build('t5', { tie_word_embeddings: true, scale_decoder_outputs: true });
  expect(bytesOf(tied)).toEqual(bytesOf(build('t5')));
  expect(bytesOf(tied)).not.toEqual(bytesOf(untied));
  expect(tied.head!.table.name).toBe('shared.weight');

  const scaled = build('t5', { tie_word_embeddings: false, scale_decoder_outputs: true });
  expect(bytesOf(scaled)).toEqual(bytesOf(tied));
  expect(scaled.head!.table.name).toBe('lm_head.weight');
});

test('a ModernBERT sees by layer_types where they are stated, and else by its rule', () => {
  const byRule = build('modernbert', { global_attn_every_n_layers: 2 });
  const stated = (...layer_types: readonly string[]) =>
    bytesOf(build('modernbert', { global_attn_every_n_layers: 1, layer_types }));
  expect(stated('full_attention', 'sliding_attention')).toEqual(bytesOf(byRule));
  expect(stated('sliding_attention', 'full_attention')).not.toEqual(bytesOf(byRule));
});
