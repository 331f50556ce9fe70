import {
  type GossipSub,
  type GossipSubComponents,
  gossipsub,
  type Message,
  TopicValidatorResult,
} from '@libp2p/gossipsub';
import type { PeerId } from '@libp2p/interface';
import { gossipMessageId } from '../src/core/gossip-message-id.ts';
import { presenceTopic } from '../src/protocol/directory.ts';
import { MAX_PRESENCE_BYTES } from '../src/protocol/limits.ts';
import { type Presence, readPresence } from '../src/protocol/presence.ts';
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
import { ForeignMembers } from './peers/foreign-members.ts';
import type { RecentPeers } from './recent-peers.ts';

/** What gossipsub's type leaves out. */
interface GossipInside {
  /** Where it looks which topics it deals with; its options take a list only. */
  allowedTopics: { has(topic: string): boolean };
  isStarted(): boolean;
}

/** What is known of a message's author and content; undefined where it is no presence. */
type Read = (data: Uint8Array) => Pick<Presence, 'ready' | 'leaving'> | undefined;

export interface PresenceGossipOptions {
  readonly manifestIds: readonly string[];
  readonly recent: RecentPeers;
  /** Whether a peer is a server that the operator has named. */
  readonly isServer: (peerId: string) => boolean;
}

/** Judges what a peer hands on: `Accept` has it repeated. */
type Judge = (forwarder: PeerId, message: Message) => TopicValidatorResult;

/**
 * The server's part of the gossip: it repeats presence between tabs that have no connection to each other yet, for the
 * swarms that it serves, and for every private swarm that some tab here listens to. It passes on what is a presence
 * message, or in a private swarm may be one, of a tab that is connected or was a moment ago, here or at a server that its
 * operator has named: a signature alone shows a key, of which anybody can make any number.
 */
export function presenceGossip({
  manifestIds,
  recent,
  isServer,
}: PresenceGossipOptions): (components: GossipSubComponents) => GossipSub {
  const topics = new Set(manifestIds.map(presenceTopic));
  return (components) => {
    const gossip = gossipsub({
      allowPublishToZeroTopicPeers: true,
      fastMsgIdFn: gossipMessageId,
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
    const judgeBy = (read: Read): Judge => {
      const foreign = new ForeignMembers();
      return (forwarder, message) => {
        const presence = message.type === 'signed' ? read(message.data) : undefined;
        if (message.type !== 'signed' || !presence) return TopicValidatorResult.Reject;
        const author = message.from.toString();
        const welcome = isServer(forwarder.toString())
          ? foreign.admits({ author, ...presence }, performance.now())
          : isKnown(message.from);
        // Not its forwarder's fault: an honest tab may know one that the server does not, or that speaks too much.
        return welcome && rates.take(author) ? TopicValidatorResult.Accept : TopicValidatorResult.Ignore;
      };
    };
    for (const topic of topics) gossip.topicValidators.set(topic, judgeBy(presenceOf));
    repeatPrivateTopics(gossip, () => judgeBy(readSealed));
    return gossip;
  };
}

/**
 * Listens to a private topic as long as a tab does. Tabs that come back after a restart of the server bring theirs.
 * Topics for which there is no place wait for one, oldest first.
 */
function repeatPrivateTopics(gossip: GossipSub & GossipInside, createJudge: () => Judge): void {
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
      gossip.topicValidators.set(topic, createJudge());
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

function presenceOf(data: Uint8Array): Presence | undefined {
  try {
    return readPresence(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(data)));
  } catch {
    return undefined;
  }
}

/** Nobody here can open it. */
function readSealed(data: Uint8Array): ReturnType<Read> {
  return data.length <= MAX_PRESENCE_BYTES ? { ready: [], leaving: false } : undefined;
}
