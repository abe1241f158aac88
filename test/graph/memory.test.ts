/** What models take in one piece and in one part, and where they run by that: real configurations, and limits that real GPUs state. */
import { describe, expect, test } from 'vitest';
import { KnownError } from '../../src/errors.ts';
import { buildArchitecture } from '../../src/graph/architectures.ts';
import type { Part } from '../../src/graph/graph.ts';
import { checkWasm, largestPiece } from '../../src/graph/memory.ts';
import { chooseProvider, type AdapterFacts, type Device } from '../../src/graph/runtime.ts';
import { Config } from '../../src/model/config.ts';
import { partsOf } from '../../src/score/run-model.ts';

function decoder(changes: Readonly<Record<string, unknown>>): readonly Part[] {
  const fields = {
    ...{ model_type: 'llama', hidden_act: 'silu', vocab_size: 32_000, max_position_embeddings: 4096 },
    ...{ num_attention_heads: 32, num_hidden_layers: 2, ...changes },
  };
  const config = new Config(fields, 'model/config.json');
  const architecture = buildArchitecture(config, 'model', { task: 'decoder' });
  const { body, head } = partsOf(architecture, 'model');
  return [...body, ...head];
}

/** Layers of Llama 2 7B. */
const seven = decoder({ hidden_size: 4096, intermediate_size: 11_008 });
const layerBytes = 4096 * 11_008 * 4;

/** The least that the standard promises, Chromium's software adapter, and a desktop's GPU. */
const limits = { least: 128 * 2 ** 20, software: 2 ** 30, desktop: 2 ** 32 - 4 } as const;

function adapter(limit: keyof typeof limits): AdapterFacts {
  const maxStorageBufferBindingSize = limits[limit];
  const maxBufferSize = Math.max(2 * 128 * 2 ** 20, maxStorageBufferBindingSize);
  return {
    info: { isFallbackAdapter: limit === 'software' },
    limits: { maxBufferSize, maxStorageBufferBindingSize },
  };
}

describe('largestPiece', () => {
  test('is the largest layer of a model, not its table, of which only rows are placed', () => {
    expect(largestPiece(seven)).toEqual({ tensor: 'layers.0.mlp.gate_proj.weight', needBytes: layerBytes });
  });

  test('counts of a table that runs in slices one slice', () => {
    const wide = decoder({ hidden_size: 1024, intermediate_size: 1024, vocab_size: 250_000 });
    expect(largestPiece(wide)!.needBytes).toBe(64 * 2 ** 20);
  });

  test('is nothing where nothing is placed', () => {
    expect(largestPiece([])).toBeUndefined();
  });
});

describe('chooseProvider', () => {
  const piece = largestPiece(seven)!;
  const facts = { ...piece, limitBytes: limits.least };

  test('takes the CPU by itself where the GPU does not take a tensor in one piece, and says which', () => {
    expect(chooseProvider('automatic', adapter('least'), piece)).toEqual({
      provider: 'wasm',
      reason: 'gpu-short',
      refusal: { severity: 'note', code: 'gpu-too-small', facts },
    });
  });

  test('says what does not fit where the GPU was asked for', () => {
    const choose = () => chooseProvider('gpu', adapter('least'), piece);
    expect(choose).toThrow(new KnownError('gpu-too-small', facts));
  });

  test.each([
    ['automatic', 'desktop', { provider: 'webgpu', reason: 'gpu' }],
    ['gpu', 'desktop', { provider: 'webgpu', reason: 'asked' }],
    ['gpu', 'software', { provider: 'webgpu', reason: 'asked' }],
    ['automatic', 'software', { provider: 'wasm', reason: 'software-adapter' }],
    ['cpu', 'desktop', { provider: 'wasm', reason: 'asked' }],
  ] as const)(
    'runs what fits where %s was asked for and the adapter is that of a %s',
    (device, limit, choice) => {
      expect(chooseProvider(device, adapter(limit), piece)).toEqual(choice);
    },
  );

  test('takes a tensor of exactly the limit', () => {
    const exact = { tensor: 'a', needBytes: limits.least };
    expect(chooseProvider('gpu', adapter('least'), exact).provider).toBe('webgpu');
  });

  test.each<[Device, unknown]>([
    ['automatic', { provider: 'wasm', reason: 'no-adapter' }],
    ['cpu', { provider: 'wasm', reason: 'asked' }],
  ])('runs on the CPU where there is no adapter and %s was asked for', (device, choice) => {
    expect(chooseProvider(device, null, piece)).toEqual(choice);
  });
});

describe('checkWasm', () => {
  test('takes layers of 7 B', () => {
    expect(() => checkWasm(seven, 'model')).not.toThrow();
  });

  test('says how much memory is missing where a layer is larger than what the CPU has in a browser', () => {
    const huge = decoder({ hidden_size: 16_384, intermediate_size: 53_248, num_attention_heads: 128 });
    const needBytes = 4 * (4 * 16_384 ** 2 + 3 * 16_384 * 53_248 + 2 * 16_384);
    const limitBytes = 3.5 * 2 ** 30;
    const facts = { model: 'model', needBytes, limitBytes, missingBytes: needBytes - limitBytes };
    expect(() => checkWasm(huge, 'model')).toThrow(new KnownError('memory-missing', facts));
  });
});
