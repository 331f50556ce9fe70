import {
  type GossipSub,
  type GossipSubComponents,
  gossipsub,
  type Message,
  TopicValidatorResult,
} from '@libp2p/gossipsub';
import type { PeerId } from '@libp2p/interface';
import * as v from 'valibot';
import { presenceTopic } from '../src/protocol/directory.ts';
import { MAX_PRESENCE_BYTES } from '../src/protocol/limits.ts';
import { presenceSchema } from '../src/protocol/presence.ts';
import { isPrivateTopic } from '../src/protocol/private-topic.ts';
import { AddressRates } from './address-rates.ts';
import {
  MAX_GOSSIP_BYTES,
  MAX_MESH_TABS,
  MAX_PRIVATE_TOPICS,
  MAX_TOPIC_BYTES_PER_TAB,
  MAX_UNREAD_BYTES,
  MAX_WAITING_TOPICS,
  PRESENCE_BURST,
  PRESENCES_PER_SECOND,
} from './limits.ts';
import type { RecentPeers } from './recent-peers.ts';

/** What gossipsub's type leaves out. */
interface GossipInside {
  /** Where it looks which topics it deals with; its options take a list only. */
  allowedTopics: { has(topic: string): boolean };
  isStarted(): boolean;
}

/**
 * The server's part of the gossip: it repeats presence between tabs that have no connection to each other yet, for the
 * swarms that it serves, and for every private swarm that some tab here listens to. It passes on what is a presence
 * message, or in a private swarm may be one, of a tab that is connected or was a moment ago: a signature alone shows a
 * key, of which anybody can make any number.
 */
export function presenceGossip(
  manifestIds: readonly string[],
  recent: RecentPeers,
): (components: GossipSubComponents) => GossipSub {
  const topics = new Set(manifestIds.map(presenceTopic));
  return (components) => {
    const gossip = gossipsub({
      allowPublishToZeroTopicPeers: true,
      maxInboundDataLength: MAX_GOSSIP_BYTES,
      maxTopicBytesPerPeer: MAX_TOPIC_BYTES_PER_TAB,
      // A tab that does not read is gone at the next ping; until then others' messages pile up for it.
      maxOutboundBufferSize: MAX_UNREAD_BYTES,
      // Every tab is in the mesh: a tab that only the server knows must hear everybody and be heard.
      D: MAX_MESH_TABS,
      Dlo: MAX_MESH_TABS,
      Dhi: MAX_MESH_TABS,
      // Tabs come through one loopback proxy, often from one machine: a shared address says nothing about them.
      scoreParams: { IPColocationFactorWeight: 0 },
    })(components) as GossipSub & GossipInside;
    gossip.allowedTopics = { has: (topic) => topics.has(topic) || isPrivateTopic(topic) };
    const isKnown = (author: PeerId) =>
      components.connectionManager.getConnections(author).length > 0 || recent.has(author.toString());
    const rates = new AddressRates(PRESENCE_BURST, PRESENCES_PER_SECOND);
    const isWelcome = (author: PeerId) => isKnown(author) && rates.take(author.toString());
    for (const topic of topics) {
      gossip.topicValidators.set(topic, (_forwarder, message) => judge(message, isPresence, isWelcome));
    }
    repeatPrivateTopics(gossip, (message) => judge(message, maySealPresence, isWelcome));
    return gossip;
  };
}

/**
 * Listens to a private topic as long as a tab does. Tabs that come back after a restart of the server bring theirs.
 * Topics for which there is no place wait for one, oldest first.
 */
function repeatPrivateTopics(
  gossip: GossipSub & GossipInside,
  validate: (message: Message) => TopicValidatorResult,
): void {
  const repeated = new Set<string>();
  const waiting = new Set<string>();
  const isWanted = (topic: string) => gossip.getSubscribers(topic).length > 0;
  const refill = () => {
    // A last heartbeat may be under way while the server stops.
    if (!gossip.isStarted()) return;
    for (const topic of repeated) {
      if (isWanted(topic)) continue;
      repeated.delete(topic);
      gossip.topicValidators.delete(topic);
      gossip.unsubscribe(topic);
    }
    for (const topic of waiting) {
      if (isWanted(topic) && repeated.size >= MAX_PRIVATE_TOPICS) continue;
      waiting.delete(topic);
      if (!isWanted(topic)) continue;
      repeated.add(topic);
      gossip.topicValidators.set(topic, (_forwarder, message) => validate(message));
      gossip.subscribe(topic);
    }
  };
  gossip.addEventListener('subscription-change', ({ detail }) => {
    for (const { topic, subscribe } of detail.subscriptions) {
      if (!isPrivateTopic(topic) || !subscribe || repeated.has(topic)) continue;
      if (waiting.size < MAX_WAITING_TOPICS) waiting.add(topic);
    }
    if (waiting.size > 0) refill();
  });
  gossip.addEventListener('gossipsub:heartbeat', refill);
}

function judge(
  message: Message,
  isGood: (data: Uint8Array) => boolean,
  isWelcome: (author: PeerId) => boolean,
): TopicValidatorResult {
  if (message.type !== 'signed' || !isGood(message.data)) return TopicValidatorResult.Reject;
  // Not its forwarder's fault: an honest tab may know one that the server does not, or that speaks too much.
  return isWelcome(message.from) ? TopicValidatorResult.Accept : TopicValidatorResult.Ignore;
}

function isPresence(data: Uint8Array): boolean {
  try {
    const json: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(data));
    return v.is(presenceSchema, json);
  } catch {
    return false;
  }
}

function maySealPresence(data: Uint8Array): boolean {
  return data.length <= MAX_PRESENCE_BYTES;
}
