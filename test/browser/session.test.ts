/** What a session refuses, on the page itself: the runtime runs there as it does in a worker. */
import { describe, expect, test } from 'vitest';
import { buildBert } from '../../src/graph/bert.ts';
import type { EncoderGraph } from '../../src/graph/graph.ts';
import { openRuntime } from '../../src/graph/runtime.ts';
import { EncoderSession } from '../../src/graph/session.ts';
import { Config } from '../../src/model/config.ts';

const tiny = buildBert(
  new Config(
    {
      model_type: 'bert',
      hidden_size: 8,
      intermediate_size: 16,
      num_attention_heads: 2,
      num_hidden_layers: 1,
      max_position_embeddings: 16,
      vocab_size: 20,
    },
    'config.json',
  ),
  'tiny',
  'matrix',
);

describe('EncoderSession', () => {
  test('says what the runtime makes of bytes that are no graph', async () => {
    const broken: EncoderGraph = { ...tiny, bytes: new Uint8Array([1, 2, 3]) };
    const opening = EncoderSession.open(broken, await openRuntime('cpu'));
    await expect(opening).rejects.toMatchObject({ code: 'runtime-failed' });
  });

  test('refuses a tensor that is larger than the GPU binds, by name', async () => {
    const adapter = await navigator.gpu.requestAdapter();
    // a device with no limits asked for binds 128 MiB, the least that the standard promises
    const gpu = await adapter!.requestDevice();
    const { ranOn } = await openRuntime('gpu');
    const elementCount = gpu.limits.maxStorageBufferBindingSize / 4 + 4;
    const large: EncoderGraph = { ...tiny, parameters: [{ name: 'large', shape: [elementCount] }] };
    const session = await EncoderSession.open(large, { ranOn, gpu });
    const placing = session.place(() => Promise.resolve(new Float32Array(elementCount)));
    await expect(placing).rejects.toMatchObject({
      code: 'gpu-too-small',
      facts: { tensor: 'large', limitBytes: gpu.limits.maxStorageBufferBindingSize },
    });
    await session.release();
    gpu.destroy();
  });
});
