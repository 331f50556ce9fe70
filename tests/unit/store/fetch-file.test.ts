import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fetchFile, forgetFile } from '../../../src/store/web-file/fetch-file.ts';

const BYTES = Uint8Array.from({ length: 40 << 20 }, (_, index) => (index * 7) ^ (index >> 11));
let server: Server;
let stored: Map<string, Response>;
beforeEach(() => {
  stored = new Map();
  vi.stubGlobal('caches', { open: async () => new FakeCache() });
});
afterEach(() => {
  server.close();
  vi.unstubAllGlobals();
});

/** Of a browser's `Cache` what is used; what does not come whole is not there. */
class FakeCache {
  async match(url: string): Promise<Response | undefined> {
    return stored.get(url)?.clone();
  }

  async put(url: string, response: Response): Promise<void> {
    const bytes = await response.arrayBuffer();
    if (stored.size === room) throw new DOMException('No room.', 'QuotaExceededError');
    stored.set(url, new Response(bytes, { headers: response.headers }));
  }

  async keys(): Promise<{ url: string }[]> {
    return [...stored.keys()].map((url) => ({ url }));
  }

  async delete({ url }: { url: string }): Promise<boolean> {
    return stored.delete(url);
  }
}
/** Parts that the browser's storage takes. */
let room: number;
beforeEach(() => {
  room = Number.POSITIVE_INFINITY;
});

