import { afterAll, beforeAll, expect, it } from 'vitest';
import { GpuPagePool } from '../../src/engine/webgpu/page-pool.ts';
import { KernelHarness } from './harness.ts';

const planOf = (pageBytes: readonly number[], maxBytes: number) => ({
  ...{ what: 'pages', pageBytes, maxBytes },
  firstPages: 16,
});

let harness: KernelHarness;
beforeAll(async () => {
  harness = await KernelHarness.open();
});
afterAll(() => harness.close());

it('gives each layer a buffer of its own pages, and none to a layer that caches nothing', async () => {
  const pool = new GpuPagePool(harness.device, planOf([1024, 0, 4096], 100 * 5120), 64 * 4096);
  await pool.addLayers([0, 1, 2]);
  expect(pool.freePages).toBe(64);
  await pool.take(20);
  expect([0, 1, 2].map((layer) => pool.buffer(layer)?.size)).toEqual([20 * 1024, undefined, 20 * 4096]);
  await pool.take(1);
  expect([0, 1, 2].map((layer) => pool.buffer(layer)?.size)).toEqual([40 * 1024, undefined, 40 * 4096]);
  pool.destroy();
  expect(harness.errors).toEqual([]);
});

it('has pages for layers that cache nothing', async () => {
  const pool = new GpuPagePool(harness.device, planOf([0, 4096], 100 * 4096), 100 * 4096);
  await pool.addLayers([0]);
  expect(pool.freePages).toBe(100);
  expect((await pool.take(20)).pages).toHaveLength(20);
  expect(pool.buffer(0)).toBeUndefined();
});
