import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { connectClient, type Libp2pClient } from './libp2p-client.ts';
import type { TestServer } from './test-server.ts';

/** A libp2p client that may stop to read, as the server sees it. */
export interface WiredClient {
  readonly client: Libp2pClient;
  setReading(reading: boolean): void;
}

/** Connects a client through a wire of its own. */
export async function connectThrough(server: TestServer): Promise<WiredClient> {
  const fars: Socket[] = [];
  const wire = createServer((near) => {
    const far = connect(Number(new URL(server.url).port), '127.0.0.1');
    for (const socket of [near, far]) socket.on('error', () => {});
    near.on('close', () => far.destroy());
    far.on('close', () => near.destroy());
    far.on('data', (data) => near.write(data));
    near.pipe(far);
    fars.push(far);
  }).listen(0, '127.0.0.1');
  await once(wire, 'listening');
  const { port } = wire.address() as AddressInfo;
  const client = await connectClient(`http://127.0.0.1:${port}`, server.peerId);
  wire.close();
  const setReading = (reading: boolean) => {
    for (const far of fars) reading ? far.resume() : far.pause();
  };
  return { client, setReading };
}
