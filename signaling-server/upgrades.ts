import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { RELAY_PATH } from '../src/protocol/server-config.ts';
import type { Counter, Metrics } from './metrics.ts';
import { SocketPlaces } from './socket-places.ts';
import type { Tracker } from './tracker.ts';
import { TRACKER_PATH } from './tracker-path.ts';
import { proxyUpgrade } from './upgrade-proxy.ts';

export interface UpgradesOptions {
  readonly tracker: Tracker;
  /** Loopback port of the relay's WebSocket listener. */
  readonly relayPort: number;
  readonly metrics: Metrics;
}

/** Every WebSocket of the server: `/announce` is the tracker's, `/` and `/relay` the relay's. */
export class Upgrades {
  readonly #tracker: Tracker;
  readonly #relayPort: number;
  readonly #places = new SocketPlaces();
  readonly #sockets = new Set<Duplex>();
  readonly #refused: Counter;

  constructor({ tracker, relayPort, metrics }: UpgradesOptions) {
    this.#tracker = tracker;
    this.#relayPort = relayPort;
    this.#refused = metrics.counter('shoal_sockets_refused_total', 'WebSockets refused, by reason.');
    metrics.gauge('shoal_sockets', 'WebSockets open, tracker and relay together.', () => this.#sockets.size);
  }

  take(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    // The peer may reset the connection at any time from here on; nobody else listens yet.
    socket.on('error', () => socket.destroy());
    const path = request.url?.split('?')[0];
    const address = request.socket.remoteAddress ?? '';
    if (path !== TRACKER_PATH && path !== RELAY_PATH && path !== '/') this.#refuse(socket, '404 Not Found', 'path');
    else if (!this.#places.take(address)) this.#refuse(socket, '503 Service Unavailable', 'full');
    else {
      this.#sockets.add(socket);
      socket.once('close', () => {
        this.#sockets.delete(socket);
        this.#places.free(address);
      });
      if (path === TRACKER_PATH) this.#tracker.handleUpgrade(request, socket, head);
      else proxyUpgrade(request, socket, head, this.#relayPort);
    }
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #refuse(socket: Duplex, status: string, reason: string): void {
    this.#refused.add(1, { reason });
    socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  }
}
