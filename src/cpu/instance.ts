/** What assembly/index.ts exports. */
export interface KernelExports {
  groupBytes(format: number, columns: number): number;
  repack(format: number, from: number, to: number, rows: number, columns: number): void;
  run(program: number, count: number, control: number, thread: number, threads: number, scratch: number): void;
}

/** @param memory - shared if the module was compiled for that */
export async function instantiateKernels(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
): Promise<KernelExports> {
  const { exports } = await WebAssembly.instantiate(module, { env: { memory, abort } });
  return exports as unknown as KernelExports;
}

function abort(): never {
  throw new Error('a kernel stopped');
}
