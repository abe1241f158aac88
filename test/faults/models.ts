/**
 * Pairs of models of a given size, written to disk: Qwen3's names and shapes with as many layers as it takes, bfloat16, made-up
 * values. Seeded: equal names give equal bytes on every machine.
 *
 * Source: shapes from https://huggingface.co/Qwen/Qwen3-0.6B, config.json.
 */
import { closeSync, copyFileSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';

export interface Size {
  readonly layerCount: number;
  /** Rows of the embeddings. */
  readonly vocabularySize: number;
}

/** 1.0 GB, and 55 MB: of chunks of 2 MiB about 480, and 26. */
export const sizes = {
  large: { layerCount: 22, vocabularySize: 151_936 },
  small: { layerCount: 1, vocabularySize: 11_776 },
} satisfies Readonly<Record<string, Size>>;

const width = 1024;
const wide = 3072;
const headWidth = 128;
const [queryWidth, keyWidth] = [16 * headWidth, 8 * headWidth];

/** A tokenizer that fits any of them is as good as another: nobody runs these models. */
const tokenizer = join(import.meta.dirname, '../fixtures/golden/bert/a/tokenizer.json');

/** Writes a model's folder. */
export function writeModel(folder: string, seed: number, size: Size): void {
  mkdirSync(folder, { recursive: true });
  copyFileSync(tokenizer, join(folder, 'tokenizer.json'));
  writeFileSync(join(folder, 'config.json'), JSON.stringify(configOf(size)));
  writeCheckpoint(join(folder, 'model.safetensors'), seed, shapesOf(size));
}

function configOf({ layerCount, vocabularySize }: Size): object {
  return {
    ...{ architectures: ['Qwen3ForCausalLM'], model_type: 'qwen3', torch_dtype: 'bfloat16' },
    ...{ hidden_size: width, intermediate_size: wide, num_hidden_layers: layerCount, head_dim: headWidth },
    ...{ num_attention_heads: 16, num_key_value_heads: 8, vocab_size: vocabularySize },
    ...{ tie_word_embeddings: true, max_position_embeddings: 40960 },
  };
}

function shapesOf({ layerCount, vocabularySize }: Size): readonly (readonly [string, readonly number[]])[] {
  const layer: readonly (readonly [string, readonly number[]])[] = [
    ['input_layernorm', [width]],
    ['mlp.down_proj', [width, wide]],
    ['mlp.gate_proj', [wide, width]],
    ['mlp.up_proj', [wide, width]],
    ['post_attention_layernorm', [width]],
    ['self_attn.k_norm', [headWidth]],
    ['self_attn.k_proj', [keyWidth, width]],
    ['self_attn.o_proj', [width, queryWidth]],
    ['self_attn.q_norm', [headWidth]],
    ['self_attn.q_proj', [queryWidth, width]],
    ['self_attn.v_proj', [keyWidth, width]],
  ];
  const layers = Array.from({ length: layerCount }, (_, l) =>
    layer.map(([name, shape]) => [`model.layers.${l}.${name}.weight`, shape] as const),
  );
  return [
    ['model.embed_tokens.weight', [vocabularySize, width]],
    ...layers.flat(),
    ['model.norm.weight', [width]],
  ];
}

function writeCheckpoint(
  path: string,
  seed: number,
  shapes: readonly (readonly [string, readonly number[]])[],
): void {
  let end = 0;
  const entries = shapes.map(([name, shape]) => {
    const start = end;
    end += 2 * shape.reduce((product, size) => product * size, 1);
    return [name, { dtype: 'BF16', shape, data_offsets: [start, end] }] as const;
  });
  const header = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  const file = openSync(path, 'w');
  for (const part of [length, header]) writeSync(file, part);
  const block = makeBlock(seed);
  for (let at = 0; at < end; at += block.byteLength) {
    // no two runs of the file are alike
    block.writeUInt32LE(at / 2 ** 20, 0);
    // exponents as in the rest
    block[1] = block[3] = 0x3c;
    writeSync(file, block.subarray(0, Math.min(block.byteLength, end - at)));
  }
  closeSync(file);
}

/** 8 MiB less 2 bytes of bfloat16 values between 2⁻¹⁵ and 2 in size: no chunk begins where another did. */
function makeBlock(seed: number): Buffer {
  const values = new Uint16Array(4 * 1024 * 1024 - 1);
  const next = seededRandom(seed);
  for (let i = 0; i < values.length; i++) values[i] = (Math.floor(next() * 2 ** 16) & 0x87ff) | 0x3800;
  return Buffer.from(values.buffer);
}

/** Numbers from 0 to 1, 1 excluded. Source: a linear congruential generator of Numerical Recipes, chapter 7.1. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
