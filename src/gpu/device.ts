import { ShoalError } from '../core/errors.ts';

/** An open GPU device and what the kernels must know of it. */
export interface GpuDevice {
  readonly device: GPUDevice;
  /** The adapter's own words, for people. */
  readonly adapter: string;
  /** A CPU that plays a GPU: correct and slow, and it wants other kernels. */
  readonly software: boolean;
  /** Kernels may exchange values within a subgroup. */
  readonly subgroups: boolean;
  /** Largest buffer that one binding may cover, bytes. */
  readonly maxBindingBytes: number;
  /** Resolves with the reason when the device is lost, also by `destroy`. */
  readonly lost: Promise<string>;
}

/** Limits that more of is better, each with what a device falls back to: 1 GB, 256 MB, 128 MB buffers. */
const WANTED_LIMITS = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
] as const;
const WANTED_FEATURES: readonly GPUFeatureName[] = ['subgroups'];
const BINDING_STEPS_BYTES = [1 << 30, 1 << 28, 1 << 27];
const SOFTWARE_ADAPTERS = /swiftshader|llvmpipe|lavapipe|software|basic render/i;

/**
 * Opens the strongest adapter that `gpu` has, with all of its limits.
 * @throws ShoalError `no-webgpu` when there is no adapter, or it gives no device
 */
export async function openDevice(gpu: GPU): Promise<GpuDevice> {
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) {
    throw new ShoalError('no-webgpu', 'This browser offers WebGPU but found no adapter. Update the graphics driver.');
  }
  const { info } = adapter;
  const words = [info.description || info.device, info.vendor, info.architecture].filter(Boolean).join(' ');
  const device = await requestDevice(adapter);
  return {
    device,
    adapter: words || 'unnamed adapter',
    software: info.isFallbackAdapter === true || SOFTWARE_ADAPTERS.test(words),
    subgroups: device.features.has('subgroups'),
    maxBindingBytes: Math.min(device.limits.maxStorageBufferBindingSize, device.limits.maxBufferSize),
    lost: device.lost.then(({ reason, message }) => message || reason),
  };
}

/** Some drivers advertise buffers that they then refuse: ask for less until one gives. */
async function requestDevice(adapter: GPUAdapter): Promise<GPUDevice> {
  const requiredFeatures = WANTED_FEATURES.filter((name) => adapter.features.has(name));
  let refusal: unknown;
  for (const cap of [Number.POSITIVE_INFINITY, ...BINDING_STEPS_BYTES]) {
    const requiredLimits: Record<string, number> = {};
    for (const name of WANTED_LIMITS) requiredLimits[name] = adapter.limits[name];
    requiredLimits.maxBufferSize = Math.min(adapter.limits.maxBufferSize, cap);
    requiredLimits.maxStorageBufferBindingSize = Math.min(adapter.limits.maxStorageBufferBindingSize, cap);
    try {
      return await adapter.requestDevice({ requiredLimits, requiredFeatures });
    } catch (error) {
      refusal = error;
    }
  }
  throw new ShoalError('no-webgpu', 'The graphics adapter gives no device. Close other pages that use it.', {
    cause: refusal,
  });
}
