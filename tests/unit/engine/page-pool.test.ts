import { expect, it } from 'vitest';
import { pagesWithin } from '../../../src/blocks/kv-layout.ts';
import { CpuMemory } from '../../../src/cpu/memory.ts';
import { CpuPagePool } from '../../../src/engine/cpu/page-pool.ts';

/** Of three layers: two that differ, and one between them that caches nothing. */
const PAGE_BYTES = [1024, 0, 4096];

it('counts the bytes of each layer that caches anything', () => {
  expect(pagesWithin(51_200, [0, 1, 2], PAGE_BYTES)).toBe(10);
  expect(pagesWithin(51_200, [0, 1], PAGE_BYTES)).toBe(50);
});

it('counts as if the widest layer were there where none caches anything', () => {
  expect(pagesWithin(40_960, [], PAGE_BYTES)).toBe(10);
  expect(pagesWithin(40_960, [1], PAGE_BYTES)).toBe(10);
  expect(pagesWithin(64, [0], [0])).toBe(64);
});

it('gives each layer the memory of its own pages on the processor, and none to a layer without', () => {
  const memory = new CpuMemory(false);
  const before = memory.usedBytes;
  const pool = new CpuPagePool(memory, { what: 'pages', pageBytes: PAGE_BYTES, maxBytes: 100 * 5120, firstPages: 16 });
  pool.addLayers([0, 1, 2]);
  expect(pool.freePages).toBe(100);
  expect(pool.take(2)).toEqual([0, 1]);
  expect(memory.usedBytes - before).toBe(16 * 5120);
  expect(pool.address(0, 1) - pool.address(0, 0)).toBe(1024);
  expect(pool.address(1, 1)).toBe(0);
  expect(pool.address(2, 1) - pool.address(2, 0)).toBe(4096);
  pool.removeLayers([0, 1, 2]);
  pool.addLayers([1]);
  expect(memory.usedBytes - before).toBe(16 * 5120);
});
