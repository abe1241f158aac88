/** What goes wrong in real workers, and that the next call works: stops, deaths, lost and missing devices. */
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';
import { KnownError } from '../../src/errors.ts';
import { openRuntime, type Device } from '../../src/graph/runtime.ts';
import type { ScoreJob } from '../../src/pipeline.ts';
import type { Progress } from '../../src/progress.ts';
import { openClient, type Client } from '../../src/worker/client.ts';
import { fixture, goldenBert, localModel, variant } from './models.ts';
import type { SessionCalls } from './session.worker.ts';

/** Real workers, kept by name; one that is deaf does not hear that it is to stop. */
const workers = new Map<string, WatchedWorker>();

class WatchedWorker extends Worker {
  deaf = false;

  constructor(address: string | URL, options: WorkerOptions) {
    super(address, options);
    workers.set(options.name ?? '', this);
  }

  override postMessage(message: unknown, transfer?: Transferable[] | StructuredSerializeOptions): void {
    const { path } = message as { readonly path?: readonly string[] };
    if (this.deaf && path?.[0] === 'cancel') return;
    super.postMessage(message, transfer as StructuredSerializeOptions);
  }
}

vi.stubGlobal('Worker', WatchedWorker);
const client = openClient();

afterAll(() => {
  for (const worker of workers.values()) worker.terminate();
  vi.unstubAllGlobals();
});

/** Of a size that no device is done with before the tests act: some seconds on one thread, minutes on a software adapter. */
async function longJob(device: Device): Promise<ScoreJob> {
  const text = 'To cook curry, warm the pan, add oil and stir until golden. '.repeat(8);
  const examples = Array.from({ length: 1000 }, (_, e) => ({
    query: `${e} ${text}`,
    positives: [text],
    negatives: [`${text} ${e}`, `salt ${text}`],
  }));
  const models = [await goldenBert('a'), await goldenBert('b')];
  return { models, set: { kind: 'contrastive', examples }, definition: { kind: 'own', prompts: [] }, device };
}

/** Resolves at the first report of this stage. */
function untilStage(stage: Progress['stage']) {
  let arrived: () => void;
  const reached = new Promise<void>((resolve) => (arrived = resolve));
  return { reached, report: (progress: Progress) => progress.stage === stage && arrived() };
}

async function embedOne(device: Device = 'cpu'): Promise<number> {
  const model = await variant({ hidden_act: 'gelu' }, 'mean');
  const { outputs } = await client.outputs(model, ['bread'], { prompt: '', device });
  return outputs[0]!.length;
}

describe('a stop', () => {
  async function stopMs(device: Device): Promise<number> {
    const controller = new AbortController();
    const { reached, report } = untilStage('score');
    const scoring = client.score(await longJob(device), { signal: controller.signal, report });
    scoring.catch(() => undefined);
    await reached;
    const asked = performance.now();
    controller.abort();
    await expect(scoring).rejects.toMatchObject({ name: 'AbortError' });
    return performance.now() - asked;
  }

  test.each(['gpu', 'cpu'] as const)(
    'ends scoring on the %s within a second, and the next run works',
    async (device) => {
      expect(await stopMs(device)).toBeLessThan(1000);
      expect(await embedOne(device)).toBe(16);
    },
  );

  test('ends a worker that does not hear it within a second, and the next run has a new one', async () => {
    await embedOne();
    const deaf = workers.get('scoring')!;
    deaf.deaf = true;
    expect(await stopMs('cpu')).toBeLessThan(1000);
    expect(await embedOne()).toBe(16);
    expect(workers.get('scoring')).not.toBe(deaf);
  });

  test('ends a run that waits for another at once, and leaves the other alone', async () => {
    const first = new AbortController();
    const { reached, report } = untilStage('score');
    const scoring = client.score(await longJob('cpu'), { signal: first.signal, report });
    scoring.catch(() => undefined);
    await reached;
    const second = new AbortController();
    const waiting = client.score(await longJob('cpu'), { signal: second.signal });
    second.abort();
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
    expect(await Promise.race([scoring.catch(() => 'ended'), Promise.resolve('runs on')])).toBe('runs on');
    first.abort();
    await expect(scoring).rejects.toMatchObject({ name: 'AbortError' });
    expect(await embedOne()).toBe(16);
  });

  test('before the start starts nothing', async () => {
    const signal = AbortSignal.abort();
    await expect(client.score(await longJob('cpu'), { signal })).rejects.toMatchObject({
      name: 'AbortError',
    });
  });

  test('leaves other calls of the page alone', async () => {
    const controller = new AbortController();
    const { reached, report } = untilStage('score');
    const scoring = client.score(await longJob('cpu'), { signal: controller.signal, report });
    scoring.catch(() => undefined);
    await reached;
    const inspecting = goldenBert('a').then((model) => client.inspect(model));
    controller.abort();
    expect(await inspecting).toMatchObject({ name: 'a', modelType: 'bert' });
    await expect(scoring).rejects.toMatchObject({ name: 'AbortError' });
  });
});

