import type { Connection } from '@libp2p/interface';
import { addressesIn } from '../../core/ice-candidates.ts';

/** What is compared must not lie further apart: an old count would grow by what came long ago. */
const MAX_PAUSE_MS = 2000;
/** Several channels of one connection ask, each with its own timer. */
const MIN_PAUSE_MS = 200;

/** The two ends of a WebRTC connection, as far as a heartbeat needs to know. */
export interface Link {
  /** When bytes were last seen to come, `performance.now()`. */
  readonly deliveredAtMs: number;
  /** Looks again, in the background. */
  look(): void;
}

const links = new WeakMap<Connection, LinkWatch>();

/** The link below a connection between tabs; undefined for any other connection. */
export function linkOf(connection: Connection): Link | undefined {
  const known = links.get(connection);
  if (known) return known;
  const peerConnection = peerConnectionOf(connection);
  if (!peerConnection) return undefined;
  const link = new LinkWatch(peerConnection);
  links.set(connection, link);
  return link;
}

/**
 * The addresses at which the other tab has been reached or has said it is, lower case; none where they cannot be told.
 */
export async function addressesOf(connection: Connection): Promise<ReadonlySet<string>> {
  const peerConnection = peerConnectionOf(connection);
  if (!peerConnection) return new Set();
  const addresses = new Set(addressesIn(peerConnection.remoteDescription?.sdp ?? ''));
  for (const report of (await peerConnection.getStats()).values()) {
    const { type, address } = report as { readonly type: string; readonly address?: string | null };
    if (type === 'remote-candidate' && address) addresses.add(address.toLowerCase());
  }
  return addresses;
}

/** What carries a connection between tabs; undefined for any other connection. */
export function peerConnectionOf(connection: Connection): RTCPeerConnection | undefined {
  // libp2p's connection keeps the one that it was made of, and @libp2p/webrtc's keeps its peer connection.
  const { maConn } = connection as unknown as { readonly maConn?: { readonly peerConnection?: RTCPeerConnection } };
  return typeof maConn?.peerConnection?.getStats === 'function' ? maConn.peerConnection : undefined;
}

/**
 * Whether the other browser still acknowledges what is sent to it. It does so in a thread of its own: a page that stands
 * still, or that starves on a busy machine, is slow, and this tells it from one that is gone.
 */
export class LinkWatch implements Link {
  readonly #connection: Pick<RTCPeerConnection, 'getStats'>;
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  #bytes = 0;
  deliveredAtMs = Number.NEGATIVE_INFINITY;

  constructor(connection: Pick<RTCPeerConnection, 'getStats'>) {
    this.#connection = connection;
  }

  look(): void {
    const now = performance.now();
    const pauseMs = now - this.#lookedAtMs;
    if (pauseMs < MIN_PAUSE_MS) return;
    this.#lookedAtMs = now;
    // A connection that is closed has nothing to tell.
    this.#receivedBytes().then(
      (bytes) => {
        if (pauseMs < MAX_PAUSE_MS && bytes > this.#bytes) this.deliveredAtMs = performance.now();
        this.#bytes = bytes;
      },
      () => undefined,
    );
  }

  async #receivedBytes(): Promise<number> {
    let bytes = 0;
    for (const report of (await this.#connection.getStats()).values()) {
      const { type, bytesReceived } = report as { readonly type: string; readonly bytesReceived?: number };
      if (type === 'candidate-pair' || type === 'transport') bytes += bytesReceived ?? 0;
    }
    return bytes;
  }
}
