import { GROUP_ROWS } from '../../src/blocks/row-groups.ts';
import { CpuKernels } from '../../src/cpu/kernels.ts';
import { type CpuMatrix, MULTIPLIED_AS_INTEGERS } from '../../src/cpu/matrix.ts';
import { nodeHost } from '../../src/cpu/node-host.ts';
import { allocateQuants, allocateRows } from '../../src/cpu/rows.ts';
import { TENSOR_TYPE_NAMES, type TensorTypeName } from '../../src/gguf/tensor-types.ts';
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
const OS_PAGE_BYTES = 4096;
/** Widths C and F of a model of 135 million weights, and of 3 billion. */
const [SMALL, WIDE, WIDEST] = [576, 2560, 8192];

interface Case {
  readonly type: TensorTypeName;
  readonly precision: 'i16' | 'f32';
  readonly columns: readonly number[];
}

/** Types of other models' files. */
const OTHERS = TENSOR_TYPE_NAMES.filter((type) => !['F32', 'F16', 'Q4_0', 'Q4_1', 'Q8_0'].includes(type));

const CASES: readonly Case[] = [
  { type: 'Q4_0', precision: 'i16', columns: [SMALL, WIDE, WIDEST] },
  { type: 'Q4_1', precision: 'i16', columns: [SMALL, WIDE] },
  { type: 'Q8_0', precision: 'i16', columns: [SMALL, WIDE, WIDEST] },
  { type: 'Q4_0', precision: 'f32', columns: [SMALL] },
  { type: 'Q8_0', precision: 'f32', columns: [SMALL] },
  { type: 'F16', precision: 'f32', columns: [SMALL] },
  ...OTHERS.map((type): Case => ({ type, precision: MULTIPLIED_AS_INTEGERS[type] ? 'i16' : 'f32', columns: [WIDE] })),
];

/** Times the matrix kernels on one thread, and a plain copy in WebAssembly, which bounds what memory gives. */
export async function benchCpuKernels(repeats: number, weightBytes: number = WEIGHT_BYTES): Promise<CpuKernelResult[]> {
  const kernels = await CpuKernels.open(nodeHost, 1, 4 * WIDEST * 4);
  const { memory } = kernels;
  const [from, to] = [memory.allocate(weightBytes), memory.allocate(weightBytes)];
  // Memory that nobody has written is one page of zeros, which a cache does hold.
  for (let at = from; at < from + weightBytes; at += OS_PAGE_BYTES) memory.bytes(at, 1)[0] = 0;
  const copied: CpuMatrix = { type: 'F32', address: to, rows: 1, columns: weightBytes / 4, bytes: weightBytes };
  const copy = () => Promise.resolve(kernels.repack(copied, 0, from, weightBytes));
  const results = [{ name: 'copy', bytes: weightBytes, macs: 0, timing: await measure(copy, repeats) }];
  for (const { type, precision, columns: widths } of CASES) {
    for (const columns of widths) {
      const groups = Math.floor(weightBytes / kernels.matrixBytes(type, GROUP_ROWS, columns));
      const rows = groups * GROUP_ROWS;
      const matrix = { type, address: from, rows, columns, bytes: kernels.matrixBytes(type, rows, columns) };
      for (const tokens of [1, 32]) {
        const x = allocateRows(memory, tokens, columns);
        const quants = precision === 'i16' ? allocateQuants(memory, tokens, columns) : undefined;
        const y = allocateRows(memory, tokens, matrix.rows);
        const program = kernels.createProgram().multiply(tokens, [matrix], x, quants, y);
        const timing = await measure(async () => kernels.run(program), repeats);
        const macs = matrix.rows * columns * tokens;
        const name = `${type} [${columns}] × ${tokens}, ${precision}`;
        results.push({ name, bytes: matrix.bytes, macs, timing });
        memory.free(y.address);
      }
    }
  }
  return results;
}
