import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MAX_SOCKETS, MAX_SOCKETS_PER_ADDRESS } from '../../../signaling-server/limits.ts';
import { SocketPlaces } from '../../../signaling-server/socket-places.ts';
import { connectClient } from '../../support/libp2p-client.ts';
import { startTestServer, type TestServer } from '../../support/test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

async function upgrade(path: string, more = ''): Promise<{ readonly socket: Socket; readonly firstLine: string }> {
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
  socket.on('error', () => {});
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: shoal\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${btoa('0123456789abcdef')}\r\n\r\n${more}`,
  );
  const [data] = (await once(socket, 'data')) as [Buffer];
  return { socket, firstLine: data.toString().split('\r\n')[0]! };
}

describe('WebSockets', () => {
  it('are taken by the tracker and the relay, and on no other path', async () => {
    for (const [path, status] of [
      ['/announce', '101'],
      ['/', '101'],
      ['/?x=1', '101'],
      ['/other', '404'],
      ['/models/tiny/shard-0.gguf', '404'],
    ] as const) {
      const { socket, firstLine } = await upgrade(path);
      expect([path, firstLine.split(' ')[1]]).toEqual([path, status]);
      socket.destroy();
    }
    expect(await server.metric('shoal_sockets_refused_total{reason="path"}')).toBe(2);
  });

  it('that send rubbish or vanish leave nothing behind', async () => {
    for (const path of ['/', '/announce']) {
      const { socket } = await upgrade(path, 'rubbish');
      socket.resetAndDestroy();
      const other = await upgrade(path);
      other.socket.write(Buffer.alloc(100_000, 0xff));
      await once(other.socket, 'close');
    }
    await expect.poll(() => server.metric('shoal_sockets'), { timeout: 5000 }).toBe(0);
    const client = await connectClient(server.url, server.peerId);
    expect(await server.metric('shoal_sockets')).toBe(1);
    await client.stop();
  });
});

describe('places for sockets', () => {
  it('are limited for an address and for all', () => {
    const places = new SocketPlaces();
    const takeAll = (address: string) => {
      let count = 0;
      while (places.take(address)) count++;
      return count;
    };
    expect(takeAll('a')).toBe(MAX_SOCKETS_PER_ADDRESS);
    places.free('a');
    expect(takeAll('a')).toBe(1);
    expect(takeAll('b') + takeAll('c')).toBe(MAX_SOCKETS - MAX_SOCKETS_PER_ADDRESS);
    places.free('a');
    expect(takeAll('c')).toBe(1);
  });
});
