/** What a session refuses, on the page itself: the runtime runs there as it does in a worker. */
import { describe, expect, test } from 'vitest';
import type { PartParameter } from '../../src/graph/graph.ts';
import { PartWriter } from '../../src/graph/part.ts';
import { openRuntime } from '../../src/graph/runtime.ts';
import { GraphSession } from '../../src/graph/session.ts';

/** Twice one parameter. */
function tiny(): Uint8Array {
  const part = new PartWriter('tiny');
  const value = part.parameter('large', 4);
  part.result('twice', 'Add', [value, value], [4]);
  return part.finish(new Set()).bytes;
}

describe('GraphSession', () => {
  test('says what the runtime makes of bytes that are no graph', async () => {
    const opening = GraphSession.open(new Uint8Array([1, 2, 3]), await openRuntime('cpu'));
    await expect(opening).rejects.toMatchObject({ code: 'runtime-failed' });
  });

  test('refuses a tensor that is larger than the GPU binds, by name', async () => {
    const adapter = await navigator.gpu.requestAdapter();
    // a device with no limits asked for binds 128 MiB, the least that the standard promises
    const gpu = await adapter!.requestDevice();
    const { ranOn } = await openRuntime('gpu');
    const elementCount = gpu.limits.maxStorageBufferBindingSize / 4 + 4;
    const shape = [elementCount];
    const large: PartParameter = { name: 'large', shape, input: 'parameter_0', rows: 'all' };
    const session = await GraphSession.open(tiny(), {
      ranOn,
      gpu,
      limitBytes: gpu.limits.maxStorageBufferBindingSize,
    });
    const value = { type: 'float32', data: new Float32Array(elementCount), shape } as const;
    const placing = session.place([large], () => Promise.resolve(value));
    await expect(placing).rejects.toMatchObject({
      code: 'gpu-too-small',
      facts: { tensor: 'large', limitBytes: gpu.limits.maxStorageBufferBindingSize },
    });
    await session.release();
    gpu.destroy();
  });
});
