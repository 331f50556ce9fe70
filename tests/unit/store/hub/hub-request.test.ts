import { afterEach, describe, expect, it, vi } from 'vitest';
import { HubRequests } from '../../../../src/store/hub/hub-request.ts';

const URL = 'https://hub.example/model.gguf';
const RANGE = { url: URL, start: 10, end: 20 };
const NEVER = new AbortController().signal;
const TEN = new Uint8Array(10).fill(7);

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

/** The hub answers with this. */
function answer(make: (init: RequestInit) => Response | Promise<Response>) {
  const fetch = vi.fn((_url: string, init: RequestInit) => Promise.resolve(make(init)));
  vi.stubGlobal('fetch', fetch);
  return fetch;
}

const part = (bytes: Uint8Array<ArrayBuffer> = TEN, headers: Record<string, string> = {}) =>
  new Response(bytes, { status: 206, headers });

/** As a browser tells where redirects have led. */
function from(url: string): Response {
  return Object.defineProperty(part(), 'url', { value: url });
}

const get = (signal = NEVER) => new HubRequests().fetch(RANGE, signal);

describe('a request to a hub', () => {
  it('asks for the range, and tells nothing else', async () => {
    const fetch = answer(() => part(TEN, { 'content-range': 'bytes 10-19/400' }));
    expect(await get()).toEqual(TEN);
    const [url, { signal: _, ...init }] = fetch.mock.calls[0]!;
    expect(url).toBe(URL);
    expect(init).toEqual({
      cache: 'no-store',
      credentials: 'omit',
      referrerPolicy: 'no-referrer',
      headers: { range: 'bytes=10-19' },
    });
  });

  it.each([
    ['the whole file', () => new Response(new Uint8Array(400)), 'no-ranges'],
    ['another range', () => part(TEN, { 'content-range': 'bytes 0-9/400' }), 'no-ranges'],
    ['more than was asked for', () => part(new Uint8Array(11)), 'no-ranges'],
    ['less than was asked for', () => part(new Uint8Array(9)), 'silent'],
    ['nothing', () => new Response(null, { status: 206 }), 'silent'],
    ['that it is not there', () => new Response('', { status: 404 }), 'missing'],
    ['that it wants a login', () => new Response('', { status: 401 }), 'missing'],
    ['that the file ends before', () => new Response('', { status: 416 }), 'other-file'],
    ['that it is broken', () => new Response('', { status: 503 }), 'busy'],
    ['nothing at all', () => Promise.reject(new TypeError('Failed to fetch')), 'silent'],
    ['from where no TLS is', () => from('http://store.example/x'), 'missing'],
    ['from within a private network', () => from('https://192.168.1.1/x'), 'missing'],
  ] as const)('that gets %s fails, and says how', async (_, make, trouble) => {
    answer(make);
    await expect(get()).rejects.toMatchObject({ name: 'HubError', trouble });
  });

  it('follows to where a hub stores its files', async () => {
    answer(() => from('https://cdn.hub.example/signed?key=1'));
    expect(await get()).toEqual(TEN);
  });

  it('says for how long the hub wants to be let alone', async () => {
    answer(() => new Response('', { status: 429, headers: { 'retry-after': '90' } }));
    await expect(get()).rejects.toMatchObject({ trouble: 'busy', retryAfterMs: 90_000 });
  });

  it('leaves a body that it does not want', async () => {
    const cancelled = vi.fn();
    answer(() => new Response(new ReadableStream({ cancel: cancelled }), { status: 200 }));
    await expect(get()).rejects.toMatchObject({ trouble: 'no-ranges' });
    expect(cancelled).toHaveBeenCalledOnce();
  });

  it('gives up a hub that hangs, before its answer and within it, and waits for a slow one', async () => {
    vi.useFakeTimers();
    const hanging = (init: RequestInit) =>
      new Promise<never>((_, reject) => init.signal!.addEventListener('abort', () => reject(init.signal!.reason)));
    answer(hanging);
    const hung = get();
    hung.catch(() => undefined);
    await vi.advanceTimersByTimeAsync(20_000);
    await expect(hung).rejects.toMatchObject({ trouble: 'silent' });

    let next: ReadableStreamDefaultController<Uint8Array>;
    answer((init) => {
      const body = new ReadableStream<Uint8Array>({
        start: (controller) => {
          next = controller;
          init.signal!.addEventListener('abort', () => controller.error(init.signal!.reason));
        },
      });
      return new Response(body as ReadableStream<Uint8Array<ArrayBuffer>>, { status: 206 });
    });
    const slow = get();
    slow.catch(() => undefined);
    for (let sent = 0; sent < 9; sent++) {
      await vi.advanceTimersByTimeAsync(15_000);
      next!.enqueue(TEN.subarray(0, 1));
    }
    await vi.advanceTimersByTimeAsync(20_000);
    await expect(slow).rejects.toMatchObject({ trouble: 'silent' });
  });

  it('waits while two others are under way, and ends when it is cancelled', async () => {
    const open: (() => void)[] = [];
    const fetch = answer(() => new Promise((resolve) => open.push(() => resolve(part()))));
    const requests = new HubRequests();
    const stop = new AbortController();
    const got = [0, 1, 2].map(() => requests.fetch(RANGE, NEVER));
    const cancelled = requests.fetch(RANGE, stop.signal);
    cancelled.catch(() => undefined);
    await Promise.resolve();
    expect(fetch).toHaveBeenCalledTimes(2);
    stop.abort();
    open.shift()!();
    await got[0];
    expect(fetch).toHaveBeenCalledTimes(3);
    open.shift()!();
    await got[1];
    await expect(cancelled).rejects.toMatchObject({ name: 'AbortError' });
    expect(fetch).toHaveBeenCalledTimes(3);
    open.shift()!();
    expect(await got[2]).toEqual(TEN);
    // Its place is free again.
    const last = requests.fetch(RANGE, NEVER);
    await Promise.resolve();
    open.shift()!();
    expect(await last).toEqual(TEN);
  });
});
