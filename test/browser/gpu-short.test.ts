/** A GPU that is too small for a model: the real runtime on a real device, which is said to take little, or to have no room left. */
import { afterEach, describe, expect, test, vi } from 'vitest';
import { openScorable } from '../../src/pipeline.ts';
import { openRuntime, type Runtime } from '../../src/graph/runtime.ts';
import type { Scorable } from '../../src/score/scorable.ts';
import { Scorer } from '../../src/score/score.ts';
import { openLocal } from '../../src/source/local.ts';
import { goldenBert } from './models.ts';

const opened: GPUDevice[] = [];
afterEach(() => opened.splice(0).forEach((gpu) => gpu.destroy()));

/** The device that the browser has, whatever is asked for. */
async function openGpu(change: (runtime: Runtime) => Runtime): Promise<Runtime> {
  const runtime = await openRuntime('gpu');
  opened.push(runtime.gpu!);
  return change(runtime);
}

async function openGolden(): Promise<Scorable> {
  const ref = await goldenBert('a');
  if (ref.kind !== 'local') throw new Error('not a local model');
  return openScorable(openLocal(ref.name, ref.files));
}

const texts = ['how do I cook bread', 'what is Mars'];
const watching = () => ({ signal: new AbortController().signal, report: () => undefined });

/** 1,000 bytes: vectors fit, matrices do not. */
const tooSmall = (runtime: Runtime): Runtime => ({ ...runtime, limitBytes: 1000 });

function full(runtime: Runtime): Runtime {
  vi.spyOn(runtime.gpu!, 'popErrorScope').mockResolvedValue(new GPUOutOfMemoryError('no room'));
  return runtime;
}

describe('Scorer on a GPU that is short of memory', () => {
  test.each([
    ['a tensor is larger than what it binds', tooSmall, 'gpu-too-small', { limitBytes: 1000 }],
    ['a buffer finds no room', full, 'gpu-full', {}],
  ] as const)('runs on the CPU by itself where %s, and says why', async (_, change, code, facts) => {
    const model = await openGolden();
    const want = await new Scorer().outputs(model, texts, '', 'cpu', watching());
    const scorer = new Scorer(() => openGpu(change));
    const got = await scorer.outputs(model, texts, '', 'automatic', watching());
    expect(got.outputs).toEqual(want.outputs);
    expect(got.ranOn).toMatchObject({ provider: 'wasm', reason: 'gpu-short', refusal: { code, facts } });
  });

  test.each([
    ['gpu-too-small', tooSmall],
    ['gpu-full', full],
  ] as const)('says %s where the GPU was asked for', async (code, change) => {
    const scorer = new Scorer(() => openGpu(change));
    const running = scorer.outputs(await openGolden(), texts, '', 'gpu', watching());
    await expect(running).rejects.toMatchObject({ code });
  });

  test('is refused before a device is opened where a tensor is larger than what the adapter states', async () => {
    const adapter = await navigator.gpu.requestAdapter();
    const limitBytes = Math.min(adapter!.limits.maxBufferSize, adapter!.limits.maxStorageBufferBindingSize);
    const piece = { tensor: 'large', needBytes: limitBytes + 16 };
    await expect(openRuntime('gpu', piece)).rejects.toMatchObject({
      code: 'gpu-too-small',
      facts: { ...piece, limitBytes },
    });
  });
});
