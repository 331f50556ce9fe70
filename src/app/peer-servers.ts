import { type PeerServer, relayMultiaddr, type ServerConfig } from '../protocol/server-config.ts';

/**
 * Other servers that share a swarm with the page's own.
 * @param manifestId - of an open swarm: not every server serves every model
 * @param pageUrl - a page by HTTPS may call nobody by plain HTTP
 */
function peerServersOf({ peers }: ServerConfig, manifestId: string | undefined, pageUrl: string): PeerServer[] {
  const secure = pageUrl.startsWith('https:');
  return peers.filter(
    ({ url, manifests }) =>
      (!secure || url.startsWith('https:')) && (manifestId === undefined || manifests.includes(manifestId)),
  );
}

/** Multiaddrs of their relays. */
export function peerRelays(config: ServerConfig, manifestId: string | undefined, pageUrl: string): string[] {
  return peerServersOf(config, manifestId, pageUrl).map(({ url, relay }) => relayMultiaddr(relay, url));
}

/** The tracker of one of them, by chance: this tab announces to it beside its own server's. */
export function peerTracker(config: ServerConfig, manifestId: string, pageUrl: string): string[] {
  const servers = peerServersOf(config, manifestId, pageUrl);
  const server = servers[Math.floor(Math.random() * servers.length)];
  return server ? [new URL(`.${config.trackerPath}`, server.url).href.replace(/^http/, 'ws')] : [];
}
