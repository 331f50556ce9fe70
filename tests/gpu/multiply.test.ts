import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TENSOR_TYPE_NAMES } from '../../src/gguf/tensor-types.ts';
import { createMultiply } from '../../src/gpu/ops/multiply.ts';
import type { Tuning } from '../../src/gpu/tuning.ts';
import { columnsFor } from '../fixtures/columns.ts';
import { expectClose, KernelHarness, randomValues } from './harness.ts';
import { testMatrix } from './matrices.ts';
import { multiply } from './reference.ts';

/** f32 sums of at most 160 products of values around 1 (512 of the types in superblocks), in another order than the reference. */
const TOLERANCE = 5e-5;
const TUNINGS: Record<string, Partial<Tuning>> = {
  serial: { serialRows: true, rowGroups: 4 },
  'one thread a row': { serialRows: false, rowThreads: 1, rowGroups: 4, rowWorkgroup: 4 },
  'eight threads a row': {
    serialRows: false,
    rowThreads: 8,
    rowGroups: 1,
    rowTokens: 8,
    rowTiles: 2,
    rowWorkgroup: 64,
  },
  'thirty-two threads a row': { serialRows: false, rowThreads: 32, rowGroups: 1, rowTiles: 2, rowWorkgroup: 64 },
  'thirty-two threads of many rows': { serialRows: false, rowThreads: 32, rowGroups: 2, rowTiles: 4, rowWorkgroup: 64 },
};

let harness: KernelHarness;
beforeAll(async () => {
  harness = await KernelHarness.open();
});
afterAll(() => harness.close());

/** What every type is tried with, as adapters get it; the kernels' other shapes read weights in the same way. */
const SHAPES = ['serial', 'thirty-two threads a row'];

describe.each(TENSOR_TYPE_NAMES)('matrix × vectors, %s', (type) => {
  it.each(type === 'Q4_1' ? Object.keys(TUNINGS) : SHAPES)(
    'agrees with the reference at odd sizes: %s',
    async (name) => {
      const context = harness.tuned(TUNINGS[name]!);
      for (const columns of columnsFor(type)) {
        // Not a multiple of the four rows of a group.
        const rows = 45;
        const { matrix, values } = testMatrix(harness, type, rows, columns);
        const x = randomValues(3, 17 * columns);
        const input = harness.activation(17, columns, x);
        for (const tokens of [1, 2, 9, 17]) {
          const y = harness.activation(tokens, rows);
          harness.run(await createMultiply(context, { matrix, x: input, y, add: false }), { tokens });
          const expected = multiply(values, x.subarray(0, tokens * columns), rows, columns);
          expectClose(await harness.rows(y), expected, TOLERANCE);
        }
      }
    },
  );
});

// One of whole scales, one of split ones, and those without.
describe.each(['F32', 'Q4_1', 'Q6_K'] as const)('matrix × many vectors in tiles, %s', (type) => {
  it('agrees with the reference at odd sizes', async () => {
    const [rows, columns] = [150, columnsFor(type).at(-1)!];
    const { matrix, values } = testMatrix(harness, type, rows, columns, 80);
    for (const tokens of [1, 17, 32, 45]) {
      const x = randomValues(4, tokens * columns);
      const before = randomValues(6, tokens * rows);
      const input = harness.activation(tokens, columns, x);
      const product = multiply(values, x, rows, columns);
      for (const add of [false, true]) {
        const y = harness.activation(tokens, rows, before);
        harness.run(await createMultiply(harness.tuned({ tiledTokens: 0 }), { matrix, x: input, y, add }), { tokens });
        const expected = add ? product.map((value, index) => value + before[index]!) : product;
        expectClose(await harness.rows(y), expected, TOLERANCE);
      }
    }
  });
});

it('adds to what is there, at an offset, from several buffers', async () => {
  const [rows, columns, tokens] = [46, 64, 3];
  const { matrix, values } = testMatrix(harness, 'Q4_1', rows, columns, 20);
  expect(matrix.parts).toHaveLength(3);
  const x = randomValues(5, tokens * columns);
  const before = randomValues(6, tokens * rows);
  const y = harness.activation(tokens, rows, before);
  const op = await createMultiply(harness.context, { matrix, x: harness.activation(tokens, columns, x), y, add: true });
  harness.run(op, { tokens });
  const expected = multiply(values, x, rows, columns).map((value, index) => value + before[index]!);
  expectClose(await harness.rows(y), expected, TOLERANCE);
});

it('gives a row the same bits whatever is computed beside it', async () => {
  const [rows, columns] = [40, 576];
  const { matrix } = testMatrix(harness, 'Q4_1', rows, columns);
  const x = randomValues(8, 8 * columns);
  const input = harness.activation(8, columns, x);
  const outputs: Float32Array[] = [];
  for (const tokens of [1, 3, 8]) {
    const y = harness.activation(tokens, rows);
    harness.run(await createMultiply(harness.context, { matrix, x: input, y, add: false }), { tokens });
    outputs.push((await harness.rows(y)).subarray(0, rows));
  }
  expect(outputs[1]).toEqual(outputs[0]);
  expect(outputs[2]).toEqual(outputs[0]);
});
