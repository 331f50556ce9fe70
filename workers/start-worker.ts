/** The workers that a page starts; a thread of the kernels is started by the processor's own. */
export type WorkerName = 'gpu' | 'cpu' | 'store' | 'tokenizer' | 'grammar';

// Written out, as the bundler wants it. The library has its own: see packed/start-worker.ts.
const STARTS: Readonly<Record<WorkerName, () => Worker>> = {
  gpu: () => new Worker(new URL('./gpu.worker.ts', import.meta.url), { type: 'module', name: 'gpu' }),
  cpu: () => new Worker(new URL('./cpu.worker.ts', import.meta.url), { type: 'module', name: 'cpu' }),
  store: () => new Worker(new URL('./store.worker.ts', import.meta.url), { type: 'module', name: 'store' }),
  tokenizer: () => new Worker(new URL('./tokenizer.worker.ts', import.meta.url), { type: 'module', name: 'tokenizer' }),
  grammar: () => new Worker(new URL('./grammar.worker.ts', import.meta.url), { type: 'module', name: 'grammar' }),
};

/** Starts a worker of this page's build. */
export function startWorker(name: WorkerName): Worker {
  return STARTS[name]();
}
