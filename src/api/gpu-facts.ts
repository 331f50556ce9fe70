import { ShoalError } from '../core/errors.ts';

/** Bytes of one storage binding on this tab's adapter. @throws ShoalError `no-webgpu` */
export async function maxStorageBufferBindingSize(): Promise<number> {
  return (await adapter()).limits.maxStorageBufferBindingSize;
}

/** The vendor of this tab's adapter, e.g. `nvidia`; may be empty. @throws ShoalError `no-webgpu` */
export async function gpuVendor(): Promise<string> {
  return (await adapter()).info.vendor;
}

async function adapter(): Promise<GPUAdapter> {
  const found = await navigator.gpu?.requestAdapter();
  if (found) return found;
  throw new ShoalError('no-webgpu', 'This tab has no WebGPU. The swarm answers all the same; prompt as a guest.');
}
