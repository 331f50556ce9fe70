import type { GossipSub } from '@libp2p/gossipsub';
import type { Unsubscribe } from '../../core/events.ts';

type Listener = (from: string, message: Uint8Array) => void;

/** Gossip by topic; a topic is subscribed to while anybody listens. */
export class GossipTopics {
  readonly #gossip: GossipSub;
  readonly #listeners = new Map<string, Set<Listener>>();

  constructor(gossip: GossipSub) {
    this.#gossip = gossip;
    gossip.addEventListener('message', ({ detail }) => {
      // Unsigned messages have no sender that anybody could believe.
      if (detail.type !== 'signed') return;
      const from = detail.from.toString();
      for (const listener of [...(this.#listeners.get(detail.topic) ?? [])]) listener(from, detail.data);
    });
  }

  async publish(topic: string, message: Uint8Array): Promise<void> {
    await this.#gossip.publish(topic, message);
  }

  subscribe(topic: string, listener: Listener): Unsubscribe {
    let listeners = this.#listeners.get(topic);
    if (!listeners) {
      listeners = new Set();
      this.#listeners.set(topic, listeners);
      this.#gossip.subscribe(topic);
    }
    listeners.add(listener);
    return () => {
      if (!listeners.delete(listener) || listeners.size > 0) return;
      this.#listeners.delete(topic);
      this.#gossip.unsubscribe(topic);
    };
  }
}
