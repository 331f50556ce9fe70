import * as v from 'valibot';
import { ShoalError } from '../core/errors.ts';
import { manifestSchema } from './manifest.ts';

/** Models one server lists: each is a directory of its own. */
export const MAX_MODELS = 256;
/** Pages by which one server is reached: one for each network interface, and a public one. */
const MAX_ADDRESSES = 256;
/** STUN and TURN servers: browsers slow down beyond a handful. */
const MAX_ICE_SERVERS = 16;
/** Servers that share a swarm: each knows every other. */
export const MAX_PEER_SERVERS = 16;

/** SHA-256 of a manifest's bytes: names the swarm. */
export const manifestIdSchema = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));

/** An `RTCIceServer` with one or more URLs. */
export const iceServerSchema = v.object({
  urls: v.union([v.string(), v.array(v.string())]),
  username: v.exactOptional(v.string()),
  credential: v.exactOptional(v.string()),
});
export type IceServer = v.InferOutput<typeof iceServerSchema>;

/** Of the relay's WebSocket below a path; libp2p's addresses take no path that ends in a slash. */
export const RELAY_PATH = '/relay';

/** The server's libp2p node: a WebSocket at `/` of the page's own host and port, or at `RELAY_PATH` below its path. */
export const relaySchema = v.object({
  peerId: v.pipe(v.string(), v.regex(/^[A-Za-z0-9]{40,128}$/)),
});
export type RelayConfig = v.InferOutput<typeof relaySchema>;

/** Another server of the same swarms: its operator has named this one, and this one's operator has named it. */
const peerServerSchema = v.object({
  /** Its page; a slash at the end. */
  url: v.pipe(v.string(), v.url()),
  relay: relaySchema,
  /** Open swarms that both serve; private ones every server introduces. */
  manifests: v.pipe(v.array(manifestIdSchema), v.maxLength(MAX_MODELS)),
});
export type PeerServer = v.InferOutput<typeof peerServerSchema>;

/** `/config.json`: what the page must know of the server that it came from. */
export const serverConfigSchema = v.object({
  version: v.string(),
  relay: relaySchema,
  /** WebSocket and HTTP tracker, below the page's own address. */
  trackerPath: v.pipe(v.string(), v.startsWith('/')),
  /** Pages that other machines may open, the best first. Servers before it told none. */
  addresses: v.optional(v.pipe(v.array(v.pipe(v.string(), v.url())), v.maxLength(MAX_ADDRESSES)), []),
  /** It serves a private swarm: who has its invite link finds it below `swarms/`. Servers before it told none. */
  servesPrivateSwarm: v.optional(v.boolean(), false),
  /** Those that answered lately. Servers before it told none. */
  peers: v.optional(v.pipe(v.array(peerServerSchema), v.maxLength(MAX_PEER_SERVERS)), []),
  iceServers: v.pipe(v.array(iceServerSchema), v.maxLength(MAX_ICE_SERVERS)),
  models: v.pipe(
    v.array(
      v.object({
        name: manifestSchema.entries.name,
        manifest: manifestIdSchema,
      }),
    ),
    v.maxLength(MAX_MODELS),
  ),
});
export type ServerConfig = v.InferOutput<typeof serverConfigSchema>;

/** @throws ShoalError `bad-request` when this is no configuration, e.g. of a server of another version */
export function parseServerConfig(json: unknown): ServerConfig {
  const result = v.safeParse(serverConfigSchema, json);
  if (result.success) return result.output;
  const issue = result.issues[0];
  throw new ShoalError(
    'bad-request',
    `The server's configuration is malformed at "${v.getDotPath(issue) ?? ''}": ${issue.message} Reload the page; if that does not help, the server is of another version.`,
  );
}

/**
 * The multiaddr of the server's relay as the page at `pageUrl` reaches it.
 * @example relayMultiaddr({ peerId }, 'https://shoal.example/') // /dns/shoal.example/tcp/443/tls/ws/p2p/…
 * @example relayMultiaddr({ peerId }, 'https://a.example/b/') // /dns/a.example/tcp/443/tls/ws/http-path/b%2Frelay/p2p/…
 */
export function relayMultiaddr({ peerId }: RelayConfig, pageUrl: string | URL): string {
  const { hostname, port, protocol, pathname } = new URL('.', pageUrl);
  const secure = protocol === 'https:';
  const host = hostname.startsWith('[')
    ? `ip6/${hostname.slice(1, -1)}`
    : `${/^\d+\.\d+\.\d+\.\d+$/.test(hostname) ? 'ip4' : 'dns'}/${hostname}`;
  const path = pathname === '/' ? '' : `/http-path/${encodeURIComponent(pathname.slice(1, -1) + RELAY_PATH)}`;
  return `/${host}/tcp/${port || (secure ? 443 : 80)}${secure ? '/tls' : ''}/ws${path}/p2p/${peerId}`;
}
