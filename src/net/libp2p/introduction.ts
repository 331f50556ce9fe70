import type { PeerId } from '@libp2p/interface';
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr';
import { ShoalError } from '../../core/errors.ts';
import { Emitter, type Unsubscribe } from '../../core/events.ts';
import { log } from '../../core/log.ts';
import type { IntroductionState } from '../transport.ts';
import type { TabNode } from './libp2p-node.ts';

/**
 * Pauses between attempts to reach the relay double up to this: a server that comes back is met within seconds, though
 * Chromium holds a WebSocket back for up to five more when many have failed.
 */
const MAX_PAUSE_MS = 4000;
const FIRST_PAUSE_MS = 250;
const DIAL_TIMEOUT_MS = 5000;
/** The connection is looked at this often, beside the events: an event can be missed while the page sleeps. */
const CHECK_INTERVAL_MS = 2000;
/** Attempts that a start waits for: a server that answers none of them is away, and the tab goes on without. */
const AWAITED_ATTEMPTS = 3;
/** A connection that has brought no place at the relay by now never will: libp2p asks for it once. */
const RESERVATION_TIMEOUT_MS = 10_000;

/** @throws ShoalError `bad-request` unless this is a relay's address with its peer id at the end */
export function parseRelay(address: string): Multiaddr {
  try {
    const relay = multiaddr(address);
    if (relay.getComponents().at(-1)?.name === 'p2p') return relay;
  } catch {
    // Told below.
  }
  throw new ShoalError('bad-request', `A relay's address must be like /ip4/…/tcp/…/ws/p2p/…, found ${address}.`);
}

/** The peer id at the end of a relay's address. */
export function relayIdOf(relay: Multiaddr): string {
  return relay.getComponents().at(-1)?.value ?? '';
}

/**
 * The pause before the next attempt, ms. Half of it is chance, so that a server that comes back is not met by all tabs
 * at once.
 * @param attempts - since the relay last gave a place
 */
function backOffMs(attempts: number): number {
  return Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (attempts - 1)) * (0.5 + Math.random() / 2);
}

/** How a tab is introduced to others, through relays (`several-relays.ts`). */
export interface Introducer {
  readonly state: IntroductionState;
  /** Relays that introduce this tab, by peer id, where there are several. */
  readonly introducers: readonly string[];
  isRelay(peerId: string): boolean;
  /** Relays through which a peer may be reached, the most likely first. */
  relaysTo(peerId: string): readonly Multiaddr[];
  /** Lets a relay be dialed for as long as a peer is looked for there. @returns call when that is over */
  visit(relay: Multiaddr): () => void;
  note(peerId: string, introducers: readonly string[]): void;
  onChange(listener: (state: IntroductionState) => void): Unsubscribe;
  /** Resolves when a relay is reached, or has been looked for in vain for a while. */
  settled(timeoutMs: number): Promise<void>;
  close(): void;
}

/** Keeps this tab known to the signaling server's relay, so that other tabs can be introduced to it. */
export class Introduction {
  readonly #node: TabNode;
  readonly #relay: Multiaddr;
  readonly #relayId: string;
  readonly #events = new Emitter<{ state: IntroductionState }>();
  readonly #stop = new AbortController();
  readonly #timer: ReturnType<typeof setInterval>;
  #dialing = false;
  /** Since the relay last gave a place. */
  #attempts = 0;
  #connectedAtMs = 0;
  #state: IntroductionState = 'connecting';

  constructor(node: TabNode, relay: Multiaddr) {
    this.#node = node;
    this.#relay = relay;
    this.#relayId = relayIdOf(relay);
    const { signal } = this.#stop;
    const onDisconnect = ({ detail }: CustomEvent<PeerId>) => {
      if (detail.toString() === this.#relayId) void this.#check();
    };
    node.addEventListener('peer:disconnect', onDisconnect, { signal });
    // An address through the relay is there once it has reserved a place for us.
    node.addEventListener('self:peer:update', () => this.#update(), { signal });
    this.#timer = setInterval(() => void this.#check(), CHECK_INTERVAL_MS);
    void this.#check();
  }

  get state(): IntroductionState {
    return this.#state;
  }

  onChange(listener: (state: IntroductionState) => void): Unsubscribe {
    return this.#events.on('state', listener);
  }

  /**
   * Resolves when the relay is reached, when that has taken `timeoutMs`, or after `AWAITED_ATTEMPTS`; it is then looked
   * for all the same.
   */
  async settled(timeoutMs: number): Promise<void> {
    if (this.#state === 'online') return;
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer);
        unsubscribe();
        resolve();
      };
      const timer = setTimeout(() => {
        this.#set('offline');
        done();
      }, timeoutMs);
      const unsubscribe = this.onChange((state) => {
        if (state !== 'connecting') done();
      });
    });
  }

  close(): void {
    this.#stop.abort();
    clearInterval(this.#timer);
  }

  #connection() {
    const connections = this.#node.getConnections();
    return connections.find(({ remotePeer, status }) => remotePeer.toString() === this.#relayId && status === 'open');
  }

  #update(): void {
    const place = `/p2p/${this.#relayId}/p2p-circuit`;
    const reserved = this.#node.getMultiaddrs().some((address) => address.toString().includes(place));
    if (reserved && this.#connection()) this.#set('online');
    else if (this.#state === 'online') this.#set('offline');
  }

  async #check(): Promise<void> {
    this.#update();
    const connection = this.#connection();
    if (connection && this.#state !== 'online' && Date.now() - this.#connectedAtMs > RESERVATION_TIMEOUT_MS) {
      connection.abort(new ShoalError('timeout', 'The relay gave no place in time.'));
    }
    if (this.#dialing || this.#connection()) return;
    this.#dialing = true;
    while (!this.#stop.signal.aborted) {
      if (this.#attempts === AWAITED_ATTEMPTS) this.#set('offline');
      if (this.#attempts > 0) await this.#pause(backOffMs(this.#attempts));
      this.#attempts++;
      if (await this.#dial()) break;
    }
    this.#dialing = false;
    this.#connectedAtMs = Date.now();
    this.#update();
  }

  async #dial(): Promise<boolean> {
    try {
      const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(DIAL_TIMEOUT_MS)]);
      await this.#node.dial(this.#relay, { signal });
    } catch {
      // It may be there all the same.
    }
    return this.#connection() !== undefined;
  }

  #pause(durationMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#stop.signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, durationMs);
      this.#stop.signal.addEventListener('abort', done);
    });
  }

  #set(state: IntroductionState): void {
    if (this.#state === state || this.#stop.signal.aborted) return;
    this.#state = state;
    if (state === 'online') this.#attempts = 0;
    if (state === 'online') log.info('NET', 'The server introduces this tab to others.');
    if (state === 'offline') log.warn('NET', 'The server is not reached. What runs goes on; trying to reach it again.');
    this.#events.emit('state', state);
  }
}
