import { serveCpu } from './serve-cpu.ts';

serveCpu(() => new Worker(new URL('./cpu-thread.worker.ts', import.meta.url), { type: 'module', name: 'cpu thread' }));
