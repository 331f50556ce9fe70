import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AddressPlaces } from '../../../signaling-server/address-places.ts';
import { connectClient } from '../../support/libp2p-client.ts';
import { type RawUpgradeOptions, rawUpgrade } from '../../support/raw-upgrade.ts';
import { startTestServer, type TestServer } from '../../support/test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

const upgrade = (path: string, options?: RawUpgradeOptions) => rawUpgrade(server.url, path, options);

describe('WebSockets', () => {
  it('are taken by the tracker and the relay, and on no other path', async () => {
    for (const [path, expected] of [
      ['/announce', 101],
      ['/', 101],
      ['/?x=1', 101],
      ['/other', 404],
      ['/models/tiny/shard-0.gguf', 404],
    ] as const) {
      const { socket, status } = await upgrade(path);
      expect([path, status]).toEqual([path, expected]);
      socket.destroy();
    }
    expect(await server.metric('shoal_sockets_refused_total{reason="path"}')).toBe(2);
  });

  it('that send rubbish or vanish leave nothing behind', async () => {
    for (const path of ['/', '/announce']) {
      const { socket } = await upgrade(path, { more: 'rubbish' });
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

describe('places', () => {
  const takeAll = (places: AddressPlaces, address: string) => {
    let count = 0;
    while (places.take(address)) count++;
    return count;
  };

  it('go to an address as long as it has at most a quarter of what others leave', () => {
    const places = new AddressPlaces(2048);
    expect(['a', 'b', 'c'].map((address) => takeAll(places, address))).toEqual([512, 384, 288]);
    places.free('c');
    expect(takeAll(places, 'c')).toBe(1);
    expect(takeAll(places, 'a')).toBe(0);
    // Half of them are gone, and a classroom has its places.
    expect(takeAll(places, 'classroom')).toBeGreaterThan(2 * 2 * 30);
  });

  it('go to ten greedy addresses and still to one that comes after them', () => {
    const places = new AddressPlaces(2048);
    const taken = Array.from({ length: 10 }, (_, index) => takeAll(places, `greedy ${index}`));
    expect(Math.min(...taken)).toBeGreaterThanOrEqual(64);
    expect(takeAll(places, 'late')).toBe(64);
  });

  it('end when all are taken, and come back', () => {
    const places = new AddressPlaces(64);
    let address = 0;
    while (places.take(`${address}`)) address++;
    expect(address).toBe(64);
    places.free('0');
    expect(places.take('new')).toBe(true);
    expect(places.take('newer')).toBe(false);
  });
});
