import { type Multiaddr, multiaddr } from '@multiformats/multiaddr';
import { ShoalError } from '../core/errors.ts';
import { Emitter, type Unsubscribe } from '../core/events.ts';
import { log } from '../core/log.ts';
import type { TabNode } from './libp2p-node.ts';
import type { IntroductionState } from './transport.ts';

/** Pauses between attempts to reach the relay grow to this, so that a server that comes back is met within seconds. */
const MAX_PAUSE_MS = 3000;
const FIRST_PAUSE_MS = 250;
const DIAL_TIMEOUT_MS = 5000;
/** The connection is looked at this often, beside the events: an event can be missed while the page sleeps. */
const CHECK_INTERVAL_MS = 2000;
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

/** Keeps this tab known to the signaling server's relay, so that other tabs can be introduced to it. */
export class Introduction {
  readonly #node: TabNode;
  readonly #relay: Multiaddr;
  readonly #relayId: string;
  readonly #events = new Emitter<{ state: IntroductionState }>();
  readonly #stop = new AbortController();
  readonly #timer: ReturnType<typeof setInterval>;
  #dialing = false;
  #connectedAtMs = 0;
  #state: IntroductionState = 'connecting';

  constructor(node: TabNode, relay: Multiaddr) {
    this.#node = node;
    this.#relay = relay;
    this.#relayId = relay.getComponents().at(-1)?.value ?? '';
    node.addEventListener('peer:disconnect', ({ detail }) => {
      if (this.isRelay(detail.toString())) void this.#check();
    });
    // An address through the relay is there once it has reserved a place for us.
    node.addEventListener('self:peer:update', () => this.#update());
    this.#timer = setInterval(() => void this.#check(), CHECK_INTERVAL_MS);
    void this.#check();
  }

  get state(): IntroductionState {
    return this.#state;
  }

  isRelay(peerId: string): boolean {
    return peerId === this.#relayId;
  }

  onChange(listener: (state: IntroductionState) => void): Unsubscribe {
    return this.#events.on('state', listener);
  }

  /** Resolves when the relay is reached, or when that has taken `timeoutMs`; it is then looked for all the same. */
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
        if (state === 'online') done();
      });
    });
  }

  close(): void {
    this.#stop.abort();
    clearInterval(this.#timer);
  }

  #connection() {
    const connections = this.#node.getConnections();
    return connections.find(({ remotePeer, status }) => this.isRelay(remotePeer.toString()) && status === 'open');
  }

  #update(): void {
    const reserved = this.#node.getMultiaddrs().some((address) => address.toString().includes('/p2p-circuit'));
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
    for (let pauseMs = FIRST_PAUSE_MS; !this.#stop.signal.aborted; pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS)) {
      if (await this.#dial()) break;
      await this.#pause(pauseMs);
    }
    this.#dialing = false;
    this.#connectedAtMs = Date.now();
    this.#update();
  }

  async #dial(): Promise<boolean> {
    try {
      const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(DIAL_TIMEOUT_MS)]);
      await this.#node.dial(this.#relay, { signal });
      return true;
    } catch {
      return this.#connection() !== undefined;
    }
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
    if (state === 'online') log.info('NET', 'The server introduces this tab to others.');
    if (state === 'offline') log.warn('NET', 'The server is not reached. What runs goes on; trying to reach it again.');
    this.#events.emit('state', state);
  }
}
