/**
 * Which device runs a graph. The page offers automatic, GPU and CPU; automatic takes WASM where there is no
 * adapter, only a software one, which is some 40 times slower than WASM, or one that does not take the model's largest tensor.
 */
import { KnownError, type Problem } from '../errors.ts';
import type { Piece } from './memory.ts';

export type Device = 'automatic' | 'gpu' | 'cpu';

/** What did the computing, and why; a plain value for the page to say. */
export interface RanOn {
  readonly provider: 'webgpu' | 'wasm';
  /** WebGPU: the adapter in words. */
  readonly adapter: string | undefined;
  /** WASM: threads; WebGPU: 0. */
  readonly threadCount: number;
  readonly reason: 'asked' | 'gpu' | 'no-adapter' | 'software-adapter' | 'gpu-short';
  /** What there was no room for on the GPU: with the reason `gpu-short`, and with no other. */
  readonly refusal?: GpuRefusal;
}

/** Why a GPU does not run a model that the CPU may. */
export type GpuRefusal = Problem<'gpu-too-small' | 'gpu-full'>;

export interface Runtime {
  readonly ranOn: RanOn;
  /** WebGPU only. Ours, not the runtime's own: that one dies with the last session. */
  readonly gpu: GPUDevice | undefined;
  /** The largest tensor that it takes in one piece; infinite on the CPU. */
  readonly limitBytes: number;
}

/** Builds of ONNX Runtime: for the CPU; for the GPU where WebAssembly suspends natively; for the GPU elsewhere. */
export type RuntimeBuild = 'wasm' | 'jspi' | 'webgpu';

/** Which build runs there, in this browser. */
export function buildFor(place: 'cpu' | 'gpu'): RuntimeBuild {
  if (place === 'cpu') return 'wasm';
  return 'Suspending' in WebAssembly ? 'jspi' : 'webgpu';
}

/** ONNX Runtime gains little beyond four threads on models of this size. */
const maxThreadCount = 4;

/** What counts of an adapter before its device is asked for. */
export interface AdapterFacts {
  readonly info: Pick<GPUAdapterInfo, 'isFallbackAdapter'>;
  readonly limits: Pick<GPUSupportedLimits, 'maxBufferSize' | 'maxStorageBufferBindingSize'>;
}

type Choice = Pick<RanOn, 'provider' | 'reason' | 'refusal'>;

/**
 * Where to run, before anything is loaded. Throws `gpu-missing`, `gpu-too-small` when the GPU was asked for and cannot.
 *
 * @param piece the largest tensor of what is to run
 */
export function chooseProvider(
  device: Device,
  adapter: AdapterFacts | null | undefined,
  piece: Piece | undefined,
): Choice {
  if (device === 'cpu') return { provider: 'wasm', reason: 'asked' };
  if (!adapter) {
    if (device === 'gpu') throw new KnownError('gpu-missing', {});
    return { provider: 'wasm', reason: 'no-adapter' };
  }
  if (device === 'automatic' && adapter.info.isFallbackAdapter) {
    return { provider: 'wasm', reason: 'software-adapter' };
  }
  const limitBytes = largestBuffer(adapter.limits);
  if (piece !== undefined && piece.needBytes > limitBytes) {
    const facts = { ...piece, limitBytes };
    if (device === 'gpu') throw new KnownError('gpu-too-small', facts);
    const refusal = { severity: 'note', code: 'gpu-too-small', facts } as const;
    return { provider: 'wasm', reason: 'gpu-short', refusal };
  }
  return { provider: 'webgpu', reason: device === 'gpu' ? 'asked' : 'gpu' };
}

/** Throws what `chooseProvider` throws, and `gpu-lost`. */
export async function openRuntime(device: Device, piece?: Piece): Promise<Runtime> {
  const adapter =
    device === 'cpu'
      ? undefined
      : await navigator.gpu?.requestAdapter({ powerPreference: 'high-performance' });
  const choice = chooseProvider(device, adapter, piece);
  if (choice.provider === 'wasm' || !adapter) return openWasm(choice);
  const gpu = await openDevice(adapter);
  const ranOn: RanOn = { ...choice, adapter: describe(adapter.info), threadCount: 0 };
  return { ranOn, gpu, limitBytes: largestBuffer(gpu.limits) };
}

export function openWasm({ reason, refusal }: Pick<RanOn, 'reason' | 'refusal'>): Runtime {
  // threads need shared memory, which a browser gives to isolated pages only
  const threadCount = crossOriginIsolated ? Math.min(navigator.hardwareConcurrency, maxThreadCount) : 1;
  const ranOn = { provider: 'wasm', adapter: undefined, threadCount, reason } as const;
  return {
    ranOn: refusal === undefined ? ranOn : { ...ranOn, refusal },
    gpu: undefined,
    limitBytes: Infinity,
  };
}

/** What a shader can read in one piece. */
function largestBuffer({ maxBufferSize, maxStorageBufferBindingSize }: AdapterFacts['limits']): number {
  return Math.min(maxBufferSize, maxStorageBufferBindingSize);
}

/** A default device caps bindings at 128 MiB, less than a large embedding table: ask for what the adapter has. */
async function openDevice(adapter: GPUAdapter): Promise<GPUDevice> {
  const wanted = [
    'maxBufferSize',
    'maxStorageBufferBindingSize',
    'maxStorageBuffersPerShaderStage',
    'maxComputeWorkgroupStorageSize',
    'maxComputeInvocationsPerWorkgroup',
    'maxComputeWorkgroupSizeX',
    'maxComputeWorkgroupSizeY',
    'maxComputeWorkgroupSizeZ',
    'maxComputeWorkgroupsPerDimension',
  ] as const;
  const requiredLimits = Object.fromEntries(wanted.map((name) => [name, adapter.limits[name]]));
  const features: GPUFeatureName[] = ['shader-f16', 'subgroups'];
  const requiredFeatures = features.filter((feature) => adapter.features.has(feature));
  try {
    return await adapter.requestDevice({ requiredLimits, requiredFeatures });
  } catch (error) {
    throw new KnownError('gpu-lost', { why: (error as Error).message }, { cause: error });
  }
}

function describe({ vendor, architecture, device, description, isFallbackAdapter }: GPUAdapterInfo): string {
  const words = [vendor, architecture, device, description].filter((word) => word !== '');
  return `${words.join(' ')}${isFallbackAdapter ? ' (software)' : ''}`;
}
