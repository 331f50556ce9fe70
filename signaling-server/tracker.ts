import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import TrackerServer, { type TrackerSocket } from 'bittorrent-tracker/server';
import { log } from '../src/core/log.ts';
import { TokenBucket } from '../src/core/token-bucket.ts';
import { AddressRates } from './address-rates.ts';
import {
  FIRST_ANNOUNCE_TIMEOUT_MS,
  HTTP_ANNOUNCE_BURST,
  HTTP_ANNOUNCES_PER_SECOND,
  MAX_REFUSALS,
  MAX_TRACKER_MESSAGE_BYTES,
  MAX_TRACKER_PEERS_PER_SHARD,
  SOCKET_HEARTBEAT_MS,
  TRACKER_BURST_MESSAGES,
  TRACKER_MESSAGES_PER_SECOND,
  TRACKER_SILENCE_MS,
} from './limits.ts';
import type { Counter, Metrics } from './metrics.ts';
import { formatTrackerMessage, infoHashesIn, parseTrackerMessage, type TrackerMessage } from './tracker-message.ts';
import { endWhenUnread } from './unread-limit.ts';

/** What the tracker knows of one WebSocket. */
interface Client {
  readonly socket: TrackerSocket;
  readonly bucket: TokenBucket;
  /** Set by the first announce, and then for good. */
  peerId: string | undefined;
  refusals: number;
  answeredPing: boolean;
  /** When it opened, or announced last. */
  announcedAtMs: number;
}

/**
 * BitTorrent tracker for WebTorrent (WebSocket) and standard clients (HTTP), for a fixed set of info hashes. The library
 * trusts its clients: one malformed message ends the process, anyone may speak for any peer, any info hash takes memory
 * for ever. So it sees only messages that were checked here.
 */
export class Tracker {
  readonly #infoHashes: ReadonlySet<string>;
  readonly #server: TrackerServer;
  readonly #refused: Counter;
  readonly #clients = new Map<TrackerSocket, Client>();
  /** Sockets by the peer id that they speak for. */
  readonly #owners = new Map<string, TrackerSocket>();
  readonly #httpRates = new AddressRates(HTTP_ANNOUNCE_BURST, HTTP_ANNOUNCES_PER_SECOND);
  readonly #heartbeat: NodeJS.Timeout;

  constructor(infoHashes: ReadonlySet<string>, metrics: Metrics) {
    this.#infoHashes = infoHashes;
    this.#server = new TrackerServer({
      http: false,
      udp: false,
      stats: false,
      ws: { noServer: true, maxPayload: MAX_TRACKER_MESSAGE_BYTES },
      peersCacheLength: MAX_TRACKER_PEERS_PER_SHARD,
      filter: (infoHash, _params, done) => done(infoHashes.has(infoHash) ? undefined : new Error('unknown info_hash')),
    });
    this.#server.on('error', (error: Error) => log.error('TRACKER', error.message));
    this.#refused = metrics.counter('shoal_tracker_refused_total', 'Tracker messages refused, by reason.');
    metrics.gauge('shoal_tracker_sockets', 'WebSockets open to the tracker.', () => this.#clients.size);
    metrics.gauge('shoal_tracker_peers', 'Peers known to the tracker, once for each shard.', () => this.#countPeers());
    this.#heartbeat = setInterval(() => this.#checkSockets(), SOCKET_HEARTBEAT_MS).unref();
  }

  /** Answers `GET /announce`. @param address - by which the client is counted */
  handleRequest(request: IncomingMessage, response: ServerResponse, address: string): void {
    response.setHeader('Content-Type', 'text/plain');
    response.setHeader('Cache-Control', 'no-store');
    if (this.#httpRates.take(address)) {
      this.#server.onHttpRequest(request, response);
      return;
    }
    this.#refused.add(1, { reason: 'rate' });
    response.writeHead(429, { 'Retry-After': '60' }).end();
  }

  /** Takes a WebSocket. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#server.ws.handleUpgrade(request, socket, head, (webSocket) => this.#admit(webSocket, request));
  }

  close(): void {
    clearInterval(this.#heartbeat);
    for (const socket of this.#clients.keys()) socket.terminate();
    this.#server.close();
  }

  #admit(socket: TrackerSocket, request: IncomingMessage): void {
    const bucket = new TokenBucket(TRACKER_BURST_MESSAGES, TRACKER_MESSAGES_PER_SECOND, performance.now());
    const announcedAtMs = performance.now();
    const client: Client = { socket, bucket, peerId: undefined, refusals: 0, answeredPing: true, announcedAtMs };
    this.#clients.set(socket, client);
    endWhenUnread(socket, () => this.#refused.add(1, { reason: 'unread' }));
    // The library adds an `error` listener for every message that a closing socket does not get.
    socket.setMaxListeners(0);
    socket.upgradeReq = request;
    this.#server.onWebSocketConnection(socket);
    const pass = socket.onMessageBound;
    if (pass) socket.off('message', pass);
    socket.on('message', (data: Buffer) => this.#receive(client, data));
    socket.on('pong', () => {
      client.answeredPing = true;
    });
    socket.on('error', () => this.#refused.add(1, { reason: 'socket' }));
    socket.on('close', () => this.#forget(client));
  }

  #receive(client: Client, data: Buffer): void {
    if (client.refusals >= MAX_REFUSALS) return;
    const judged = this.#judge(client, data);
    if (typeof judged === 'string') this.#refuse(client, judged);
    else {
      if (judged.action === 'announce') client.announcedAtMs = performance.now();
      client.socket.onMessageBound?.(formatTrackerMessage(judged));
    }
  }

  /** @returns the message, or why it is refused. */
  #judge(client: Client, data: Buffer): TrackerMessage | string {
    if (!client.bucket.take(performance.now())) return 'rate';
    const message = parseTrackerMessage(data.toString());
    if (!message) return 'malformed';
    if (!infoHashesIn(message).every((infoHash) => this.#infoHashes.has(infoHash))) return 'unknown info_hash';
    if (message.action === 'announce' && !this.#owns(client, message.peer_id)) return 'foreign peer_id';
    return message;
  }

  /** A socket speaks for one peer, and a peer speaks through one socket. */
  #owns(client: Client, peerId: string): boolean {
    if (client.peerId !== undefined) return client.peerId === peerId;
    if (this.#owners.has(peerId)) return false;
    client.peerId = peerId;
    this.#owners.set(peerId, client.socket);
    return true;
  }

  #refuse(client: Client, reason: string): void {
    this.#refused.add(1, { reason });
    client.refusals++;
    client.socket.send(JSON.stringify({ 'failure reason': reason }), () => {});
    if (client.refusals < MAX_REFUSALS) return;
    log.warn('TRACKER', `Dropped a client after ${MAX_REFUSALS} refused messages, the last: ${reason}.`);
    client.socket.close(1008, 'too many refused messages');
  }

  #forget(client: Client): void {
    this.#clients.delete(client.socket);
    if (client.peerId !== undefined) this.#owners.delete(client.peerId);
  }

  #checkSockets(): void {
    for (const client of this.#clients.values()) {
      const silentMs = performance.now() - client.announcedAtMs;
      const mayBeSilentMs = client.peerId === undefined ? FIRST_ANNOUNCE_TIMEOUT_MS : TRACKER_SILENCE_MS;
      if (!client.answeredPing || silentMs > mayBeSilentMs) client.socket.terminate();
      client.answeredPing = false;
      client.socket.ping();
    }
  }

  #countPeers(): number {
    return Object.values(this.#server.torrents).reduce(
      (sum, { complete, incomplete }) => sum + complete + incomplete,
      0,
    );
  }
}
