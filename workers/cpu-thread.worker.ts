// A thread of the CPU runner's kernels.
import { instantiateKernels } from '../src/cpu/instance.ts';
import { serveThread, type ThreadStart } from '../src/cpu/thread.ts';

addEventListener('message', async ({ data }: MessageEvent<ThreadStart>) => {
  const exports = await instantiateKernels(data.module, data.memory);
  postMessage('ready');
  serveThread(exports, data);
});
