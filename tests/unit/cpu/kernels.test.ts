import { beforeAll, describe, expect, it } from 'vitest';
import { RopeAngles } from '../../../src/blocks/rope-angles.ts';
import { CpuKernels } from '../../../src/cpu/kernels.ts';
import type { CpuMatrix } from '../../../src/cpu/matrix.ts';
import { nodeHost } from '../../../src/cpu/node-host.ts';
import { allocateQuants, allocateRows, type Rows } from '../../../src/cpu/rows.ts';
import { maskLogits, topCandidates } from '../../../src/engine/candidates.ts';
import { dequantize } from '../../../src/gguf/dequantize.ts';
import { TENSOR_TYPE_NAMES, type TensorTypeName } from '../../../src/gguf/tensor-types.ts';
import { NO_ROTATION } from '../../../src/model/rotation.ts';
import { columnsFor } from '../../fixtures/columns.ts';
import { quantize } from '../../fixtures/quantize.ts';
import { normals, seededRandom } from '../../fixtures/random.ts';
import { ACTIVATIONS, attend, capped, gate, logSumExp, multiply, rmsNorm, rope, select } from '../../gpu/reference.ts';

const PAGE_TOKENS = 32;
let kernels: CpuKernels;
beforeAll(async () => {
  kernels = await CpuKernels.open(nodeHost, 1, 64 * 1024);
});

function random(seed: number, count: number, deviation = 1): Float32Array {
  return normals(seededRandom(seed), count, deviation);
}

/** Rows in the kernels' memory. */
function upload(width: number, data: Float32Array): Rows {
  const count = data.length / width;
  const rows = allocateRows(kernels.memory, count, width);
  for (let row = 0; row < count; row++)
    kernels.memory.floats(rows.address + row * rows.stride, width).set(data.subarray(row * width, (row + 1) * width));
  return rows;
}

function download({ address, stride, width }: Rows, count: number): number[] {
  return Array.from({ length: count }, (_, row) => [...kernels.memory.floats(address + row * stride, width)]).flat();
}

function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  expect(actual.length).toBe(expected.length);
  let worst = 0;
  for (let index = 0; index < expected.length; index++)
    worst = Math.max(worst, Math.abs(actual[index]! - expected[index]!) || 0);
  expect(worst).toBeLessThan(tolerance);
  expect(Array.from(actual).every(Number.isFinite)).toBe(true);
}

/** A seeded matrix, put into memory in two parts as the loader does, and its values. */
function testMatrix(type: TensorTypeName, rows: number, columns: number): { matrix: CpuMatrix; values: Float32Array } {
  const bytes = quantize(type, random(rows + columns, rows * columns));
  const matrix = kernels.allocateMatrix(type, rows, columns);
  const first = 8 * (bytes.length / rows);
  for (const [row, part] of [
    [0, bytes.subarray(0, first)],
    [8, bytes.subarray(first)],
  ] as const) {
    const staged = kernels.memory.allocate(part.length);
    kernels.memory.bytes(staged, part.length).set(part);
    kernels.repack(matrix, row, staged, part.length);
  }
  return { matrix, values: dequantize(type, bytes) };
}

