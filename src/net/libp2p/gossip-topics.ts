import { type GossipSub, type Message, TopicValidatorResult } from '@libp2p/gossipsub';
import type { Unsubscribe } from '../../core/events.ts';
import type { GossipListener } from '../transport.ts';

/** Messages that the server may still repeat after another tab has brought them: seconds of a large swarm's. */
const MAX_RECENT = 256;

/** Where gossipsub counts who else has sent a message that is known already; its public interface leaves it out. */
interface DuplicateCount {
  readonly score: { duplicateMessage(from: string, messageId: string, topic: string): void };
}

/** Gossip by topic; a topic is subscribed to while anybody listens. */
export class GossipTopics {
  readonly #gossip: GossipSub;
  readonly #isServer: (peerId: string) => boolean;
  readonly #listeners = new Map<string, Set<GossipListener>>();
  /** Messages that came from other tabs lately, by gossipsub's id, oldest first. */
  readonly #recent = new Map<string, Message>();

  constructor(gossip: GossipSub, isServer: (peerId: string) => boolean) {
    this.#gossip = gossip;
    this.#isServer = isServer;
    gossip.addEventListener('gossipsub:message', ({ detail: { msgId, msg, propagationSource } }) => {
      if (!isServer(propagationSource.toString())) this.#remember(msgId, msg);
    });
    this.#watchDuplicates(gossip as GossipSub & DuplicateCount);
  }

  async publish(topic: string, message: Uint8Array): Promise<void> {
    await this.#gossip.publish(topic, message);
  }

  subscribe(topic: string, listener: GossipListener): Unsubscribe {
    let listeners = this.#listeners.get(topic);
    if (!listeners) {
      listeners = new Set();
      this.#listeners.set(topic, listeners);
      // What nobody here believes is not passed on, so that others do not hold it against this tab.
      this.#gossip.topicValidators.set(topic, (forwarder, message) =>
        this.#tell(message, forwarder.toString()) ? TopicValidatorResult.Accept : TopicValidatorResult.Ignore,
      );
      this.#gossip.subscribe(topic);
    }
    listeners.add(listener);
    return () => {
      if (!listeners.delete(listener) || listeners.size > 0) return;
      this.#listeners.delete(topic);
      this.#gossip.topicValidators.delete(topic);
      this.#gossip.unsubscribe(topic);
    };
  }

  /** @returns whether somebody wants it passed on */
  #tell(message: Message, forwarder: string): boolean {
    // Unsigned messages have no sender that anybody could believe.
    if (message.type !== 'signed') return false;
    const from = message.from.toString();
    const handedOverBy = this.#isServer(forwarder) ? undefined : forwarder;
    const listeners = [...(this.#listeners.get(message.topic) ?? [])];
    return listeners.map((listen) => listen(from, message.data, handedOverBy)).some((answer) => answer !== false);
  }

  #remember(messageId: string, message: Message): void {
    this.#recent.set(messageId, message);
    const [oldest] = this.#recent.keys();
    if (this.#recent.size > MAX_RECENT && oldest !== undefined) this.#recent.delete(oldest);
  }

  /** The first to bring a message is mostly a tab nearby. That the server repeats it too says that it knows the author. */
  #watchDuplicates({ score }: DuplicateCount): void {
    const count = score.duplicateMessage.bind(score);
    score.duplicateMessage = (from, messageId, topic) => {
      count(from, messageId, topic);
      const message = this.#isServer(from) ? this.#recent.get(messageId) : undefined;
      if (!message) return;
      this.#recent.delete(messageId);
      this.#tell(message, from);
    };
  }
}
