import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';
import type { CpuHost } from './host.ts';

/** Kernels and threads in Node. */
export const nodeHost: CpuHost = {
  async compile(name) {
    return WebAssembly.compile(await readFile(new URL(`./wasm/${name}.wasm`, import.meta.url)));
  },
  async startThread(start) {
    const worker = new Worker(new URL('./node-thread.ts', import.meta.url), { workerData: start });
    await once(worker, 'message');
    // A thread that waits keeps no program from ending.
    worker.unref();
    return { stop: () => void worker.terminate() };
  },
};
