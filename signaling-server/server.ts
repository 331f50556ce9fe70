import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { join } from 'node:path';
import { setTimeout as setTimeoutPromise } from 'node:timers/promises';
import { type IceServer, relayMultiaddr, type ServerConfig } from '../src/protocol/server-config.ts';
import { networkAddresses, reachableAddresses, urlHost } from './addresses.ts';
import { withoutBase } from './base-path.ts';
import { loadIdentity } from './identity.ts';
import { CLOSE_GRACE_MS, MAX_HEADER_BYTES } from './limits.ts';
import { listen } from './listen.ts';
import { Metrics } from './metrics.ts';
import { type Relay, startRelay } from './relay.ts';
import { Router } from './router.ts';
import { infoHashesOf, type ServedModel } from './served-model.ts';
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
  /** The built page. */
  readonly pageDirectory: string;
  /** Keeps the server's private key. */
  readonly dataDirectory: string;
  readonly models: readonly ServedModel[];
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
  const { host, models, tls, version, publicUrl } = options;
  const basePath = publicUrl?.pathname ?? '/';
  let port = 0;
  const urlsOf = (addresses: readonly string[]) =>
    addresses.map((address) => `${tls ? 'https' : 'http'}://${urlHost(address)}:${port}`);
  const pageAddresses = () => [
    ...(publicUrl ? [publicUrl.href] : []),
    ...urlsOf(networkAddresses(reachableAddresses(host))).map((url) => `${url}/`),
  ];
  const relay = await startRelay({
    privateKey: await loadIdentity(join(options.dataDirectory, 'server.key')),
    models,
    publicAddresses: (peerId) => urlsOf(reachableAddresses(host)).map((url) => relayMultiaddr({ peerId }, url)),
  });
  const metrics = new Metrics();
  addRelayMetrics(metrics, relay);
  const tracker = new Tracker(infoHashesOf(models), metrics);
  const upgrades = new Upgrades({ tracker, relayPort: relay.port, metrics });
  const config = (): ServerConfig => ({
    version,
    relay: { peerId: relay.peerId },
    trackerPath: TRACKER_PATH,
    addresses: pageAddresses(),
    iceServers: [...options.iceServers],
    models: models.map(({ manifest, manifestId }) => ({ name: manifest.name, manifest: manifestId })),
  });
  const router = new Router({
    config,
    publicUrl,
    models,
    pageDirectory: options.pageDirectory,
    tracker,
    relay,
    metrics,
  });
  const onRequest = (request: IncomingMessage, response: ServerResponse) => {
    request.url = withoutBase(request.url ?? '/', basePath);
    void router.handle(request, response);
  };
  const server = tls
    ? createHttpsServer({ ...tls, maxHeaderSize: MAX_HEADER_BYTES }, onRequest)
    : createHttpServer({ maxHeaderSize: MAX_HEADER_BYTES }, onRequest);
  server.on('upgrade', (request, socket, head) => {
    request.url = withoutBase(request.url ?? '/', basePath);
    upgrades.take(request, socket, head);
  });
  const close = async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    tracker.close();
    upgrades.close();
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
  return { urls: urlsOf(reachableAddresses(host)), addresses: pageAddresses(), peerId: relay.peerId, close };
}

function addRelayMetrics(metrics: Metrics, relay: Relay): void {
  metrics.gauge('shoal_relay_connections', 'libp2p connections.', () => relay.connections());
  metrics.gauge('shoal_relay_reservations', 'Tabs that can be introduced.', () => relay.reservations());
  metrics.gauge('shoal_dht_providers', 'Shard registrations in the DHT.', () => relay.providers());
  metrics.gauge('shoal_gossip_peers', 'Tabs that gossip.', () => relay.gossipPeers());
}
