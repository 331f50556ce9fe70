/** This machine's adapter, in the guise of another. */
export function disguised(gpu: GPU, guise: { readonly software: boolean; readonly features: readonly string[] }): GPU {
  const requestAdapter = async (options?: GPURequestAdapterOptions) => {
    const adapter = (await gpu.requestAdapter(options))!;
    return {
      info: { vendor: 'test', architecture: '', device: '', description: '', isFallbackAdapter: guise.software },
      limits: adapter.limits,
      features: new Set(guise.features),
      requestDevice: (descriptor?: GPUDeviceDescriptor) => adapter.requestDevice(descriptor),
    } as unknown as GPUAdapter;
  };
  return { requestAdapter } as GPU;
}
