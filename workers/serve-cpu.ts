import type { CpuHost, WasmName } from '../src/cpu/host.ts';
import plainUrl from '../src/cpu/wasm/kernels.wasm?url';
import relaxedUrl from '../src/cpu/wasm/kernels-relaxed.wasm?url';
import sharedUrl from '../src/cpu/wasm/kernels-shared.wasm?url';
import sharedRelaxedUrl from '../src/cpu/wasm/kernels-shared-relaxed.wasm?url';
import probeUrl from '../src/cpu/wasm/probe.wasm?url';
import { createCpuRunner } from '../src/engine/cpu/cpu-runner.ts';
import { serveRunner } from './serve-runner.ts';
import { autoThreads } from './thread-count.ts';

const WASM_URLS: Readonly<Record<WasmName, string>> = {
  kernels: plainUrl,
  'kernels-shared': sharedUrl,
  'kernels-relaxed': relaxedUrl,
  'kernels-shared-relaxed': sharedRelaxedUrl,
  probe: probeUrl,
};

/** Makes this worker the processor's runner. @param newThread - starts a worker that calls `serveKernels` */
export function serveCpu(newThread: () => Worker): void {
  const startThread: CpuHost['startThread'] = (start) =>
    new Promise((resolve, reject) => {
      const worker = newThread();
      worker.onmessage = () => resolve({ stop: () => worker.terminate() });
      worker.onerror = ({ message }) => reject(new Error(`A thread did not start: ${message}`));
      worker.postMessage(start);
    });
  const host: CpuHost = {
    compile: (name) => WebAssembly.compileStreaming(fetch(WASM_URLS[name])),
    // Without isolation from other origins a page shares no memory with its workers.
    startThread: crossOriginIsolated ? startThread : undefined,
  };
  serveRunner((hyperparameters, threads = autoThreads(navigator.hardwareConcurrency)) =>
    createCpuRunner({ host, hyperparameters, threads }),
  );
}
