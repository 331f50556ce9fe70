import { CpuKernels } from '../../src/cpu/kernels.ts';
import { type CpuMatrix, type Format, GROUP_ROWS } from '../../src/cpu/matrix.ts';
import { nodeHost } from '../../src/cpu/node-host.ts';
import { allocateQuants, allocateRows } from '../../src/cpu/rows.ts';
import { type Distribution, measure } from './measure.ts';

/** One kernel over weights that no cache holds. */
export interface CpuKernelResult {
  readonly name: string;
  readonly bytes: number;
  /** Multiplications. */
  readonly macs: number;
  readonly timing: Distribution;
}

/** Weights of each case; several times a large cache. */
const WEIGHT_BYTES = 96 * 1024 * 1024;
const COLUMNS = 576;
const OS_PAGE_BYTES = 4096;

/** Times the matrix kernels on one thread, and a plain copy in WebAssembly, which bounds what memory gives. */
export async function benchCpuKernels(repeats: number, weightBytes: number = WEIGHT_BYTES): Promise<CpuKernelResult[]> {
  const kernels = await CpuKernels.open(nodeHost, 1, 4 * COLUMNS * 8);
  const { memory } = kernels;
  const [from, to] = [memory.allocate(weightBytes), memory.allocate(weightBytes)];
  // Memory that nobody has written is one page of zeros, which a cache does hold.
  for (let at = from; at < from + weightBytes; at += OS_PAGE_BYTES) memory.bytes(at, 1)[0] = 0;
  const copied: CpuMatrix = { format: 'F32', address: to, rows: 1, columns: weightBytes / 4 };
  const copy = () => Promise.resolve(kernels.repack('F32', copied, 0, from, weightBytes));
  const results = [{ name: 'copy', bytes: weightBytes, macs: 0, timing: await measure(copy, repeats) }];
  for (const [format, precision] of CASES) {
    const groups = Math.floor(weightBytes / kernels.matrixBytes(format, GROUP_ROWS, COLUMNS));
    const matrix = { format, address: from, rows: groups * GROUP_ROWS, columns: COLUMNS };
    for (const tokens of [1, 32]) {
      const x = allocateRows(memory, tokens, COLUMNS);
      const quants = precision === 'i16' ? allocateQuants(memory, tokens, COLUMNS) : undefined;
      const y = allocateRows(memory, tokens, matrix.rows);
      const program = kernels.createProgram(1).multiply(tokens, [matrix], x, quants, y);
      const timing = await measure(async () => kernels.run(program), repeats);
      const macs = matrix.rows * COLUMNS * tokens;
      results.push({ name: `${format} × ${tokens} tokens, ${precision}`, bytes: weightBytes, macs, timing });
      memory.free(y.address);
    }
  }
  return results;
}

const CASES: readonly (readonly [Format, 'i16' | 'f32'])[] = [
  ['Q4', 'i16'],
  ['Q8', 'i16'],
  ['Q4', 'f32'],
  ['Q8', 'f32'],
  ['F16', 'f32'],
];