describe('a worker that dies', () => {
  test('while scoring rejects the run with engine-died, and the next run works', async () => {
    const { reached, report } = untilStage('score');
    const scoring = client.score(await longJob('cpu'), { report });
    scoring.catch(() => undefined);
    await reached;
    // no message of the engine's: its listener throws, and nobody catches
    workers.get('scoring')!.postMessage({ argumentList: [null] });
    await expect(scoring).rejects.toMatchObject({ name: 'KnownError', code: 'engine-died' });
    expect(await embedOne()).toBe(16);
  });
});

describe('a worker that falls silent', () => {
  afterEach(() => void vi.useRealTimers());

  test('while scoring rejects the run with engine-hung after three minutes, and the next run works', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { reached, report } = untilStage('score');
    const scoring = client.score(await longJob('cpu'), { report });
    scoring.catch(() => undefined);
    await reached;
    // no event tells the page that it is gone: what it sees is what it sees of a worker that hangs
    workers.get('scoring')!.terminate();
    // reports that were on their way
    await new Promise((resolve) => requestAnimationFrame(resolve));
    vi.advanceTimersByTime(180_000);
    await expect(scoring).rejects.toMatchObject({ code: 'engine-hung', facts: { seconds: 180 } });
    vi.useRealTimers();
    expect(await embedOne()).toBe(16);
  });
});

describe('a GPU', () => {
  const started: Worker[] = [];
  afterEach(() => started.splice(0).forEach((worker) => worker.terminate()));

  function startSession() {
    const worker = new Worker(new URL('./session.worker.ts', import.meta.url), {
      type: 'module',
      name: 'session',
    });
    started.push(worker);
    return (name: keyof SessionCalls, device: Device) => {
      const answer = new Promise<{ readonly value?: readonly number[]; readonly code?: string }>((resolve) =>
        worker.addEventListener('message', ({ data }) => resolve(data as object), { once: true }),
      );
      worker.postMessage({ name, device });
      return answer;
    };
  }

  test.each(['embedLost', 'embedLosing'] as const)(
    'that is lost rejects the run, and a new runtime in the same worker works: %s',
    async (lose) => {
      const call = startSession();
      expect((await call(lose, 'gpu')).code).toBe('gpu-lost');
      const again = await call('embed', 'gpu');
      const onCpu = await startSession()('embed', 'cpu');
      // float32 on two devices
      again.value!.forEach((value, d) => expect(value).toBeCloseTo(onCpu.value![d]!, 4));
    },
  );
});

