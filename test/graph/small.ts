/** The smallest configuration of each type, and what is built from it. */
import { KnownError } from '../../src/errors.ts';
import { buildArchitecture, tasksOf, type Use } from '../../src/graph/architectures.ts';
import { Config } from '../../src/model/config.ts';

export type Fields = Readonly<Record<string, unknown>>;

export const decoder = {
  hidden_size: 16,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  intermediate_size: 32,
  vocab_size: 30,
  max_position_embeddings: 64,
};

const small: Readonly<Record<string, Fields>> = {
  llama: decoder,
  mistral: decoder,
  qwen2: decoder,
  qwen3: decoder,
  gemma3_text: { ...decoder, head_dim: 4 },
  gpt2: { n_embd: 16, n_layer: 2, n_head: 4, vocab_size: 30, n_positions: 64 },
  gpt_neox: { ...decoder, rotary_pct: 0.5 },
  t5: { d_model: 16, d_kv: 4, num_heads: 4, num_layers: 2, d_ff: 32, vocab_size: 30 },
  bert: { ...decoder, type_vocab_size: 2 },
  roberta: { ...decoder, type_vocab_size: 1 },
  electra: { ...decoder, embedding_size: 8 },
  opt: { ...decoder, ffn_dim: 32, word_embed_proj_dim: 16 },
  distilbert: { dim: 16, n_heads: 4, n_layers: 2, hidden_dim: 32, vocab_size: 30 },
  mpnet: { ...decoder },
  modernbert: { ...decoder },
};

export function configOf(modelType: string, changes: Fields): Config {
  return new Config({ model_type: modelType, ...small[modelType], ...changes }, 'tiny/config.json');
}

export function build(modelType: string, changes: Fields = {}, use?: Use) {
  const config = configOf(modelType, changes);
  const [task] = tasksOf(config, 'tiny') as readonly [Use['task']];
  return buildArchitecture(
    config,
    'tiny',
    use ?? (task === 'encoder' ? { task, pooling: 'matrix' } : { task }),
  );
}

export function refusalOf(modelType: string, changes: Fields, use?: Use) {
  try {
    build(modelType, changes, use);
  } catch (error) {
    if (error instanceof KnownError) return { code: error.code, ...error.facts };
    throw error;
  }
  throw new Error('nothing was refused');
}
