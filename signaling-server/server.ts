import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { Server as NetServer, Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as setTimeoutPromise } from 'node:timers/promises';
import { type IceServer, relayMultiaddr, type ServerConfig } from '../src/protocol/server-config.ts';
import { AddressPlaces } from './address-places.ts';
import { networkAddresses, reachableAddresses, urlHost } from './addresses.ts';
import { AllowedPages } from './allowed-pages.ts';
import { withoutBase } from './base-path.ts';
import { addressGroup, ClientAddresses } from './client-address.ts';
import { loadIdentity } from './identity.ts';
import { CLOSE_GRACE_MS, HEAD_TIMEOUT_MS, MAX_CONNECTIONS, MAX_HEADER_BYTES, READ_TIMEOUT_MS } from './limits.ts';
import { listen } from './listen.ts';
import { Metrics } from './metrics.ts';
import type { PrivateSwarm } from './private-routes.ts';
import { type Relay, startRelay } from './relay.ts';
import { Router } from './router.ts';
import { infoHashesOf, type ServedModel } from './served-model.ts';
import { ShardCheck } from './shard-check.ts';
import { Tracker } from './tracker.ts';
import { TRACKER_PATH } from './tracker-path.ts';
import { Upgrades } from './upgrades.ts';

export interface ServerOptions {
  /** An address of this machine; `0.0.0.0` or `::` for all. */
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** PEM; without it, plain HTTP. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** By which others reach the page where that cannot be known here, as behind a proxy; its path ends in a slash. */
  readonly publicUrl?: URL;
  /** Origins of pages of other servers that may use this one; `*` for all. */
  readonly allowedOrigins?: readonly string[];
  /** Addresses or networks of reverse proxies, whose `X-Forwarded-For` is believed. */
  readonly proxies?: readonly string[];
  /** Pages of other servers that share this one's swarms, each with a slash at the end; each names this one too. */
  readonly peerServers?: readonly URL[];
  /** The built page. */
  readonly pageDirectory: string;
  /** Keeps the server's private key. */
  readonly dataDirectory: string;
  readonly models: readonly ServedModel[];
  /** Its model is none of `models`: the server tells nobody of it who does not know the secret. */
  readonly privateSwarm?: PrivateSwarm;
  /** Makes a model's files anew that have changed on disk. */
  readonly repair?: (model: ServedModel) => Promise<void>;
  /** STUN and TURN servers for the tabs. */
  readonly iceServers: readonly IceServer[];
  readonly version: string;
}

export interface RunningServer {
  /** One for each address at which it answers, without a path. */
  readonly urls: readonly string[];
  /** Pages that other machines may open, the best first. */
  readonly addresses: readonly string[];
  readonly peerId: string;
  /** Ends within `CLOSE_GRACE_MS`, however many tabs are connected. */
  close(): Promise<void>;
}