describe.each(TENSOR_TYPE_NAMES)('a matrix of %s', (type) => {
  const lengths = columnsFor(type);

  it.each(lengths)('of %i columns gives its rows back', (columns) => {
    const { matrix, values } = testMatrix(type, 45, columns);
    const ids = Uint32Array.of(44, 0, 7, 8, 19);
    const at = kernels.memory.allocate(ids.byteLength);
    kernels.memory.words(at, ids.length).set(ids);
    const y = allocateRows(kernels.memory, ids.length, columns);
    kernels.run(kernels.createProgram().embed(ids.length, matrix, at, y));
    const expected = [...ids].flatMap((id) => [...values.subarray(id * columns, (id + 1) * columns)]);
    expect([...download(y, ids.length)]).toEqual(expected);
  });

  it.each(lengths)('of %i columns multiplies any number of tokens', (columns) => {
    const { matrix, values } = testMatrix(type, 45, columns);
    for (const tokens of [1, 3, 4, 7, 9]) {
      const data = random(tokens, tokens * columns);
      const x = upload(columns, data);
      const quants = allocateQuants(kernels.memory, tokens, columns);
      const start = random(9, tokens * 45);
      const [exact, rounded] = [upload(45, start), upload(45, start)];
      const program = kernels.createProgram().multiply(tokens, [matrix], x, undefined, exact, true);
      kernels.run(program.quantize(tokens, x, quants).multiply(tokens, [matrix], x, quants, rounded, true));
      const expected = multiply(values, data, 45, columns).map((value, index) => value + start[index]!);
      // f32 sums of up to 512 products of about 1.
      expectClose(download(exact, tokens), expected, 1e-4);
      // Each activation besides off by at most 4 / 65,534.
      expectClose(download(rounded, tokens), expected, 4e-3);
    }
  });
});

it('norms and gates rows of odd widths', () => {
  for (const width of [20, 37, 576]) {
    const [x, weights] = [random(width, 3 * width, 100), random(1, width)];
    const y = allocateRows(kernels.memory, 3, width);
    const w = upload(width, weights).address;
    const rows = upload(width, x);
    kernels.run(kernels.createProgram().norm(3, rows, w, y, 1e-5, undefined));
    const normed = rmsNorm(x, weights, 1e-5);
    expectClose(download(y, 3), normed, 5e-6);
    kernels.run(kernels.createProgram().norm(3, rows, w, y, 1e-5, undefined, true));
    expectClose(
      download(y, 3),
      normed.map((value) => 2 * value),
      1e-5,
    );
  }
  for (const width of [20, 96]) {
    const x = random(width, 3 * 2 * width, 3);
    const y = allocateRows(kernels.memory, 3, width);
    const rows = upload(2 * width, x);
    for (const activation of ['silu', 'gelu'] as const) {
      kernels.run(kernels.createProgram().gate(3, rows, y, activation));
      expectClose(download(y, 3), gate(x, width, ACTIVATIONS[activation]), 2e-5);
    }
  }
});

it('adds rows, scaled, and scales and caps them', () => {
  const width = 22;
  const [first, second] = [random(1, 3 * width), random(2, 3 * width, 40)];
  const [x, y] = [upload(width, first), upload(width, second)];
  kernels.run(kernels.createProgram().add(3, x, y, 0.22));
  const sums = second.map((value, index) => value + Math.fround(0.22) * first[index]!);
  expectClose(download(y, 3), sums, 1e-5);
  kernels.run(kernels.createProgram().scale(3, y, 0.5, 0).scale(3, y, 3, 30));
  expectClose(
    download(y, 3),
    sums.map((value) => capped(1.5 * value, 30)),
    1e-4,
  );
});

