import { afterAll } from 'vitest';
import { openTestGpu } from './gpu.ts';

/** By features. */
const devices = new Map<string, Promise<GPUDevice>>();
/** A device compiles nothing twice that somebody still holds. */
const pipelines: GPUComputePipeline[] = [];

afterAll(async () => {
  for (const device of devices.values()) GPUDevice.prototype.destroy.call(await device);
  devices.clear();
  pipelines.length = 0;
});

/**
 * As `openTestGpu`, with one device for all runners of a test file that want the same features: most of what a software
 * adapter does for a test is to compile kernels. To destroy the device has no effect before the file's end.
 */
export async function openSharedGpu(): Promise<GPU> {
  const gpu = await openTestGpu();
  const requestAdapter = async (options?: GPURequestAdapterOptions) => {
    const adapter = (await gpu.requestAdapter(options))!;
    const { info, limits, features } = adapter;
    const requestDevice = (descriptor: GPUDeviceDescriptor = {}) => {
      const key = [...(descriptor.requiredFeatures ?? [])].join();
      const device = devices.get(key) ?? adapter.requestDevice(descriptor).then(share);
      devices.set(key, device);
      return device;
    };
    return { info, limits, features, requestDevice } as unknown as GPUAdapter;
  };
  return { requestAdapter } as GPU;
}

function share(device: GPUDevice): GPUDevice {
  const compile = device.createComputePipelineAsync.bind(device);
  return Object.assign(device, {
    destroy: () => undefined,
    createComputePipelineAsync: async (descriptor: GPUComputePipelineDescriptor) => {
      const pipeline = await compile(descriptor);
      pipelines.push(pipeline);
      return pipeline;
    },
  });
}
