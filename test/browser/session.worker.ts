/** A worker for engine.test.ts that drives one session directly, because no page can reach a device to lose it. */
import { KnownError } from '../../src/errors.ts';
import { buildArchitecture } from '../../src/graph/architectures.ts';
import { openRuntime, type Device, type Runtime } from '../../src/graph/runtime.ts';
import { GraphSession } from '../../src/graph/session.ts';
import { Config } from '../../src/model/config.ts';
import { partsOf, runUnits } from '../../src/score/run-model.ts';

const config = new Config(
  {
    model_type: 'bert',
    hidden_size: 16,
    num_hidden_layers: 1,
    num_attention_heads: 2,
    intermediate_size: 32,
    vocab_size: 20,
    max_position_embeddings: 8,
  },
  'config.json',
);

const units = Array.from({ length: 100 }, () => ({ ids: [1, 2, 3, 4, 5, 6, 7, 8] }));
const architecture = buildArchitecture(config, 'tiny', { task: 'encoder', pooling: 'matrix' });
const parts = partsOf(architecture, 'tiny');
const [part] = parts.body;

let runtime: Runtime | undefined;

async function embed(device: Device): Promise<readonly number[]> {
  runtime = await openRuntime(device);
  const session = await GraphSession.open(part!.bytes, runtime);
  return embedWith(session);
}

/** @param onRun called once a run has begun, while it lasts */
async function embedWith(session: GraphSession, onRun?: () => void): Promise<readonly number[]> {
  if (onRun !== undefined) {
    const run = session.run.bind(session);
    session.run = (placed, feeds) => {
      const running = run(placed, feeds);
      // once what is queued now has begun
      setTimeout(onRun, 0);
      return running;
    };
  }
  const [row] = await runUnits(
    {
      ...{ architecture, parts, model: 'tiny', pooling: 'mean', signal: new AbortController().signal },
      open: () => Promise.resolve(session),
      read: ({ shape }) => {
        const elementCount = shape.reduce((product, size) => product * size, 1);
        const data = Float32Array.from({ length: elementCount }, (_, i) => Math.sin(i));
        return Promise.resolve({ type: 'float32', data, shape });
      },
    },
    units,
  );
  return [...row!];
}

const calls = {
  embed,
  /** Loses the device under an open session, then uses the session again. */
  async embedLost(): Promise<readonly number[]> {
    runtime = await openRuntime('gpu');
    const session = await GraphSession.open(part!.bytes, runtime);
    await embedWith(session);
    runtime.gpu!.destroy();
    return embedWith(session);
  },
  /** Loses the device while a run is on its way. */
  async embedLosing(): Promise<readonly number[]> {
    runtime = await openRuntime('gpu');
    const session = await GraphSession.open(part!.bytes, runtime);
    await embedWith(session);
    const { gpu } = runtime;
    return embedWith(session, () => gpu!.destroy());
  },
};

export type SessionCalls = typeof calls;

self.addEventListener('message', ({ data }: MessageEvent<{ name: keyof SessionCalls; device: Device }>) => {
  calls[data.name](data.device).then(
    (value) => self.postMessage({ value }),
    (error: unknown) =>
      self.postMessage({ code: error instanceof KnownError ? error.code : `not known: ${String(error)}` }),
  );
});