it.each([
  { headCount: 9, kvHeadCount: 3, headSize: 64, ropeDimensions: 64, window: 0, cap: 0 },
  { headCount: 4, kvHeadCount: 4, headSize: 20, ropeDimensions: 20, window: 0, cap: 0 },
  { headCount: 4, kvHeadCount: 1, headSize: 32, ropeDimensions: 12, window: 0, cap: 2 },
  { headCount: 4, kvHeadCount: 2, headSize: 32, ropeDimensions: 32, window: 7, cap: 0 },
  { headCount: 2, kvHeadCount: 1, headSize: 256, ropeDimensions: 256, window: 45, cap: 3 },
  { headCount: 8, kvHeadCount: 1, headSize: 512, ropeDimensions: 512, window: 0, cap: 0 },
])('attends over page borders: H $headCount, K $kvHeadCount, D $headSize, window $window, cap $cap', (shape) => {
  const { ropeDimensions, window, cap, ...heads } = shape;
  const { headCount, kvHeadCount, headSize } = heads;
  const { memory } = kernels;
  const rowHeads = headCount + 2 * kvHeadCount;
  const rotation = { ...NO_ROTATION, base: 10_000, scale: 2, dimensions: ropeDimensions, magnitude: 1.25 };
  const angles = new RopeAngles(headSize, [NO_ROTATION, rotation]);
  const scale = 1 / Math.sqrt(headSize);
  const sinks = random(7, headCount);
  const sinkAddress = upload(headCount, sinks).address;
  const pages = memory.allocate(5 * 4);
  // What lies in a page that nobody wrote must not matter.
  for (let page = 0; page < 5; page++) {
    const address = memory.allocate(2 * kvHeadCount * headSize * PAGE_TOKENS * 4);
    memory.floats(address, 2 * kvHeadCount * headSize * PAGE_TOKENS).fill(Number.NaN);
    memory.words(pages, 5)[page] = address;
  }
  const keys: number[][][] = Array.from({ length: kvHeadCount }, () => []);
  const values: number[][][] = Array.from({ length: kvHeadCount }, () => []);
  let position = 0;
  for (const tokens of [1, 2, 8, 9, 17, PAGE_TOKENS, 1, 40]) {
    const data = random(100 + position, tokens * rowHeads * headSize);
    const qkv = upload(rowHeads * headSize, data);
    const turns = angles.at(position, tokens);
    const at = memory.allocate(turns.byteLength);
    memory.floats(at, turns.length).set(turns);
    const second = { address: at + headSize * 4, stride: angles.stride * 4 };
    const y = allocateRows(memory, tokens, headCount * headSize);
    const caches = [{ tokens, position, pages }];
    const program = kernels.createProgram().rope(qkv, second, caches, heads, scale);
    kernels.run(program.attend(qkv, caches, heads, { window, cap }, y, sinkAddress));
    const expected: number[] = [];
    for (let t = 0; t < tokens; t++) {
      const head = (index: number) =>
        data.subarray((t * rowHeads + index) * headSize, (t * rowHeads + index + 1) * headSize);
      const rotated = (index: number) => rope(head(index), position + t, rotation);
      for (let k = 0; k < kvHeadCount; k++) {
        keys[k]!.push(rotated(headCount + k));
        values[k]!.push([...head(headCount + kvHeadCount + k)]);
      }
      for (let h = 0; h < headCount; h++) {
        const k = Math.floor((h * kvHeadCount) / headCount);
        const seen = { keys: keys[k]!.slice(-window), values: values[k]!.slice(-window) };
        expected.push(...attend(rotated(h), seen.keys, seen.values, { scale, cap, sink: sinks[h] }));
      }
    }
    expectClose(download(y, tokens), expected, 2e-5);
    position += tokens;
  }
});

it.each([273, 5000, 49_152])('chooses candidates of %i tokens', (vocabularySize) => {
  // Rounded to tenths: many are equal.
  const logits = random(vocabularySize, vocabularySize, 5).map((value) => Math.round(10 * value) / 10);
  const odd = (id: number) => id % 2 === 1;
  const mask = new Uint32Array(Math.ceil(vocabularySize / 32)).fill(0xaaaaaaaa);
  const masked = logits.slice();
  maskLogits(masked, { rows: 'last', count: 0, wantedIds: new Uint32Array(), mask });
  for (const count of [0, 1, 40, 128]) {
    expect([...topCandidates(logits, count).ids]).toEqual(select(logits, count, () => true));
    expect([...topCandidates(masked, count).ids]).toEqual(select(logits, count, odd));
  }
  const summary = kernels.memory.allocate(16);
  const rows = { ...upload(vocabularySize, masked), width: vocabularySize };
  kernels.run(kernels.createProgram().summarize(1, rows, summary));
  const [most, sum] = kernels.memory.floats(summary, 2);
  expect(Math.abs(most! + Math.log(sum!) - logSumExp(logits.filter((_, id) => odd(id))))).toBeLessThan(1e-5);
});
