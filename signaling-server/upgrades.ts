import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { log } from '../src/core/log.ts';
import { RELAY_PATH } from '../src/protocol/server-config.ts';
import { AddressPlaces } from './address-places.ts';
import { AddressRates } from './address-rates.ts';
import type { AllowedPages } from './allowed-pages.ts';
import type { ClientAddresses } from './client-address.ts';
import { MAX_SOCKETS, SOCKET_BURST, SOCKETS_PER_SECOND } from './limits.ts';
import type { Counter, Metrics } from './metrics.ts';
import type { Relay } from './relay.ts';
import { RelayHandshakes } from './relay-handshakes.ts';
import type { Tracker } from './tracker.ts';
import { TRACKER_PATH } from './tracker-path.ts';
import { proxyUpgrade } from './upgrade-proxy.ts';

export interface UpgradesOptions {
  readonly tracker: Tracker;
  readonly relay: Relay;
  readonly addresses: ClientAddresses;
  readonly pages: AllowedPages;
  readonly metrics: Metrics;
}

const STATUS = {
  path: '404 Not Found',
  host: '421 Misdirected Request',
  origin: '403 Forbidden',
  rate: '429 Too Many Requests',
  full: '503 Service Unavailable',
  handshakes: '503 Service Unavailable',
} as const;

/** Every WebSocket of the server: `/announce` is the tracker's, `/` and `/relay` the relay's. */
export class Upgrades {
  readonly #options: UpgradesOptions;
  readonly #places = new AddressPlaces(MAX_SOCKETS);
  readonly #rates = new AddressRates(SOCKET_BURST, SOCKETS_PER_SECOND);
  readonly #handshakes = new RelayHandshakes();
  readonly #sockets = new Set<Duplex>();
  readonly #refused: Counter;

  constructor(options: UpgradesOptions) {
    const { metrics, relay } = options;
    this.#options = options;
    this.#refused = metrics.counter('shoal_sockets_refused_total', 'WebSockets refused, by reason.');
    metrics.gauge('shoal_sockets', 'WebSockets open, tracker and relay together.', () => this.#sockets.size);
    metrics.gauge('shoal_relay_handshakes', 'Relay connections in the handshake.', () => this.#handshakes.size);
    relay.onConnection((port) => this.#handshakes.done(port));
  }

  take(request: IncomingMessage, socket: Socket, head: Buffer): void {
    // The peer may reset the connection at any time from here on; nobody else listens yet.
    socket.on('error', () => socket.destroy());
    // Of requests; a tab may have nothing to say for long.
    socket.setTimeout(0);
    const { tracker, relay, addresses } = this.#options;
    const address = addresses.of(request);
    const isTracker = pathOf(request) === TRACKER_PATH;
    const refusal = this.#refusal(request, address, isTracker);
    log.debug('SOCKET', `${request.url} of ${address}: ${refusal ? STATUS[refusal] : 'open'}`);
    if (refusal) {
      this.#refused.add(1, { reason: refusal });
      socket.end(`HTTP/1.1 ${STATUS[refusal]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    this.#sockets.add(socket);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      this.#places.free(address);
    });
    if (isTracker) tracker.handleUpgrade(request, socket, head);
    else this.#handshakes.watch(proxyUpgrade(request, socket, head, relay.port), address);
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Takes the places of a WebSocket that is not refused. */
  #refusal(request: IncomingMessage, address: string, isTracker: boolean): keyof typeof STATUS | undefined {
    const path = pathOf(request);
    if (!isTracker && path !== RELAY_PATH && path !== '/') return 'path';
    const page = this.#options.pages.refusal(request);
    if (page) return page;
    if (!this.#rates.take(address)) return 'rate';
    if (!this.#places.take(address)) return 'full';
    if (isTracker || this.#handshakes.take(address)) return undefined;
    this.#places.free(address);
    return 'handshakes';
  }
}

function pathOf({ url }: IncomingMessage): string | undefined {
  return url?.split('?')[0];
}
