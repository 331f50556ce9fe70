import type { Multiaddr } from '@multiformats/multiaddr';
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

/** Keeps this tab known to the signaling server's relay, so that other tabs can be introduced to it. */
export class Introduction {
  readonly #node: TabNode;
  readonly #relay: Multiaddr;
  readonly #relayId: string;
  readonly #events = new Emitter<{ state: IntroductionState }>();
  readonly #stop = new AbortController();
  readonly #timer: ReturnType<typeof setInterval>;
  #dialing = false;
  #state: IntroductionState = 'connecting';

  constructor(node: TabNode, relay: Multiaddr) {
    this.#node = node;
    this.#relay = relay;
    this.#relayId = relay.getComponents().findLast(({ name }) => name === 'p2p')?.value ?? '';
    node.addEventListener('peer:disconnect', ({ detail }) => {
      if (detail.toString() === this.#relayId) void this.#check();
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

  /** Resolves when the relay is reached, or when that has taken `timeoutMs`. */
  async settled(timeoutMs: number): Promise<void> {
    if (this.#state === 'online') return;
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer);
        unsubscribe();
        resolve();
      };
      const timer = setTimeout(() => {
        if (this.#state === 'connecting') this.#set('offline');
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

  #connected(): boolean {
    return this.#node
      .getConnections()
      .some(({ remotePeer, status }) => remotePeer.toString() === this.#relayId && status === 'open');
  }

  #update(): void {
    const reserved = this.#node.getMultiaddrs().some((address) => address.toString().includes('/p2p-circuit'));
    if (this.#connected() && reserved) this.#set('online');
    else if (this.#state === 'online') this.#set('offline');
  }

  async #check(): Promise<void> {
    this.#update();
    if (this.#dialing || this.#connected()) return;
    this.#dialing = true;
    try {
      for (
        let pauseMs = FIRST_PAUSE_MS;
        !this.#stop.signal.aborted && !this.#connected();
        pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS)
      ) {
        try {
          await this.#node.dial(this.#relay, {
            signal: AbortSignal.any([this.#stop.signal, AbortSignal.timeout(DIAL_TIMEOUT_MS)]),
          });
        } catch {
          await new Promise((resolve) => setTimeout(resolve, pauseMs));
        }
      }
    } finally {
      this.#dialing = false;
    }
    this.#update();
  }

  #set(state: IntroductionState): void {
    if (this.#state === state) return;
    this.#state = state;
    if (state === 'online') log.info('NET', 'The server introduces this tab to others.');
    if (state === 'offline') log.warn('NET', 'The server is not reached. What runs goes on; trying to reach it again.');
    this.#events.emit('state', state);
  }
}
