import { afterAll, beforeAll, expect, it } from 'vitest';
import { TENSOR_TYPE_NAMES } from '../../src/gguf/tensor-types.ts';
import { createAdd, createBias } from '../../src/gpu/ops/add.ts';
import { createEmbed } from '../../src/gpu/ops/embed.ts';
import { createGate } from '../../src/gpu/ops/gate.ts';
import { createNormHeads } from '../../src/gpu/ops/norm-heads.ts';
import { createRmsNorm } from '../../src/gpu/ops/rms-norm.ts';
import { createScale, createScaleBy } from '../../src/gpu/ops/scale.ts';
import { columnsFor } from '../fixtures/columns.ts';
import { expectClose, KernelHarness, randomValues } from './harness.ts';
import { testMatrix } from './matrices.ts';
import { ACTIVATIONS, capped, gate, rmsNorm } from './reference.ts';

let harness: KernelHarness;
beforeAll(async () => {
  harness = await KernelHarness.open();
});
afterAll(() => harness.close());

it.each(TENSOR_TYPE_NAMES)('looks tokens up in %s, also in a matrix of several buffers', async (type) => {
  for (const columns of columnsFor(type)) {
    const { matrix, values } = testMatrix(harness, type, 45, columns, 20);
    const ids = [44, 0, 7, 19, 20, 39, 40, 7];
    const y = harness.activation(ids.length, columns);
    const op = await createEmbed(harness.context, { matrix, ids: harness.upload(Uint32Array.from(ids)), y });
    harness.run(op, { tokens: ids.length });
    const expected = ids.flatMap((id) => [...values.subarray(id * columns, (id + 1) * columns)]);
    // The device may fuse the multiplication by the scale with the addition of the minimum.
    expectClose(await harness.rows(y), expected, 1e-6);
  }
});

it.each([
  [20, 4],
  [64, 64],
  [576, 64],
])('norms rows of %i with %i threads, from a row in the middle', async (width, reduceWorkgroup) => {
  const [rows, first] = [5, 2];
  const x = randomValues(width, rows * width, 100);
  const weights = randomValues(1, width);
  const padded = harness.activation(1, width, weights);
  const y = harness.activation(rows - first, width);
  const input = harness.activation(rows, width, x);
  const op = await createRmsNorm(harness.tuned({ reduceWorkgroup }), {
    weights: padded.buffer,
    x: input,
    y,
    epsilon: 1e-5,
    add: false,
  });
  harness.run(op, { tokens: rows - first, first });
  // f32 sums of 576 squares; results of about 1.
  const normed = rmsNorm(x.subarray(first * width), weights, 1e-5);
  expectClose(await harness.rows(y), normed, 5e-6);
  const adding = { weights: padded.buffer, x: input, y, epsilon: 1e-5, add: true };
  harness.run(await createRmsNorm(harness.tuned({ reduceWorkgroup }), adding), { tokens: rows - first, first });
  expectClose(
    await harness.rows(y),
    normed.map((value) => 2 * value),
    1e-5,
  );
});

it('adds vectors to parts of rows, each from a multiple of four on', async () => {
  const tokens = 3;
  const [first, second] = [randomValues(1, 22), randomValues(2, 12)];
  const x = randomValues(3, tokens * 36);
  const y = harness.activation(tokens, 36, x);
  const biases = [first, second].map((values) => ({
    buffer: harness.activation(1, values.length, values).buffer,
    width: values.length,
  }));
  harness.run(await createBias(harness.context, { biases, y }), { tokens });
  const bias = [...first, 0, 0, ...second];
  expectClose(
    await harness.rows(y),
    x.map((value, index) => value + bias[index % 36]!),
    1e-6,
  );
});

it.each([
  [8, false],
  [64, true],
  [200, false],
  [512, true],
])('norms query and key heads of %i elements, values too: %s', async (headSize, values) => {
  const [tokens, headCount, kvHeadCount] = [3, 3, 1];
  const x = randomValues(headSize, tokens * 5 * headSize, 10);
  const [query, key] = [randomValues(1, headSize), randomValues(2, headSize)];
  const upload = (values: Float32Array<ArrayBuffer>) => harness.activation(1, headSize, values).buffer;
  const qkv = harness.activation(tokens, 5 * headSize, x);
  const heads = { headCount, kvHeadCount, headSize };
  const op = await createNormHeads(harness.context, {
    ...{ heads, values, query: upload(query), key: upload(key), qkv },
    epsilon: 1e-5,
  });
  harness.run(op, { tokens });
  const expected = Array.from({ length: tokens * 5 }, (_, index) => {
    const head = x.subarray(index * headSize, (index + 1) * headSize);
    const ones = new Float32Array(headSize).fill(1);
    if (index % 5 === 4) return values ? [...rmsNorm(head, ones, 1e-5)] : [...head];
    return [...rmsNorm(head, index % 5 < headCount ? query : key, 1e-5)];
  }).flat();
  expectClose(await harness.rows(qkv), expected, 5e-6);
});

it('adds rows, scaled, and scales and caps them', async () => {
  const [tokens, width] = [3, 22];
  const [first, second] = [randomValues(1, tokens * width), randomValues(2, tokens * width, 40)];
  const [x, y] = [harness.activation(tokens, width, first), harness.activation(tokens, width, second)];
  harness.run(await createAdd(harness.context, { x, y, scale: 0.22 }), { tokens });
  const sums = second.map((value, index) => value + Math.fround(0.22) * first[index]!);
  expectClose(await harness.rows(y), sums, 1e-5);
  harness.run(await createScale(harness.context, { y, factor: 0.5, cap: 0 }), { tokens });
  harness.run(await createScale(harness.context, { y, factor: 3, cap: 30 }), { tokens });
  expectClose(
    await harness.rows(y),
    sums.map((value) => capped(1.5 * value, 30)),
    1e-4,
  );
  harness.run(await createScaleBy(harness.context, { y, factor: harness.upload(Float32Array.of(-0.75)) }), { tokens });
  expectClose(
    await harness.rows(y),
    sums.map((value) => -0.75 * capped(1.5 * value, 30)),
    1e-4,
  );
});

it('caps what is huge without losing it', async () => {
  const y = harness.activation(1, 4, Float32Array.of(3e38, -3e38, 1e6, 0));
  harness.run(await createScale(harness.context, { y, factor: 1, cap: 30 }), { tokens: 1 });
  expectClose(await harness.rows(y), [30, -30, 30, 0], 1e-5);
});

it.each([
  [20, 'silu'],
  [96, 'silu'],
  [20, 'gelu'],
] as const)('gates %i elements with %s', async (width, activation) => {
  const tokens = 3;
  const x = randomValues(width, tokens * 2 * width, 3);
  const y = harness.activation(tokens, width);
  const buffers = { x: harness.activation(tokens, 2 * width, x), y, activation };
  harness.run(await createGate(harness.context, buffers), { tokens });
  // WGSL allows exp an error of 3 + 2·|x| units in the last place; values reach 100.
  expectClose(await harness.rows(y), gate(x, width, ACTIVATIONS[activation]), 2e-5);
});

it('leaves the padding of rows alone', async () => {
  const y = harness.activation(2, 20);
  const { matrix } = testMatrix(harness, 'F16', 45, 20);
  const op = await createEmbed(harness.context, { matrix, ids: harness.upload(Uint32Array.of(3, 44)), y });
  harness.run(op, { tokens: 2 });
  const all = new Float32Array(await harness.download(y.buffer));
  expect([...all.subarray(20, 32), ...all.subarray(52, 64)]).toEqual(Array(24).fill(0));
});
