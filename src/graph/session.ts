/**
 * The only door to onnxruntime-web: creates a session of a graph, puts a checkpoint's parameters where the
 * session reads them, runs it. Traps that this file exists for (all silent, all tried): two concurrent creates or
 * runs hang or mix models, so one lock holds them apart; the runtime's own GPU device dies with the last session,
 * so ours is passed in; GPU buffers must be multiples of 16 bytes.
 */
import type * as Ort from 'onnxruntime-web';
import { KnownError } from '../errors.ts';
import type { PartParameter } from './graph.ts';
import { toBufferBytes } from './memory.ts';
import { buildFor, type Runtime, type RuntimeBuild } from './runtime.ts';

/** What goes into a run beside parameters, and, float32, what comes out. */
export type Value = FloatValue | IntegerValue;

export interface FloatValue {
  readonly type: 'float32';
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

export interface IntegerValue {
  readonly type: 'int64';
  readonly data: BigInt64Array;
  readonly shape: readonly number[];
}

/** A part's parameters, placed for one session's runs. Free them: GPU buffers are not collected. */
export interface Placed {
  readonly feeds: Readonly<Record<string, Ort.Tensor>>;
  free(): void;
}

type OrtModule = typeof Ort;

/** STORAGE | COPY_SRC | COPY_DST. Source: https://www.w3.org/TR/webgpu/#namespacedef-gpubufferusage */
const bufferUsage = 0x80 | 0x04 | 0x08;

/** How long after a failed run the browser may take to say that the device is lost; it takes a few milliseconds. */
const lossNoticeMs = 200;

let turn: Promise<unknown> = Promise.resolve();

/** One at a time per worker: create, run and release. */
function exclusive<T>(work: () => Promise<T>): Promise<T> {
  const mine = turn.then(work, work);
  turn = mine.catch(() => undefined);
  return mine;
}

export class GraphSession {
  readonly bytes: Uint8Array;
  readonly runtime: Runtime;
  readonly #ort: OrtModule;
  readonly #session: Ort.InferenceSession;

  private constructor(bytes: Uint8Array, runtime: Runtime, ort: OrtModule, session: Ort.InferenceSession) {
    this.bytes = bytes;
    this.runtime = runtime;
    this.#ort = ort;
    this.#session = session;
  }

  /** Throws `runtime-failed`, `gpu-lost`. */
  static open(bytes: Uint8Array, runtime: Runtime): Promise<GraphSession> {
    return exclusive(async () => {
      try {
        const ort = await loadOrt(runtime);
        const session = await ort.InferenceSession.create(bytes, {
          executionProviders: [runtime.gpu === undefined ? 'wasm' : { name: 'webgpu', device: runtime.gpu }],
          // a node that would silently run on the CPU is an error instead
          ...(runtime.gpu === undefined ? {} : { extra: { session: { disable_cpu_ep_fallback: '1' } } }),
        });
        return new GraphSession(bytes, runtime, ort, session);
      } catch (error) {
        throw asKnown(error);
      }
    });
  }

  /**
   * Places parameters, one at a time in the part's order. `read` gives their values. Memory: the whole part in float32, on
   * the GPU or in this worker. Throws `gpu-too-small`, `gpu-full`, `gpu-lost`, and what `read` throws.
   */
  async place(
    parameters: readonly PartParameter[],
    read: (parameter: PartParameter) => Promise<FloatValue>,
  ): Promise<Placed> {
    const feeds: Record<string, Ort.Tensor> = {};
    const buffers: GPUBuffer[] = [];
    const shortages: Promise<GPUError | null>[] = [];
    const free = () => buffers.forEach((buffer) => buffer.destroy());
    try {
      for (const parameter of parameters) {
        feeds[parameter.input] = this.#tensor(parameter.name, await read(parameter), buffers, shortages);
      }
      await this.runtime.gpu?.queue.onSubmittedWorkDone();
      if ((await Promise.all(shortages)).some((shortage) => shortage !== null)) {
        throw new KnownError('gpu-full', { needBytes: buffers.reduce((sum, { size }) => sum + size, 0) });
      }
    } catch (error) {
      free();
      throw error;
    }
    return { feeds, free };
  }

