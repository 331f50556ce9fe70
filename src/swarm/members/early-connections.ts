import { ShoalError } from '../../core/errors.ts';
import { log } from '../../core/log.ts';
import type { Transport } from '../../net/transport.ts';
import type { Membership } from './membership.ts';

/** Members that a tab connects to before it needs them: gossip and repair work on when the server is away. */
const MAX_EARLY_CONNECTIONS = 12;
/** A member that could not be reached is not called again so soon: it may be on its way out, or a name made up. */
const REST_MS = { connected: 0, vouched: 5000, heard: 60_000 } as const;

/** Connects to members before anybody needs them. */
export class EarlyConnections {
  readonly #transport: Transport;
  readonly #membership: Membership;
  /** Members that could not be reached, and until when they are left alone. */
  readonly #resting = new Map<string, number>();
  readonly #calling = new Set<string>();

  constructor(transport: Transport, membership: Membership) {
    this.#transport = transport;
    this.#membership = membership;
  }

  /**
   * Connects to the members that follow this tab in the ring of ids, so that not everybody calls the same few; to those
   * of which only other tabs tell when there are not enough others.
   * @param joined - whether this tab is a member too. Of two that hear each other at the same time one calls: two calls
   * at once get in each other's way.
   */
  connect(joined: boolean): void {
    const { peerId: self } = this.#transport;
    const now = performance.now();
    for (const [peerId, untilMs] of this.#resting) if (untilMs < now) this.#resting.delete(peerId);
    for (const peerId of this.#wanted()) {
      if (this.#membership.standing(peerId) === 'connected' || (joined && self > peerId)) continue;
      if (!this.#calling.has(peerId)) void this.#call(peerId);
    }
  }

  #wanted(): string[] {
    const { peerId: self } = this.#transport;
    const peerIds = this.#membership.members().map(({ peerId }) => peerId);
    const next = peerIds.findIndex((peerId) => peerId > self);
    const ring = next < 0 ? peerIds : [...peerIds.slice(next), ...peerIds.slice(0, next)];
    const reachable = ring.filter((peerId) => !this.#resting.has(peerId));
    const vouched = reachable.filter((peerId) => this.#membership.standing(peerId) !== 'heard');
    const heard = reachable.filter((peerId) => this.#membership.standing(peerId) === 'heard');
    return [...vouched, ...heard].slice(0, MAX_EARLY_CONNECTIONS);
  }

  async #call(peerId: string): Promise<void> {
    this.#calling.add(peerId);
    try {
      await this.#transport.connect(peerId);
    } catch (error) {
      this.#resting.set(peerId, performance.now() + REST_MS[this.#membership.standing(peerId)]);
      log.info('NET', `No direct connection to ${peerId} yet: ${ShoalError.from(error).message}`);
    } finally {
      this.#calling.delete(peerId);
    }
  }
}
