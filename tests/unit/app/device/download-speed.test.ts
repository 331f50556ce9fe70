import 'fake-indexeddb/auto';
import { afterEach, expect, it, vi } from 'vitest';
import { downloadSpeed } from '../../../../src/app/device/download-speed.ts';
import { ChunkDatabase } from '../../../../src/store/idb/chunk-database.ts';
import { storeSample } from '../../../../src/store/idb/storage-sample.ts';

afterEach(() => vi.unstubAllGlobals());

const URL_OF_SHARD = new URL('https://server.example/models/m/shard-0.gguf');

/** A server that gives so many bytes of whatever is asked for, at once. */
function serve(sizeBytes: number, status = 206): void {
  vi.stubGlobal('fetch', async () => new Response(new Uint8Array(sizeBytes), { status }));
}

it('counts the time until the bytes are stored', async () => {
  serve(4 << 20);
  const stored: number[] = [];
  const speed = await downloadSpeed(URL_OF_SHARD, async (bytes) => {
    stored.push(bytes.length);
    return 4000;
  });
  expect(stored).toEqual([4 << 20]);
  expect(speed).toBeLessThan(1 << 20);
  expect(speed).toBeGreaterThan((4 << 20) / 6);
});

it('is the network’s where nothing can be stored', async () => {
  serve(4 << 20);
  const speed = await downloadSpeed(URL_OF_SHARD, async () => Promise.reject(new Error('no room')));
  expect(speed).toBeGreaterThan(4 << 20);
});

it('is not known of a server that gives nothing, or too little to tell', async () => {
  const store = vi.fn(async () => 1);
  for (const [sizeBytes, status] of [
    [1000, 206],
    [4 << 20, 404],
  ] as const) {
    serve(sizeBytes, status);
    expect(await downloadSpeed(URL_OF_SHARD, store)).toBeUndefined();
  }
  expect(store).not.toHaveBeenCalled();
});

it('leaves nothing of its sample in the browser', async () => {
  const chunks = new ChunkDatabase('sampled');
  const put = vi.spyOn(chunks, 'putAll');
  expect(await storeSample(new Uint8Array(700_000), chunks)).toBeGreaterThan(0);
  expect(put.mock.calls.map(([, pieces]) => pieces.length)).toEqual([1, 3]);
  const [infoHash] = put.mock.calls[0]!;
  expect(await chunks.count(infoHash)).toBe(0);
});