  #tensor(
    name: string,
    { data, shape }: FloatValue,
    buffers: GPUBuffer[],
    shortages: Promise<GPUError | null>[],
  ): Ort.Tensor {
    const { gpu, limitBytes } = this.runtime;
    if (gpu === undefined) return new this.#ort.Tensor('float32', data, [...shape]);
    const needBytes = toBufferBytes(data.byteLength);
    if (needBytes > limitBytes)
      throw new KnownError('gpu-too-small', { needBytes, limitBytes, tensor: name });
    // a buffer that found no room is there all the same, and what reads it computes nothing, silently
    gpu.pushErrorScope('out-of-memory');
    const buffer = gpu.createBuffer({ size: needBytes, usage: bufferUsage });
    shortages.push(gpu.popErrorScope());
    buffers.push(buffer);
    gpu.queue.writeBuffer(buffer, 0, data.buffer, data.byteOffset, data.byteLength);
    return this.#ort.Tensor.fromGpuBuffer(buffer, { dataType: 'float32', dims: [...shape] });
  }

  /** Runs once and returns every output by name. Throws `runtime-failed`, `gpu-lost`. */
  run(placed: Placed, feeds: Readonly<Record<string, Value>>): Promise<ReadonlyMap<string, FloatValue>> {
    return exclusive(async () => {
      const inputs: Record<string, Ort.Tensor> = { ...placed.feeds };
      for (const [name, { type, data, shape }] of Object.entries(feeds)) {
        inputs[name] =
          type === 'int64'
            ? new this.#ort.Tensor('int64', data, [...shape])
            : new this.#ort.Tensor('float32', data, [...shape]);
      }
      try {
        const outputs = await untilLost(this.runtime, this.#session.run(inputs));
        const values = new Map<string, FloatValue>();
        for (const [name, tensor] of Object.entries(outputs)) {
          const data = await untilLost(this.runtime, tensor.getData());
          // a copy: the runtime may reuse its memory at the next run
          const copy = Float32Array.from(data as Float32Array);
          values.set(name, { type: 'float32', data: copy, shape: [...tensor.dims] });
        }
        return values;
      } catch (error) {
        throw await this.#explain(error);
      }
    });
  }

  /** A run on a device that is being lost fails first, in the runtime's words: the loss itself says more. */
  #explain(error: unknown): Promise<KnownError> | KnownError {
    if (this.runtime.gpu === undefined) return asKnown(error);
    const notice = new Promise<void>((resolve) => setTimeout(resolve, lossNoticeMs));
    return untilLost(this.runtime, notice).then(() => asKnown(error), asKnown);
  }

  release(): Promise<void> {
    return exclusive(() => this.#session.release());
  }
}

async function loadOrt(runtime: Runtime): Promise<OrtModule> {
  const ort = await importOrt(buildFor(runtime.gpu === undefined ? 'cpu' : 'gpu'));
  if (runtime.gpu === undefined) ort.env.wasm.numThreads = runtime.ranOn.threadCount;
  ort.env.logLevel = 'error';
  return ort;
}

function importOrt(build: RuntimeBuild): Promise<OrtModule> {
  switch (build) {
    case 'wasm':
      return import('onnxruntime-web/wasm');
    case 'jspi':
      return import('onnxruntime-web/jspi');
    case 'webgpu':
      return import('onnxruntime-web/webgpu');
  }
}

/** Of a device: what is told to the run that waits, and, once it is lost, why. */
interface Loss {
  error?: KnownError;
  tell?: ((error: KnownError) => void) | undefined;
}

const losses = new WeakMap<GPUDevice, Loss>();

function lossOf(gpu: GPUDevice): Loss {
  const known = losses.get(gpu);
  if (known !== undefined) return known;
  const loss: Loss = {};
  losses.set(gpu, loss);
  void gpu.lost.then(({ message }) => {
    loss.error = new KnownError('gpu-lost', { why: message });
    loss.tell?.(loss.error);
  });
  return loss;
}

/**
 * What `work` gives, or the device's loss. A promise that never settles would keep each result that was raced against it, so a run
 * is told of the loss only while it waits; runs come one at a time.
 */
async function untilLost<T>({ gpu }: Runtime, work: Promise<T>): Promise<T> {
  if (gpu === undefined) return work;
  const loss = lossOf(gpu);
  if (loss.error !== undefined) throw loss.error;
  try {
    return await new Promise<T>((resolve, reject) => {
      loss.tell = reject;
      work.then(resolve, reject);
    });
  } finally {
    loss.tell = undefined;
  }
}

/** The runtime throws strings, numbers and errors of its own. */
function asKnown(error: unknown): KnownError {
  if (error instanceof KnownError) return error;
  const why = error instanceof Error ? error.message : String(error);
  return new KnownError('runtime-failed', { why }, { cause: error });
}
