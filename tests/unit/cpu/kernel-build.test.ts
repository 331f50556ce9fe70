// The kernels' two builds: tabs that run different ones must compute the same bits.
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { CpuHost, WasmName } from '../../../src/cpu/host.ts';
import { fasterBuild, type KernelBuild } from '../../../src/cpu/kernel-build.ts';
import { CpuKernels } from '../../../src/cpu/kernels.ts';
import { MULTIPLIED_AS_INTEGERS } from '../../../src/cpu/matrix.ts';
import { nodeHost } from '../../../src/cpu/node-host.ts';
import { allocateQuants, allocateRows } from '../../../src/cpu/rows.ts';
import { TENSOR_TYPE_NAMES, type TensorTypeName } from '../../../src/gguf/tensor-types.ts';
import { columnsFor } from '../../fixtures/columns.ts';
import { quantize } from '../../fixtures/quantize.ts';
import { normals, seededRandom } from '../../fixtures/random.ts';

const BUILDS: readonly KernelBuild[] = ['plain', 'relaxed'];
/** A group of four that is not full, and one that is. */
const ROWS = 7;

/** `[tokens, columns]`: any numbers, and the greatest and the least that a rounded one can be side by side. */
function activations(tokens: number, columns: number): Float32Array {
  const data = normals(seededRandom(tokens), tokens * columns, 1);
  for (let token = 1; token < tokens; token += 2) {
    for (let column = 0; column < columns; column++) data[token * columns + column] = column % 3 === token % 3 ? -1 : 1;
  }
  return data;
}

/** The bits of `x · Wᵀ` of seeded numbers. */
function product(kernels: CpuKernels, type: TensorTypeName, columns: number, tokens: number): number[] {
  const { memory } = kernels;
  const file = quantize(type, normals(seededRandom(columns), ROWS * columns, 1));
  const staged = memory.allocate(file.length);
  memory.bytes(staged, file.length).set(file);
  const matrix = kernels.allocateMatrix(type, ROWS, columns);
  kernels.repack(matrix, 0, staged, file.length);
  const x = allocateRows(memory, tokens, columns);
  const y = allocateRows(memory, tokens, ROWS);
  const quants = allocateQuants(memory, tokens, columns);
  const data = activations(tokens, columns);
  for (let token = 0; token < tokens; token++)
    memory.floats(x.address + token * x.stride, columns).set(data.subarray(token * columns, (token + 1) * columns));
  kernels.run(kernels.createProgram().quantize(tokens, x, quants).multiply(tokens, [matrix], x, quants, y));
  return Array.from({ length: tokens }, (_, token) => [...memory.words(y.address + token * y.stride, ROWS)]).flat();
}

describe.each([1, 3])('on %i threads', (threads) => {
  let plain: CpuKernels;
  let relaxed: CpuKernels;
  beforeAll(async () => {
    [plain, relaxed] = (await Promise.all(
      BUILDS.map((build) => CpuKernels.open(nodeHost, threads, 16 * 1024, build)),
    )) as [CpuKernels, CpuKernels];
    return () => {
      plain.close();
      relaxed.close();
    };
  });

  it.each(TENSOR_TYPE_NAMES.filter((type) => MULTIPLIED_AS_INTEGERS[type]))('both give the bits of %s', (type) => {
    for (const columns of columnsFor(type)) {
      for (const tokens of [1, 2, 3, 5, 8, 33])
        expect(product(relaxed, type, columns, tokens)).toEqual(product(plain, type, columns, tokens));
    }
  });
});

afterEach(() => {
  vi.restoreAllMocks();
});

/** A host that notes the modules it is asked for. */
function notingHost(compile: CpuHost['compile'] = nodeHost.compile): { host: CpuHost; asked: WasmName[] } {
  const asked: WasmName[] = [];
  const host: CpuHost = {
    compile: (name) => {
      asked.push(name);
      return compile(name);
    },
  };
  return { host, asked };
}

/** Lets every call of the probe take as long as said; one of the relaxed product twice as long, but in the fifth round. */
function setProbeMs(ms: Readonly<Record<KernelBuild, number>>): void {
  let now = 0;
  let calls = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => {
    const call = calls++;
    const build = BUILDS[(call >> 1) % 2]!;
    const slow = build === 'relaxed' && call >> 2 !== 4;
    if (call % 2 === 1) now += ms[build] * (slow ? 2 : 1);
    return now;
  });
}

it.each([
  { ms: { plain: 3, relaxed: 2 }, modules: ['probe', 'kernels-relaxed'] },
  { ms: { plain: 3, relaxed: 3 }, modules: ['probe', 'kernels'] },
  { ms: { plain: 3, relaxed: 2.95 }, modules: ['probe', 'kernels'] },
  { ms: { plain: 2, relaxed: 3 }, modules: ['probe', 'kernels'] },
])('takes the faster build, and no other: $ms.plain ms beside $ms.relaxed ms', async ({ ms, modules }) => {
  const { host, asked } = notingHost();
  setProbeMs(ms);
  await CpuKernels.open(host, 1, 0);
  expect(asked).toEqual(modules);
});

it('times the builds once for each host', async () => {
  const { host, asked } = notingHost();
  expect(await Promise.all([fasterBuild(host), fasterBuild(host)])).toHaveLength(2);
  await fasterBuild(host);
  expect(asked).toEqual(['probe']);
});

it('takes the plain build where the engine has no relaxed SIMD', async () => {
  const { host, asked } = notingHost((name) =>
    name === 'probe' ? Promise.reject(new WebAssembly.CompileError('invalid opcode')) : nodeHost.compile(name),
  );
  await CpuKernels.open(host, 1, 0);
  expect(asked).toEqual(['probe', 'kernels']);
});

it('says it when the probe cannot be had', async () => {
  const { host } = notingHost((name) =>
    name === 'probe' ? Promise.reject(new Error('offline')) : nodeHost.compile(name),
  );
  await expect(CpuKernels.open(host, 1, 0)).rejects.toThrow('offline');
});
