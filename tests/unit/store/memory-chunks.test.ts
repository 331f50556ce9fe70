import { expect, it } from 'vitest';
import { MemoryChunks } from '../../../src/store/idb/memory-chunks.ts';

const piece = (index: number, ...values: number[]) => ({ index, bytes: new Uint8Array(values) });

it('gives copies of what was put in', async () => {
  const chunks = new MemoryChunks(100);
  const given = piece(1, 1, 2, 3);
  await chunks.putAll('a', [piece(0, 9), given]);
  given.bytes.fill(0);
  const read = await chunks.getRange('a', 1, 3);
  expect(read).toEqual([new Uint8Array([1, 2, 3]), undefined]);
  read[0]!.buffer.transfer(0);
  expect(await chunks.getRange('a', 1, 2)).toEqual([new Uint8Array([1, 2, 3])]);
  expect((await chunks.pieces('a')).sort()).toEqual([0, 1]);
  expect(await chunks.count('b')).toBe(0);
});

it('keeps no more than it may, and has room again after a deletion', async () => {
  const chunks = new MemoryChunks(4);
  await chunks.put('a', 0, new Uint8Array(3));
  // The same piece again takes no more room.
  await chunks.put('a', 0, new Uint8Array(3));
  await expect(chunks.putAll('b', [piece(0, 1), piece(1, 2)])).rejects.toMatchObject({ code: 'storage-full' });
  expect(await chunks.count('b')).toBe(0);
  await chunks.delete('a');
  await chunks.putAll('b', [piece(0, 1), piece(1, 2)]);
  expect(await chunks.count('b')).toBe(2);
});
