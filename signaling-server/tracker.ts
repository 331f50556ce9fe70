import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import TrackerServer, { type TrackerSocket } from 'bittorrent-tracker/server';
import { log } from '../src/core/log.ts';
import {
  HTTP_ANNOUNCE_BURST,
  HTTP_ANNOUNCES_PER_SECOND,
  MAX_COUNTED_ADDRESSES,
  MAX_REFUSALS,
  MAX_TRACKER_MESSAGE_BYTES,
  MAX_TRACKER_PEERS_PER_SHARD,
  SOCKET_HEARTBEAT_MS,
  TRACKER_BURST_MESSAGES,
  TRACKER_MESSAGES_PER_SECOND,
} from './limits.ts';
import type { Counter, Metrics } from './metrics.ts';
import { TokenBucket } from './token-bucket.ts';
import { formatTrackerMessage, infoHashesIn, parseTrackerMessage, type TrackerMessage } from './tracker-message.ts';

/** What the tracker knows of one WebSocket. */
interface Client {
  readonly socket: TrackerSocket;
  readonly bucket: TokenBucket;
  /** Set by the first announce, and then for good. */
  peerId: string | undefined;
  refusals: number;
  answeredPing: boolean;
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
  readonly #httpBuckets = new Map<string, TokenBucket>();
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

  /** Answers `GET /announce`. */
  handleRequest(request: IncomingMessage, response: ServerResponse): void {
    response.setHeader('Content-Type', 'text/plain');
    response.setHeader('Cache-Control', 'no-store');
    if (this.#takeHttpAnnounce(request.socket.remoteAddress ?? '')) {
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
    const bucket = new TokenBucket(TRACKER_BURST_MESSAGES, TRACKER_MESSAGES_PER_SECOND);
    const client: Client = { socket, bucket, peerId: undefined, refusals: 0, answeredPing: true };
    this.#clients.set(socket, client);
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
    else client.socket.onMessageBound?.(formatTrackerMessage(judged));
  }

  /** @returns the message, or why it is refused. */
  #judge(client: Client, data: Buffer): TrackerMessage | string {
    if (!client.bucket.take()) return 'rate';
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
      if (!client.answeredPing) client.socket.terminate();
      client.answeredPing = false;
      client.socket.ping();
    }
  }

  #takeHttpAnnounce(address: string): boolean {
    let bucket = this.#httpBuckets.get(address);
    if (!bucket) {
      bucket = new TokenBucket(HTTP_ANNOUNCE_BURST, HTTP_ANNOUNCES_PER_SECOND);
      this.#httpBuckets.set(address, bucket);
      const [oldest] = this.#httpBuckets.keys();
      if (oldest !== undefined && this.#httpBuckets.size > MAX_COUNTED_ADDRESSES) this.#httpBuckets.delete(oldest);
    }
    return bucket.take();
  }

  #countPeers(): number {
    return Object.values(this.#server.torrents).reduce(
      (sum, { complete, incomplete }) => sum + complete + incomplete,
      0,
    );
  }
}