describe('openRuntime', () => {
  afterEach(() => vi.restoreAllMocks());

  test('refuses the GPU where the browser has no adapter', async () => {
    vi.spyOn(navigator.gpu, 'requestAdapter').mockResolvedValue(null);
    await expect(openRuntime('gpu')).rejects.toMatchObject({ code: 'gpu-missing' });
  });

  test('takes the CPU by itself where the browser has no adapter', async () => {
    vi.spyOn(navigator.gpu, 'requestAdapter').mockResolvedValue(null);
    const { ranOn } = await openRuntime('automatic');
    expect(ranOn).toMatchObject({ provider: 'wasm', reason: 'no-adapter' });
    expect(ranOn.threadCount).toBeGreaterThanOrEqual(1);
  });

  test('takes the GPU by itself exactly where it is no software', async () => {
    const adapter = await navigator.gpu.requestAdapter();
    const software = adapter!.info.isFallbackAdapter;
    const { ranOn, gpu } = await openRuntime('automatic');
    gpu?.destroy();
    expect(ranOn).toMatchObject(
      software
        ? { provider: 'wasm', reason: 'software-adapter' }
        : { provider: 'webgpu', reason: 'gpu', threadCount: 0 },
    );
  });

  test('takes a software adapter when the GPU is asked for, and says that it is one', async () => {
    const adapter = await navigator.gpu.requestAdapter();
    const { ranOn, gpu } = await openRuntime('gpu');
    gpu!.destroy();
    expect(ranOn.reason).toBe('asked');
    expect(ranOn.adapter!.endsWith('(software)')).toBe(adapter!.info.isFallbackAdapter);
  });

  test('asks for as large buffers as the adapter has', async () => {
    const adapter = await navigator.gpu.requestAdapter();
    const { gpu } = await openRuntime('gpu');
    expect(gpu!.limits.maxStorageBufferBindingSize).toBe(adapter!.limits.maxStorageBufferBindingSize);
    expect(gpu!.limits.maxBufferSize).toBe(adapter!.limits.maxBufferSize);
    gpu!.destroy();
  });
});

describe('an error in a worker', () => {
  async function thrownBy(call: (client: Client) => Promise<unknown>): Promise<unknown> {
    return call(client).then(
      () => undefined,
      (error: unknown) => error,
    );
  }

  test('keeps its code and facts on the way to the page', async () => {
    const model = await localModel('broken', {
      'config.json': '{"model_type": "bert"}',
      'model.safetensors': 'short',
    });
    const error = await thrownBy((client) => client.inspect(model));
    expect(error).toBeInstanceOf(KnownError);
    expect(error).toMatchObject({
      code: 'header-truncated',
      facts: { file: 'broken/model.safetensors', fileBytes: 5 },
    });
  });

  test('keeps them from the scoring worker, too', async () => {
    const model = await localModel('other', {
      'config.json': '{"model_type": "constructor"}',
      'model.safetensors': fixture('bert-variants/model.safetensors'),
    });
    const error = await thrownBy((client) => client.outputs(model, ['a'], { prompt: '', device: 'cpu' }));
    expect(error).toBeInstanceOf(KnownError);
    expect(error).toMatchObject({
      code: 'architecture-unknown',
      facts: { model: 'other', modelType: 'constructor' },
    });
  });

  test('names a parameter that the checkpoint lacks or has in another shape', async () => {
    const more = await variant({ hidden_act: 'gelu', num_hidden_layers: 3 }, 'mean');
    expect(
      await thrownBy((client) => client.outputs(more, ['a'], { prompt: '', device: 'cpu' })),
    ).toMatchObject({
      code: 'graph-tensor-missing',
      facts: { tensor: 'encoder.layer.2.attention.self.query.weight' },
    });
    const wider = await variant({ hidden_act: 'gelu', intermediate_size: 64 }, 'mean');
    expect(
      await thrownBy((client) => client.outputs(wider, ['a'], { prompt: '', device: 'cpu' })),
    ).toMatchObject({
      code: 'graph-tensor-shape',
      facts: { tensor: 'encoder.layer.0.intermediate.dense.weight', want: '(64, 16)', got: '(32, 16)' },
    });
  });
});