/**
 * Serves a swarm's introduction on one port: the page, the weights as first web seed, the tracker, and the libp2p relay.
 * @throws ShoalError `port-in-use`, `bad-request` when the address is none of this machine's
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { host, models, privateSwarm, tls, version, publicUrl } = options;
  const basePath = publicUrl?.pathname ?? '/';
  let port = 0;
  const urlsOf = (addresses: readonly string[]) =>
    addresses.map((address) => `${tls ? 'https' : 'http'}://${urlHost(address)}:${port}`);
  const pageAddresses = () => [
    ...(publicUrl ? [publicUrl.href] : []),
    ...urlsOf(networkAddresses(reachableAddresses(host))).map((url) => `${url}/`),
  ];
  const addresses = new ClientAddresses(options.proxies ?? []);
  const { peerServers = [] } = options;
  const pages = new AllowedPages({ publicUrl, origins: options.allowedOrigins ?? [], peerServers });
  const relay = await startRelay({
    privateKey: await loadIdentity(join(options.dataDirectory, 'server.key')),
    models,
    peerServers,
    publicAddresses: (peerId) => urlsOf(reachableAddresses(host)).map((url) => relayMultiaddr({ peerId }, url)),
  });
  const metrics = new Metrics();
  addRelayMetrics(metrics, relay);
  const tracker = new Tracker(infoHashesOf(models), metrics);
  const upgrades = new Upgrades({ tracker, relay, addresses, pages, metrics });
  const shardCheck = new ShardCheck(
    [...models, ...(privateSwarm ? [privateSwarm.model] : [])],
    metrics,
    options.repair,
  );
  const config = (): ServerConfig => ({
    version,
    relay: { peerId: relay.peerId },
    trackerPath: TRACKER_PATH,
    addresses: pageAddresses(),
    peers: relay.peerServers.list(),
    iceServers: [...options.iceServers],
    servesPrivateSwarm: privateSwarm !== undefined,
    models: models.map(({ manifest, manifestId }) => ({ name: manifest.name, manifest: manifestId })),
  });
  const router = new Router({
    config,
    publicUrl,
    models,
    privateSwarm,
    pageDirectory: options.pageDirectory,
    tracker,
    relay,
    addresses,
    pages,
    shardCheck,
    metrics,
  });
  const onRequest = (request: IncomingMessage, response: ServerResponse) => {
    request.url = withoutBase(request.url ?? '/', basePath);
    void router.handle(request, response);
  };
  const server = tls
    ? createHttpsServer({ ...tls, ...HTTP_LIMITS, handshakeTimeout: HEAD_TIMEOUT_MS }, onRequest)
    : createHttpServer(HTTP_LIMITS, onRequest);
  // Ends connections that are idle, also those whose reader takes nothing.
  server.setTimeout(READ_TIMEOUT_MS);
  limitConnections(server, addresses, metrics);
  server.on('upgrade', (request, socket, head) => {
    request.url = withoutBase(request.url ?? '/', basePath);
    upgrades.take(request, socket as Socket, head);
  });
  const close = async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    tracker.close();
    upgrades.close();
    shardCheck.close();
    server.closeIdleConnections();
    const timer = setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS);
    await Promise.all([
      closed,
      Promise.race([relay.close(), setTimeoutPromise(CLOSE_GRACE_MS, undefined, { ref: false })]),
    ]);
    clearTimeout(timer);
  };
  try {
    port = await listen(server, host, options.port);
  } catch (error) {
    await close();
    throw error;
  }
  shardCheck.start();
  return { urls: urlsOf(reachableAddresses(host)), addresses: pageAddresses(), peerId: relay.peerId, close };
}

const HTTP_LIMITS = {
  maxHeaderSize: MAX_HEADER_BYTES,
  headersTimeout: HEAD_TIMEOUT_MS,
  // Requests have no bodies.
  requestTimeout: HEAD_TIMEOUT_MS,
  connectionsCheckingInterval: HEAD_TIMEOUT_MS / 4,
} as const;

/** Ends connections over their address's share at once: those that never ask for anything are connections too. */
function limitConnections(server: NetServer, addresses: ClientAddresses, metrics: Metrics): void {
  const places = new AddressPlaces(MAX_CONNECTIONS);
  const refused = metrics.counter(
    'shoal_connections_refused_total',
    'TCP connections over the share of their address.',
  );
  server.on('connection', (socket: Socket) => {
    const { remoteAddress } = socket;
    // A proxy's connections are its clients', of whom each request tells.
    if (addresses.isProxy(remoteAddress)) return;
    const group = addressGroup(remoteAddress ?? '');
    if (places.take(group)) {
      socket.once('close', () => places.free(group));
      return;
    }
    refused.add();
    socket.destroy();
  });
}

function addRelayMetrics(metrics: Metrics, relay: Relay): void {
  metrics.gauge('shoal_relay_connections', 'libp2p connections.', () => relay.connections());
  metrics.gauge('shoal_relay_reservations', 'Tabs that can be introduced.', () => relay.reservations());
  metrics.gauge('shoal_dht_providers', 'Shard registrations in the DHT.', () => relay.providers());
  metrics.gauge('shoal_gossip_peers', 'Tabs that gossip.', () => relay.gossipPeers());
  metrics.gauge('shoal_peer_servers', 'Other servers of the same swarms that answer.', () => relay.peerServers.size);
}
