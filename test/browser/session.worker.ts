/** A worker for engine.test.ts that drives one session directly, because no page can reach a device to lose it. */
import { KnownError } from '../../src/errors.ts';
import { buildEncoder } from '../../src/graph/architectures.ts';
import { openRuntime, type Device, type Runtime } from '../../src/graph/runtime.ts';
import { EncoderSession } from '../../src/graph/session.ts';
import { Config } from '../../src/model/config.ts';
import { embedSequences } from '../../src/score/embed.ts';

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

const sequences = Array.from({ length: 100 }, () => [1, 2, 3, 4, 5, 6, 7, 8]);

let runtime: Runtime | undefined;

async function embed(device: Device): Promise<readonly number[]> {
  runtime = await openRuntime(device);
  const session = await EncoderSession.open(buildEncoder(config, 'tiny', 'matrix'), runtime);
  return embedWith(session);
}

/** @param onRun called once a run has begun, while it lasts */
async function embedWith(session: EncoderSession, onRun?: () => void): Promise<readonly number[]> {
  const placed = await session.place(({ shape }) => {
    const elementCount = shape.reduce((product, size) => product * size, 1);
    return Promise.resolve(Float32Array.from({ length: elementCount }, (_, i) => Math.sin(i)));
  });
  try {
    const { signal } = new AbortController();
    const embedding = embedSequences(session, placed, sequences, { pooling: 'mean', signal });
    // after the pause before the first batch
    if (onRun !== undefined) setTimeout(onRun, 2);
    const [row] = await embedding;
    return [...row!];
  } finally {
    placed.free();
  }
}

const calls = {
  embed,
  /** Loses the device under an open session, then uses the session again. */
  async embedLost(): Promise<readonly number[]> {
    runtime = await openRuntime('gpu');
    const session = await EncoderSession.open(buildEncoder(config, 'tiny', 'matrix'), runtime);
    await embedWith(session);
    runtime.gpu!.destroy();
    return embedWith(session);
  },
  /** Loses the device while a run is on its way. */
  async embedLosing(): Promise<readonly number[]> {
    runtime = await openRuntime('gpu');
    const session = await EncoderSession.open(buildEncoder(config, 'tiny', 'matrix'), runtime);
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
