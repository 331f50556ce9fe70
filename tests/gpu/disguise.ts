/** What WebGPU promises of every adapter, of what Shoal asks more of. */
export const DEFAULT_LIMITS = {
  maxBufferSize: 256 * 1024 * 1024,
  maxStorageBufferBindingSize: 128 * 1024 * 1024,
  maxComputeWorkgroupStorageSize: 16_384,
  maxComputeInvocationsPerWorkgroup: 256,
  maxComputeWorkgroupSizeX: 256,
};

export interface Guise {
  readonly software: boolean;
  readonly features: readonly string[];
  /** Its own unless given. */
  readonly limits?: typeof DEFAULT_LIMITS;
}

/** This machine's adapter, in the guise of another. */
export function disguised(gpu: GPU, guise: Guise): GPU {
  const requestAdapter = async (options?: GPURequestAdapterOptions) => {
    const adapter = (await gpu.requestAdapter(options))!;
    return {
      info: { vendor: 'test', architecture: '', device: '', description: '', isFallbackAdapter: guise.software },
      limits: guise.limits ?? adapter.limits,
      features: new Set(guise.features),
      requestDevice: (descriptor?: GPUDeviceDescriptor) => adapter.requestDevice(descriptor),
    } as unknown as GPUAdapter;
  };
  return { requestAdapter } as GPU;
}
