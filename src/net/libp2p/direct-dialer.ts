import type { Connection } from '@libp2p/interface';
import { peerIdFromString } from '@libp2p/peer-id';
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr';
import { abortable } from '../../core/abortable.ts';
import { ShoalError } from '../../core/errors.ts';
import type { Introducer } from './introduction.ts';
import { DIAL_TIMEOUT_MS, type TabNode } from './libp2p-node.ts';
import { withoutPath } from './path-web-sockets.ts';

/** An attempt hangs when it takes no step for so long; each is given twice the time of the one before. */
const STALL_MS = 8000;
/**
 * Once session descriptions are exchanged, the steps so far tell how fast the link is: the rest takes about as long
 * again, so several times that is a hang.
 */
const LAST_STEPS_RATIO = 4;
const MIN_LAST_STEPS_MS = 1500;
const LAST_STEPS: readonly string[] = ['webrtc:read-ice-candidates', 'webrtc:add-ice-candidate'];
const DIAL_ATTEMPTS = 4;
/** Relays at which a peer is looked for: by then it has most likely left. */
const MAX_RELAYS = 6;

/** Opens direct connections to other tabs, each introduced through a relay. */
export class DirectDialer {
  readonly #node: TabNode;
  readonly #introducer: Introducer;
  readonly #dialing = new Map<string, Promise<Connection>>();

  constructor(node: TabNode, introducer: Introducer) {
    this.#node = node;
    this.#introducer = introducer;
  }

  /** The newest open connection that does not go through the relay. */
  connection(peerId: string): Connection | undefined {
    return this.#connections(peerId).findLast(isDirect);
  }

  /** @throws ShoalError `peer-unreachable`, `aborted` */
  async connect(peerId: string, signal?: AbortSignal): Promise<Connection> {
    const open = this.connection(peerId);
    if (open && !signal?.aborted) return open;
    let dialing = this.#dialing.get(peerId);
    if (!dialing && !signal?.aborted) {
      // Shared by all who wait, so no single waiter's signal may cancel it.
      dialing = this.#dial(peerId).finally(() => this.#dialing.delete(peerId));
      this.#dialing.set(peerId, dialing);
    }
    return abortable(dialing ?? Promise.resolve(open!), signal);
  }

  async #dial(peerId: string): Promise<Connection> {
    const relays = this.#introducer.relaysTo(peerId).slice(0, MAX_RELAYS);
    let cause: unknown;
    for (let attempt = 0; attempt < Math.max(DIAL_ATTEMPTS, relays.length); attempt++) {
      const relay = relays[attempt % relays.length]!;
      const leave = this.#introducer.visit(relay);
      const address = withoutPath(relay).encapsulate(multiaddr(`/p2p-circuit/webrtc/p2p/${peerId}`));
      try {
        await this.#attempt(address, Math.floor(attempt / relays.length), attempt > 0);
      } catch (error) {
        cause = error;
      } finally {
        leave();
      }
      // Perhaps not the one dialed: the peer may have reached us meanwhile.
      const open = this.connection(peerId);
      if (open) {
        this.#dropRelayed(peerId);
        return open;
      }
      // No relay knows anybody by this name. Anything left of the attempt would show that one does.
      if (attempt >= relays.length && this.#connections(peerId).length === 0) break;
    }
    const text = `No direct connection to ${peerId} came about: ${ShoalError.from(cause).message}`;
    throw new ShoalError('peer-unreachable', text, { cause });
  }

  async #attempt(address: Multiaddr, round: number, force: boolean): Promise<void> {
    const stalled = new AbortController();
    const startedAtMs = performance.now();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stepped = (step?: { readonly type: string }) => {
      const lastSteps = step !== undefined && LAST_STEPS.includes(step.type);
      const elapsedMs = performance.now() - startedAtMs;
      const allowedMs = lastSteps ? Math.max(MIN_LAST_STEPS_MS, LAST_STEPS_RATIO * elapsedMs) : STALL_MS;
      clearTimeout(timer);
      timer = setTimeout(() => stalled.abort(new Error('the handshake hangs')), allowedMs * 2 ** round);
    };
    stepped();
    const signal = AbortSignal.any([stalled.signal, AbortSignal.timeout(DIAL_TIMEOUT_MS)]);
    try {
      await this.#node.dial(address, { signal, force, onProgress: stepped });
    } finally {
      clearTimeout(timer);
    }
  }

  /** The relayed connection has served its purpose; open, it would cost the server a ping every few seconds. */
  #dropRelayed(peerId: string): void {
    for (const connection of this.#connections(peerId)) {
      if (connection.limits) connection.close().catch((error) => connection.abort(ShoalError.from(error)));
    }
  }

  #connections(peerId: string): Connection[] {
    return this.#node.getConnections(peerIdFromString(peerId));
  }
}

/** A relayed connection has limits; it only carries the introduction. */
export function isDirect(connection: Connection): boolean {
  return connection.status === 'open' && connection.limits === undefined;
}
