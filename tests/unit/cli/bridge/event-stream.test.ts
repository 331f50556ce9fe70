import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { EventStream } from '../../../../cli/bridge/http/event-stream.ts';
import { KEEP_ALIVE_MS } from '../../../../cli/bridge/limits.ts';

let server: Server;
let sending: Promise<ServerResponse>;
beforeEach(async () => {
  server = createServer().listen(0, '127.0.0.1');
  sending = once(server, 'request').then(([, response]) => response);
  await once(server, 'listening');
});
afterEach(() => {
  vi.useRealTimers();
  server.closeAllConnections();
  server.close();
});

async function open() {
  const request = get({ port: (server.address() as AddressInfo).port });
  const left = new AbortController();
  const response = await sending;
  response.once('close', () => left.abort());
  return { request, stream: new EventStream(response, left.signal) };
}

const answerTo = async (request: ReturnType<typeof get>) => (await once(request, 'response'))[0] as IncomingMessage;

it('waits for a reader that is slow, and fails when it goes', async () => {
  const { request, stream } = await open();
  const part = { text: 'x'.repeat(1 << 20) };
  let sent = 0;
  const flood = (async () => {
    for (;;) {
      await stream.send(part);
      sent++;
    }
  })();
  const failed = expect(flood).rejects.toMatchObject({ name: 'AbortError' });
  await answerTo(request);
  // More than the system's buffers hold is not made.
  const held = await vi.waitUntil(async () => {
    const before = sent;
    await new Promise((resolve) => setTimeout(resolve, 200));
    return before === sent && sent;
  }, 60_000);
  expect(held).toBeLessThan(64);
  request.destroy();
  await failed;
});

it('says that it waits, in a comment', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const { request, stream } = await open();
  vi.advanceTimersByTime(KEEP_ALIVE_MS);
  const response = await answerTo(request);
  expect(response.headers['content-type']).toContain('text/event-stream');
  await stream.send({ a: 1 }, 'named');
  stream.end();
  let text = '';
  for await (const chunk of response) text += chunk;
  expect(text).toBe(': waiting\n\nevent: named\ndata: {"a":1}\n\n');
});
