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
