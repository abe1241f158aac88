/**
 * Tensor names across files of one architecture. The same tensor is `embeddings.x` in a file saved from the bare
 * model and `bert.embeddings.x` in one saved with a head; the canonical name is the bare model's.
 */
import type { Tensor } from '../safetensors/checkpoint.ts';

/**
 * What a head class puts before the bare model's names, by model type. Only families whose
 * bare class writes no such prefix itself; for any other, names are compared as they stand. ModernBERT's `model.`
 * is one of them: its bare class writes `layers.0...`.
 *
 * Source: https://github.com/huggingface/transformers, `base_model_prefix` in its modeling files.
 */
const prefixOfType: ReadonlyMap<string, string> = new Map([
  ['bert', 'bert.'],
  ['roberta', 'roberta.'],
  ['xlm-roberta', 'roberta.'],
  ['camembert', 'roberta.'],
  ['distilbert', 'distilbert.'],
  ['mpnet', 'mpnet.'],
  ['electra', 'electra.'],
  ['albert', 'albert.'],
  ['deberta', 'deberta.'],
  ['deberta-v2', 'deberta.'],
  ['modernbert', 'model.'],
]);

/**
 * What language models put before the bare model's names, whatever their type: taken off where every tensor but a head's has
 * it. Source: `base_model_prefix` of Llama, Mistral, Qwen, Gemma and OPT; of GPT-2; of GPT-NeoX.
 */
const commonPrefixes = ['model.', 'transformer.', 'gpt_neox.'] as const;

/** First parts of canonical names that belong to a task, not to the encoder. */
const headParts: ReadonlySet<string> = new Set([
  'cls',
  'classifier',
  'pre_classifier',
  'qa_outputs',
  'lm_head',
  'score',
  'predictions',
  'sop_classifier',
  'vocab_transform',
  'vocab_layer_norm',
  'vocab_projector',
  'discriminator_predictions',
  'generator_predictions',
  'generator_lm_head',
  'mask_predictions',
  'lm_predictions',
  'embed_out',
]);

/** ModernBERT's heads have names that are the model itself elsewhere (T5's `decoder.`); DeBERTa's pooler stands with its heads. */
const headPartsOfType: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ['modernbert', new Set(['head', 'decoder'])],
  ['deberta', new Set(['pooler'])],
  ['deberta-v2', new Set(['pooler'])],
]);

/** Heads whose values are the word embeddings' (or the head's other bias), where the configuration ties them. */
const tiedNames: ReadonlySet<string> = new Set([
  'lm_head.weight',
  'lm_head.decoder.weight',
  'lm_head.decoder.bias',
  'cls.predictions.decoder.weight',
  'cls.predictions.decoder.bias',
  'predictions.decoder.weight',
  'predictions.decoder.bias',
  'generator_lm_head.weight',
  'vocab_projector.weight',
  'decoder.weight',
]);

/** Counters and tables that older libraries saved and every library computes by itself; and T5's table that nothing reads. */
const computed =
  /(?:^|\.)(?:embeddings\.(?:position_ids|token_type_ids)|rotary_emb\.inv_freq|h\.\d+\.attn\.(?:masked_)?bias|attention\.(?:masked_)?bias|EncDecAttention\.relative_attention_bias\.weight)$/;

/** `module`: of a Dense module, `2_Dense/linear.weight`. */
export type Role = 'base' | 'pooler' | 'head' | 'module';

export function roleOf(canonical: string, modelType: string): Role {
  if (canonical.includes('/')) return 'module';
  const part = canonical.split('.', 1)[0]!;
  if (headParts.has(part) || headPartsOfType.get(modelType)?.has(part)) return 'head';
  return part === 'pooler' ? 'pooler' : 'base';
}

export function isTied(canonical: string): boolean {
  return tiedNames.has(canonical);
}

/** The tensors of one file under canonical names, in file order; computed buffers are left out. */
export interface NamedTensors {
  /** What this file writes before the bare model's names: `bert.` or nothing. */
  readonly prefix: string;
  readonly tensors: ReadonlyMap<string, Tensor>;
}

export function nameTensors(tensors: ReadonlyMap<string, Tensor>, modelType: string): NamedTensors {
  const kept = [...tensors].filter(([name]) => !computed.test(name));
  const known = prefixOfType.get(modelType);
  const prefix = known === undefined ? commonPrefix(kept, modelType) : anyPrefix(kept, known);
  const stripped = new Map(kept.map(([name, tensor]) => [canonicalName(name, prefix), tensor]));
  // a file that holds a tensor under both names is none that the libraries write: its names stay as they are
  if (stripped.size < kept.length) return { prefix: '', tensors: new Map(kept) };
  return { prefix, tensors: stripped };
}

type Entries = readonly (readonly [name: string, tensor: Tensor])[];

function anyPrefix(tensors: Entries, known: string): string {
  return tensors.some(([name]) => name.startsWith(known)) ? known : '';
}

function commonPrefix(tensors: Entries, modelType: string): string {
  const inside = tensors.filter(([name]) => roleOf(name, modelType) === 'base');
  const all = (prefix: string) => inside.length > 0 && inside.every(([name]) => name.startsWith(prefix));
  return commonPrefixes.find(all) ?? '';
}

function canonicalName(name: string, prefix: string): string {
  return modernName(name.startsWith(prefix) ? name.slice(prefix.length) : name);
}

/**
 * Layer norms converted from TensorFlow are called gamma and beta; transformers renames them as it loads.
 * Source: transformers, `PreTrainedModel._fix_state_dict_key_on_load`.
 */
export function modernName(name: string): string {
  return name.replace(/LayerNorm\.gamma$/, 'LayerNorm.weight').replace(/LayerNorm\.beta$/, 'LayerNorm.bias');
}

/** How a file with this prefix would spell a tensor that it lacks; heads stand beside the bare model, so they have none. */
export function spell(canonical: string, prefix: string, role: Role): string {
  return role === 'head' ? canonical : prefix + canonical;
}
