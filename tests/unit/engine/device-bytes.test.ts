import { expect, it } from 'vitest';
import { fileRowBytes } from '../../../src/blocks/row-groups.ts';
import { CpuKernels } from '../../../src/cpu/kernels.ts';
import { nodeHost } from '../../../src/cpu/node-host.ts';
import { TENSOR_TYPE_NAMES } from '../../../src/gguf/tensor-types.ts';
import { groupBytes } from '../../../src/gpu/repack.ts';

const [ROWS, COLUMNS] = [4, 2048];

it.each(TENSOR_TYPE_NAMES)('%s takes at most a tenth more on a device than in its file', async (type) => {
  const kernels = await CpuKernels.open(nodeHost, 1, 0);
  const fileBytes = ROWS * fileRowBytes(type, COLUMNS);
  const gpu = groupBytes(type, COLUMNS) / fileBytes;
  const cpu = kernels.matrixBytes(type, ROWS, COLUMNS) / fileBytes;
  console.log(`${type}: GPU ${gpu.toFixed(3)}, processor ${cpu.toFixed(3)} of the file's bytes`);
  expect(Math.max(gpu, cpu)).toBeLessThanOrEqual(1.1);
});
