/**
 * Which device runs a graph. The page offers automatic, GPU and CPU; automatic takes WASM where there is no
 * adapter or only a software one, which is some 40 times slower than WASM.
 */
import { KnownError } from '../errors.ts';

export type Device = 'automatic' | 'gpu' | 'cpu';

/** What did the computing, and why; a plain value for the page to say. */
export interface RanOn {
  readonly provider: 'webgpu' | 'wasm';
  /** WebGPU: the adapter in words. */
  readonly adapter: string | undefined;
  /** WASM: threads; WebGPU: 0. */
  readonly threadCount: number;
  readonly reason: 'asked' | 'gpu' | 'no-adapter' | 'software-adapter';
}

export interface Runtime {
  readonly ranOn: RanOn;
  /** WebGPU only. Ours, not the runtime's own: that one dies with the last session. */
  readonly gpu: GPUDevice | undefined;
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

/** Throws `gpu-missing` when the GPU was asked for and there is no adapter. */
export async function openRuntime(device: Device): Promise<Runtime> {
  if (device === 'cpu') return wasm('asked');
  const adapter = await navigator.gpu?.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) {
    if (device === 'gpu') throw new KnownError('gpu-missing', {});
    return wasm('no-adapter');
  }
  if (device === 'automatic' && adapter.info.isFallbackAdapter) return wasm('software-adapter');
  const ranOn: RanOn = {
    provider: 'webgpu',
    adapter: describe(adapter.info),
    threadCount: 0,
    reason: device === 'gpu' ? 'asked' : 'gpu',
  };
  return { ranOn, gpu: await openDevice(adapter) };
}

function wasm(reason: RanOn['reason']): Runtime {
  // threads need shared memory, which a browser gives to isolated pages only
  const threadCount = crossOriginIsolated ? Math.min(navigator.hardwareConcurrency, maxThreadCount) : 1;
  return { ranOn: { provider: 'wasm', adapter: undefined, threadCount, reason }, gpu: undefined };
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