async function serve(listener: RequestListener): Promise<URL> {
  server = createServer(listener).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/a.gguf`);
}

/** Answers with the range that was asked for. @param tellsLength - as a server of another origin that exposes it */
function ranges(tellsLength: boolean, sizeBytes = BYTES.length): RequestListener {
  return ({ headers: { range } }, response) => {
    const [, from, to] = /bytes=(\d+)-(\d+)/.exec(range!)!;
    const part = BYTES.subarray(Number(from), Math.min(sizeBytes, Number(to) + 1));
    if (part.length === 0) return void response.writeHead(416).end();
    const total = tellsLength
      ? { 'Content-Range': `bytes ${from}-${Number(from) + part.length - 1}/${sizeBytes}` }
      : {};
    response.writeHead(206, total).end(part);
  };
}

const fetching = (url: URL, signal = new AbortController().signal, told: number[] = [], keep = false) =>
  fetchFile(url, { keep, signal, onProgress: (done) => told.push(done) });

const isRising = (told: readonly number[]) => told.every((done, index) => index === 0 || done > told[index - 1]!);

const isWhole = async (blob: Blob) => Buffer.compare(new Uint8Array(await blob.arrayBuffer()), BYTES) === 0;

describe('a file of the web', () => {
  it.each([true, false])('is fetched in parts, whether its length is told or not (%s)', async (tellsLength) => {
    const told: number[] = [];
    const blob = await fetching(await serve(ranges(tellsLength)), undefined, told);
    expect(await isWhole(blob)).toBe(true);
    expect(isRising(told)).toBe(true);
    expect(told).toEqual(expect.arrayContaining([16 << 20, 32 << 20]));
    expect(told.at(-1)).toBe(BYTES.length);
    expect(stored.size).toBe(0);
  });

  it('is fetched at once from a server that gives no parts', async () => {
    const url = await serve((_, response) => void response.writeHead(200).end(BYTES));
    for (const keep of [false, true, true]) {
      expect(await isWhole(await fetching(url, undefined, [], keep))).toBe(true);
    }
    expect(stored.size).toBe(1);
  });

  it('may end exactly where a part does, its length untold', async () => {
    const blob = await fetching(await serve(ranges(false, 32 << 20)));
    expect(blob.size).toBe(32 << 20);
  });

  it('is asked for again where a part breaks off or the server stumbles', async () => {
    let requests = 0;
    const url = await serve((request, response) => {
      requests++;
      if (requests === 2) return void response.socket!.destroy();
      if (requests === 3) return void response.writeHead(503).end();
      ranges(true)(request, response);
    });
    const told: number[] = [];
    expect(await isWhole(await fetching(url, undefined, told))).toBe(true);
    expect(requests).toBe(5);
    expect(isRising(told)).toBe(true);
  });

  it('says what the address answers', async () => {
    const url = await serve((_, response) => void response.writeHead(404).end());
    await expect(fetching(url)).rejects.toMatchObject({
      code: 'model-unavailable',
      message: expect.stringMatching('404'),
    });
  });

  it('is given up soon where nothing has come of it', async () => {
    let requests = 0;
    const url = await serve((_, response) => {
      requests++;
      response.writeHead(503).end();
    });
    await expect(fetching(url)).rejects.toMatchObject({ message: expect.stringMatching('answers 503') });
    expect(requests).toBe(3);
  });

  it('is given up when that is asked for', async () => {
    const stop = new AbortController();
    const url = await serve((_, response) => void response.writeHead(206).write('a', () => stop.abort()));
    await expect(fetching(url, stop.signal)).rejects.toMatchObject({ code: 'aborted' });
    server.closeAllConnections();
  });

  it('is cancelled at once, also between two tries', async () => {
    const stop = new AbortController();
    const url = await serve((_, response) => {
      response.writeHead(503).end();
      setTimeout(() => stop.abort(), 100);
    });
    const startedAtMs = performance.now();
    await expect(fetching(url, stop.signal)).rejects.toMatchObject({ code: 'aborted' });
    expect(performance.now() - startedAtMs).toBeLessThan(450);
  });
});

describe('a file that is kept', () => {
  /** As `ranges`, of a file with a version, after so many requests broken for good. */
  async function serveVersion(tellsLength = true) {
    const at = { version: '"1"', requests: [] as string[], breaksAfter: Number.POSITIVE_INFINITY };
    const url = await serve((request, response) => {
      if (at.requests.length === at.breaksAfter) return void response.writeHead(404).end();
      at.requests.push(request.headers.range!);
      response.setHeader('ETag', at.version);
      ranges(tellsLength)(request, response);
    });
    return { url, at };
  }

  it.each([true, false])(
    'goes on where it broke off, and is not asked for again (length told: %s)',
    async (tellsLength) => {
      const { url, at } = await serveVersion(tellsLength);
      at.breaksAfter = 2;
      await expect(fetching(url, undefined, [], true)).rejects.toMatchObject({ code: 'model-unavailable' });
      expect(stored.size).toBe(2);
      at.breaksAfter = Number.POSITIVE_INFINITY;
      const told: number[] = [];
      expect(await isWhole(await fetching(url, undefined, told, true))).toBe(true);
      expect(at.requests.slice(2)).toEqual([`bytes=${32 << 20}-${(48 << 20) - 1}`]);
      expect(told[0]).toBe(16 << 20);
      expect(told.at(-1)).toBe(BYTES.length);
      server.close();
      expect(await isWhole(await fetching(url, undefined, [], true))).toBe(true);
      expect(at.requests).toHaveLength(3);
    },
  );

  it('is begun anew when it is another at its server by then', async () => {
    const { url, at } = await serveVersion();
    at.breaksAfter = 1;
    await expect(fetching(url, undefined, [], true)).rejects.toMatchObject({ code: 'model-unavailable' });
    at.breaksAfter = Number.POSITIVE_INFINITY;
    at.version = '"2"';
    expect(await isWhole(await fetching(url, undefined, [], true))).toBe(true);
    expect(at.requests).toHaveLength(1 + 1 + 3);
    expect([...stored.values()].map(({ headers }) => headers.get('x-shoal-version'))).toEqual(['"2"', '"2"', '"2"']);
  });

  it('is given up when it is another at every request', async () => {
    const { url, at } = await serveVersion();
    const changing = fetching(url, undefined, [], true);
    const timer = setInterval(() => {
      at.version = `"${at.requests.length}"`;
    });
    await expect(changing).rejects.toMatchObject({ message: expect.stringContaining('changes while it is fetched') });
    clearInterval(timer);
  });

  it('is had without storage where there is no room, or none at all', async () => {
    const { url } = await serveVersion();
    room = 1;
    expect(await isWhole(await fetching(url, undefined, [], true))).toBe(true);
    expect(stored.size).toBe(1);
    vi.stubGlobal('caches', undefined);
    expect(await isWhole(await fetching(url, undefined, [], true))).toBe(true);
  });

  it('is forgotten with all its parts, and others stay', async () => {
    const { url } = await serveVersion();
    const other = new URL('?other', url);
    for (const each of [url, other]) await fetching(each, undefined, [], true);
    expect(stored.size).toBe(6);
    await forgetFile(url);
    expect(stored.size).toBe(3);
    server.close();
    expect(await isWhole(await fetching(other, undefined, [], true))).toBe(true);
  });
});
