import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { fetchFile } from '../../../../src/app/models/fetch-file.ts';

const BYTES = Uint8Array.from({ length: 40 << 20 }, (_, index) => (index * 7) ^ (index >> 11));
let server: Server;
afterEach(() => server.close());

async function serve(listener: RequestListener): Promise<URL> {
  server = createServer(listener).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/a.gguf`);
}

/** Answers with the range that was asked for. @param tellsLength - as a server of another origin that exposes it */
function ranges(tellsLength: boolean): RequestListener {
  return ({ headers: { range } }, response) => {
    const [, from, to] = /bytes=(\d+)-(\d+)/.exec(range!)!;
    const part = BYTES.subarray(Number(from), Number(to) + 1);
    if (part.length === 0) return void response.writeHead(416).end();
    const total = tellsLength
      ? { 'Content-Range': `bytes ${from}-${Number(from) + part.length - 1}/${BYTES.length}` }
      : {};
    response.writeHead(206, total).end(part);
  };
}

const fetching = (url: URL, signal = new AbortController().signal, told: number[] = []) =>
  fetchFile({ url, fileName: 'a.gguf' }, { signal, onProgress: (done) => told.push(done) });

const isWhole = async (blob: Blob) => Buffer.compare(new Uint8Array(await blob.arrayBuffer()), BYTES) === 0;

describe('a file of the web', () => {
  it.each([true, false])('is fetched in parts, whether its length is told or not (%s)', async (tellsLength) => {
    const told: number[] = [];
    const blob = await fetching(await serve(ranges(tellsLength)), undefined, told);
    expect(await isWhole(blob)).toBe(true);
    expect(told).toEqual([16 << 20, 32 << 20, 40 << 20]);
  });

  it('is fetched at once from a server that gives no parts', async () => {
    const url = await serve((_, response) => void response.writeHead(200).end(BYTES));
    expect(await isWhole(await fetching(url))).toBe(true);
  });

  it('is asked for again where a part breaks off or the server stumbles', async () => {
    let requests = 0;
    const url = await serve((request, response) => {
      requests++;
      if (requests === 2) return void response.socket!.destroy();
      if (requests === 3) return void response.writeHead(503).end();
      ranges(true)(request, response);
    });
    expect(await isWhole(await fetching(url))).toBe(true);
    expect(requests).toBe(5);
  });

  it('says what the address answers', async () => {
    const url = await serve((_, response) => void response.writeHead(404).end());
    await expect(fetching(url)).rejects.toMatchObject({
      code: 'model-unavailable',
      message: expect.stringMatching('404'),
    });
  });

  it('is given up when that is asked for', async () => {
    const stop = new AbortController();
    const url = await serve((_, response) => void response.writeHead(206).write('a', () => stop.abort()));
    await expect(fetching(url, stop.signal)).rejects.toMatchObject({ code: 'aborted' });
    server.closeAllConnections();
  });
});
