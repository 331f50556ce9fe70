import type { ThreadHandle, ThreadStart } from './thread.ts';

/** The modules that build.ts compiles. @see kernel-build.ts */
export type WasmName = 'kernels' | 'kernels-shared' | 'kernels-relaxed' | 'kernels-shared-relaxed' | 'probe';

/** What differs between a browser and Node. */
export interface CpuHost {
  /** @throws WebAssembly.CompileError where the engine lacks instructions of the module */
  compile(name: WasmName): Promise<WebAssembly.Module>;
  /** Starts a thread that runs `serveThread`; resolves when it is ready. Absent where threads cannot share memory. */
  readonly startThread?: ((start: ThreadStart) => Promise<ThreadHandle>) | undefined;
}
