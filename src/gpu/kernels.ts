/** A shader and the values of its `override`s. */
export interface KernelSource {
  readonly name: string;
  readonly code: string;
  readonly constants: Readonly<Record<string, number>>;
}

/** A buffer, or a range of one in bytes. */
export type Binding = GPUBuffer | { readonly buffer: GPUBuffer; readonly offset: number; readonly size: number };

/** A compute pass with the offset of the `Task` that the next dispatches read. */
export interface Pass {
  readonly encoder: GPUComputePassEncoder;
  readonly taskOffset: number;
  /** Each row is of a session of its own: rows share nothing. */
  readonly apart?: boolean;
}

export type Workgroups = readonly [x: number, y?: number, z?: number];

/** A compiled kernel with its buffers: all that is left is to dispatch it. */
export interface BoundKernel {
  dispatch(pass: Pass, workgroups: Workgroups): void;
}

/** A compiled kernel. */
export interface Kernel {
  /** @param bindings - buffers of bindings 1, 2, …, in order */
  bind(bindings: readonly Binding[]): BoundKernel;
}

/** Compiles kernels of one device, each once. */
export class Kernels {
  readonly #device: GPUDevice;
  readonly #tasks: GPUBuffer;
  readonly #compiled = new Map<string, Promise<Kernel>>();

  /** @param tasks - the uniform buffer of every kernel's binding 0, a `Task` at each multiple of 256 bytes */
  constructor(device: GPUDevice, tasks: GPUBuffer) {
    this.#device = device;
    this.#tasks = tasks;
  }

  /** Compiles without blocking the thread. The same source compiles once. */
  compile(source: KernelSource): Promise<Kernel> {
    const key = JSON.stringify([source.code, source.constants]);
    let kernel = this.#compiled.get(key);
    if (!kernel) {
      kernel = this.#compile(source);
      this.#compiled.set(key, kernel);
    }
    return kernel;
  }

  async #compile({ name, code, constants }: KernelSource): Promise<Kernel> {
    const device = this.#device;
    const bindGroupLayout = device.createBindGroupLayout({ label: name, entries: layoutEntries(code) });
    const pipeline = await device.createComputePipelineAsync({
      label: name,
      layout: device.createPipelineLayout({ bindGroupLayouts: [bindGroupLayout] }),
      compute: { module: device.createShaderModule({ label: name, code }), constants: { ...constants } },
    });
    const tasks = { binding: 0, resource: { buffer: this.#tasks, size: TASK_BYTES } };
    return {
      bind: (bindings) => {
        const entries = bindings.map((binding, index) => ({
          binding: index + 1,
          resource: 'buffer' in binding ? binding : { buffer: binding },
        }));
        const group = device.createBindGroup({ label: name, layout: bindGroupLayout, entries: [tasks, ...entries] });
        return {
          dispatch: ({ encoder, taskOffset }, workgroups) => {
            encoder.setPipeline(pipeline);
            encoder.setBindGroup(0, group, [taskOffset]);
            encoder.dispatchWorkgroups(...workgroups);
          },
        };
      },
    };
  }
}

/** Bytes of `Task` in kernels/blocks/task.wgsl. */
export const TASK_BYTES = 40;

const BINDING = /@binding\((\d+)\) var<(uniform|storage, read|storage, read_write)>/g;
const BINDING_TYPES = {
  uniform: 'uniform',
  'storage, read': 'read-only-storage',
  'storage, read_write': 'storage',
} as const;

/** Read from the shader's text, so that a binding is declared once. Binding 0 is the `Task`, in every kernel. */
function layoutEntries(code: string): GPUBindGroupLayoutEntry[] {
  const visibility = GPUShaderStage.COMPUTE;
  const declared = [...code.matchAll(BINDING)].map(([, binding, access]) => ({
    binding: Number(binding),
    visibility,
    buffer: { type: BINDING_TYPES[access as keyof typeof BINDING_TYPES] },
  }));
  return [
    { binding: 0, visibility, buffer: { type: 'uniform', hasDynamicOffset: true, minBindingSize: TASK_BYTES } },
    ...declared.filter(({ binding }) => binding > 0),
  ];
}
