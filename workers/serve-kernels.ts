import { instantiateKernels } from '../src/cpu/instance.ts';
import { serveThread, type ThreadStart } from '../src/cpu/thread.ts';

/** Makes this worker a thread of the CPU runner's kernels, from its first message on. */
export function serveKernels(): void {
  addEventListener('message', async ({ data }: MessageEvent<ThreadStart>) => {
    const exports = await instantiateKernels(data.module, data.memory);
    postMessage('ready');
    serveThread(exports, data);
  });
}
