import { create, globals } from 'webgpu';

Object.assign(globalThis, globals);

/** Dawn lives as long as this object is referenced, whatever devices still exist. */
let instance: GPU | undefined;

/**
 * Dawn's WebGPU in this process, one for all. Fails loudly where no adapter exists: a GPU test that skips itself proves
 * nothing. Every device must be destroyed in the end, or the process hangs.
 */
export async function openTestGpu(): Promise<GPU> {
  instance ??= create([]);
  if (!(await instance.requestAdapter())) {
    throw new Error('No WebGPU adapter. Start through tests/support/with-browser-env.ts, which brings SwiftShader.');
  }
  return instance;
}
