import type { GossipListener, Transport } from '../../../src/net/transport.ts';

export interface Said {
  readonly sequence: number;
  readonly intervalMs: number;
}

/** A transport of which the test is the network: it hands messages over, connects, and sees what is said. */
export class StubGossip {
  readonly said: Said[] = [];
  readonly #connected = new Set<string>();
  #listener: GossipListener = () => undefined;
  #onPeer: (event: { peerId: string; connected: boolean }) => void = () => undefined;

  readonly transport = {
    peerId: 'self',
    introducers: [],
    noteIntroducers: () => undefined,
    publish: async (_topic: string, message: Uint8Array) => {
      this.said.push(JSON.parse(new TextDecoder().decode(message)));
    },
    subscribe: (_topic: string, listener: GossipListener) => {
      this.#listener = listener;
      return () => undefined;
    },
    onPeer: (listener: (event: { peerId: string; connected: boolean }) => void) => {
      this.#onPeer = listener;
      return () => undefined;
    },
    peers: () => [...this.#connected],
    mayServe: () => true,
  } as unknown as Transport;

  /** @returns whether it is worth being passed on */
  hear(from: string, forwarder: string | undefined, presence: object = {}): boolean {
    const idle = { sequence: 1, ready: [], pending: [], layersPerSecond: 0, queueLength: 0, leaving: false };
    const message = new TextEncoder().encode(JSON.stringify({ ...idle, ...presence }));
    return this.#listener(from, message, forwarder) !== false;
  }

  hearBytes(from: string, forwarder: string | undefined, message: Uint8Array): boolean {
    return this.#listener(from, message, forwarder) !== false;
  }

  connect(peerId: string): void {
    this.#connected.add(peerId);
    this.#onPeer({ peerId, connected: true });
  }

  disconnect(peerId: string): void {
    this.#connected.delete(peerId);
    this.#onPeer({ peerId, connected: false });
  }
}
