import { open, readFile, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { prepareModel } from '../../../cli/model-source.ts';
import { forgetSource, rememberSource } from '../../../cli/shard-folder-stamp.ts';
import { startTestServer, type TestServer } from '../../support/test-server.ts';

let server: TestServer;
afterEach(() => server.stop());

/** A whole second, which every call that sets a time keeps exactly. */
const TIME = new Date(1_700_000_000_000);

/** Four other bytes, as a disk may give them: size and time tell nothing. */
async function spoil(path: string): Promise<void> {
  const { size } = await stat(path);
  const file = await open(path, 'r+');
  await file.write(Buffer.from([0xde, 0xad, 0xbe, 0xef]), 0, 4, size >> 1);
  await file.close();
  await utimes(path, TIME, TIME);
}

const statusOf = async (index: number) => (await fetch(`${server.url}/models/tiny/shard-${index}.gguf`)).status;
const unchecked = () => server.metric('shoal_shards_unchecked_bytes');

describe('a shard whose bytes have changed on disk', () => {
  it('is found after the start, and is not served', async () => {
    const error = vi.spyOn(console, 'error').mockImplementation(() => {});
    server = await startTestServer();
    await expect.poll(unchecked).toBe(0);
    expect(await server.metric('shoal_shards_spoiled')).toBe(0);
    const path = join(server.model.directory, 'shard-1.gguf');
    await spoil(path);
    server = await server.restart();
    await expect.poll(() => server.metric('shoal_shards_spoiled')).toBe(1);
    expect(await Promise.all([0, 1, 2, 3].map(statusOf))).toEqual([200, 503, 200, 200]);
    expect(error.mock.calls.flat().join('\n')).toMatch(
      /shard-1\.gguf is not the file that the manifest lists \(its SHA-256 is .+\), and is not served\. Split the model anew/,
    );
    error.mockRestore();
  });

  it('is made anew where that can be done, and served again', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => {});
    server = await startTestServer();
    const { folder, model } = server;
    const prepare = () => prepareModel({ model: join(folder, 'tiny.gguf'), shards: 4, dataDir: folder });
    const prepared = await prepare();
    expect(prepared.manifestId).toBe(model.manifestId);
    const path = join(prepared.directory, 'shard-2.gguf');
    const bytes = await readFile(path);
    await utimes(path, TIME, TIME);
    await rememberSource(prepared.directory, { modelFile: join(folder, 'tiny.gguf') }, prepared.manifest);
    await spoil(path);
    // Sizes and times say that nothing has changed.
    expect((await prepare()).manifestId).toBe(model.manifestId);
    expect(await readFile(path)).not.toEqual(bytes);
    server = await server.restart({
      models: [prepared],
      repair: async ({ directory }) => {
        await forgetSource(directory);
        await prepare();
      },
    });
    await expect.poll(() => readFile(path), { timeout: 30_000 }).toEqual(bytes);
    await expect.poll(() => server.metric('shoal_shards_spoiled'), { timeout: 30_000 }).toBe(0);
    expect(await statusOf(2)).toBe(200);
  });
});
