// Every tab must compute the same bits, and those of older versions: a split run equals a whole one, and speculation is
// checked against single tokens. So the kernels' formulas stand here once more, each step rounded to f32.
import { beforeAll, describe, expect, it } from 'vitest';
import { fileRowBytes } from '../../../src/blocks/row-groups.ts';
import { halfToFloat } from '../../../src/core/half.ts';
import { CpuKernels } from '../../../src/cpu/kernels.ts';
import { nodeHost } from '../../../src/cpu/node-host.ts';
import { allocateQuants, allocateRows } from '../../../src/cpu/rows.ts';
import { normals, seededRandom } from '../../fixtures/random.ts';

type BlockType = 'Q4_0' | 'Q4_1' | 'Q8_0';

/** A row's block: value = scale · quant + minimum. */
interface Block {
  readonly scale: number;
  readonly minimum: number;
  readonly quants: readonly number[];
}

const { fround } = Math;
const ROWS = 10;

/** Any quants, and any finite halves of at most 1: subnormal and negative ones too. */
function randomFile(type: BlockType, columns: number): Uint8Array<ArrayBuffer> {
  const random = seededRandom(columns);
  const blockBytes = fileRowBytes(type, 32);
  const bytes = Uint8Array.from({ length: ROWS * fileRowBytes(type, columns) }, () => random() * 256);
  for (let at = 0; at < bytes.length; at += blockBytes) {
    for (const high of type === 'Q4_1' ? [at + 1, at + 3] : [at + 1]) bytes[high]! &= random() < 0.2 ? 0x83 : 0xbb;
  }
  return bytes;
}

function blocksOf(type: BlockType, bytes: Uint8Array, row: number, columns: number): Block[] {
  const blockBytes = fileRowBytes(type, 32);
  return Array.from({ length: columns / 32 }, (_, index) => {
    const block = new DataView(bytes.buffer, row * fileRowBytes(type, columns) + index * blockBytes, blockBytes);
    const scale = halfToFloat(block.getUint16(0, true));
    const quants = Array.from({ length: 32 }, (_, column) => {
      if (type === 'Q8_0') return block.getInt8(2 + column);
      return (block.getUint8(blockBytes - 16 + (column % 16)) >> (column < 16 ? 0 : 4)) & 15;
    });
    const minima = { Q4_0: () => -8 * scale, Q4_1: () => halfToFloat(block.getUint16(2, true)), Q8_0: () => 0 };
    return { scale, minimum: minima[type](), quants };
  });
}

/** A token's block rounded to 16-bit numbers. */
function roundBlock(x: Float32Array): { unit: number; sum: number; quants: Int32Array } {
  const unit = fround(x.reduce((most, value) => Math.max(most, Math.abs(value)), 0) / 32_767);
  const factor = fround(1 / unit);
  const quants = Int32Array.from(x, (value) => roundToEven(fround(value * factor)));
  return { unit, quants, sum: fround(unit * quants.reduce((sum, quant) => sum + quant, 0)) };
}

function roundToEven(value: number): number {
  const below = Math.floor(value);
  if (value - below !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}

/** A row times a token of 16-bit numbers, block by block. Of Q4_0 the nibbles are multiplied less 8. */
function rounded(type: BlockType, row: readonly Block[], x: Float32Array): number {
  const offset = type === 'Q4_0' ? -8 : 0;
  let result = 0;
  for (const [index, { scale, minimum, quants }] of row.entries()) {
    const token = roundBlock(x.subarray(index * 32, (index + 1) * 32));
    const whole = quants.reduce((sum, quant, column) => sum + (quant + offset) * token.quants[column]!, 0);
    result = fround(result + fround(fround(whole) * fround(scale * token.unit)));
    if (type === 'Q4_1') result = fround(result + fround(minimum * token.sum));
  }
  return result;
}

/** A row times a token in floats, in four interleaved sums. */
function exact(row: readonly Block[], x: Float32Array): number {
  const sums = [0, 0, 0, 0];
  for (const [index, weight] of row.flatMap(floatsOf).entries())
    sums[index % 4] = fround(sums[index % 4]! + fround(weight * x[index]!));
  return fround(fround(sums[0]! + sums[2]!) + fround(sums[1]! + sums[3]!));
}

function floatsOf({ scale, minimum, quants }: Block): number[] {
  return quants.map((quant) => fround(fround(quant * scale) + minimum));
}

describe.each([
  ['plain', 'Q4_0'],
  ['plain', 'Q4_1'],
  ['plain', 'Q8_0'],
  ['relaxed', 'Q4_0'],
  ['relaxed', 'Q4_1'],
  ['relaxed', 'Q8_0'],
] as const)('in the %s build a matrix of %s', (build, type) => {
  let kernels: CpuKernels;
  beforeAll(async () => {
    kernels = await CpuKernels.open(nodeHost, 1, 16 * 1024, build);
  });

  it('takes the bytes that it has in the file', () => {
    expect(kernels.matrixBytes(type, 12, 2560)).toBe(12 * fileRowBytes(type, 2560));
  });

  it.each([32, 96, 576])('of %i columns gives these bits, for any number of tokens', (columns) => {
    const { memory } = kernels;
    const file = randomFile(type, columns);
    const matrix = kernels.allocateMatrix(type, ROWS, columns);
    const staged = memory.allocate(file.length);
    memory.bytes(staged, file.length).set(file);
    kernels.repack(matrix, 0, staged, file.length);
    const rows = Array.from({ length: ROWS }, (_, row) => blocksOf(type, file, row, columns));
    for (const tokens of [1, 3, 4, 8, 13]) {
      const data = normals(seededRandom(tokens), tokens * columns, 1);
      const x = allocateRows(memory, tokens, columns);
      const quants = allocateQuants(memory, tokens, columns);
      const [inIntegers, inFloats] = [allocateRows(memory, tokens, ROWS), allocateRows(memory, tokens, ROWS)];
      const program = kernels.createProgram();
      for (let token = 0; token < tokens; token++)
        memory.floats(x.address + token * x.stride, columns).set(data.subarray(token * columns, (token + 1) * columns));
      program.reset().quantize(tokens, x, quants).multiply(tokens, [matrix], x, quants, inIntegers);
      kernels.run(program.multiply(tokens, [matrix], x, undefined, inFloats));
      for (let token = 0; token < tokens; token++) {
        const given = data.subarray(token * columns, (token + 1) * columns);
        const read = ({ address, stride }: typeof x) => [...memory.floats(address + token * stride, ROWS)];
        expect(read(inIntegers)).toEqual(rows.map((row) => rounded(type, row, given)));
        expect(read(inFloats)).toEqual(rows.map((row) => exact(row, given)));
      }
    }
  });
});
