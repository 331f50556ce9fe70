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
import { presenceSchema } from '../src/protocol/presence.ts';
import { MAX_GOSSIP_BYTES, MAX_MESH_TABS, MAX_UNREAD_BYTES } from './limits.ts';
import type { RecentPeers } from './recent-peers.ts';

/**
 * The server's part of the gossip: it repeats presence between tabs that have no connection to each other yet. It
 * subscribes to the topics of the served swarms and passes on what is a presence message of a tab that is connected, or
 * was a moment ago: a signature alone shows a key, of which anybody can make any number.
 */
export function presenceGossip(
  manifestIds: readonly string[],
  recent: RecentPeers,
): (components: GossipSubComponents) => GossipSub {
  const topics = manifestIds.map(presenceTopic);
  return (components) => {
    const gossip = gossipsub({
      allowedTopics: topics,
      allowPublishToZeroTopicPeers: true,
      maxInboundDataLength: MAX_GOSSIP_BYTES,
      // A tab that does not read is gone at the next ping; until then others' messages pile up for it.
      maxOutboundBufferSize: MAX_UNREAD_BYTES,
      // Every tab is in the mesh: a tab that only the server knows must hear everybody and be heard.
      D: MAX_MESH_TABS,
      Dlo: MAX_MESH_TABS,
      Dhi: MAX_MESH_TABS,
      // Tabs come through one loopback proxy, often from one machine: a shared address says nothing about them.
      scoreParams: { IPColocationFactorWeight: 0 },
    })(components);
    const isKnown = (author: PeerId) =>
      components.connectionManager.getConnections(author).length > 0 || recent.has(author.toString());
    for (const topic of topics) gossip.topicValidators.set(topic, (_forwarder, message) => judge(message, isKnown));
    return gossip;
  };
}

function judge(message: Message, isKnown: (author: PeerId) => boolean): TopicValidatorResult {
  if (message.type !== 'signed' || !isPresence(message.data)) return TopicValidatorResult.Reject;
  // Not its forwarder's fault: an honest tab may know one that the server does not.
  return isKnown(message.from) ? TopicValidatorResult.Accept : TopicValidatorResult.Ignore;
}

function isPresence(data: Uint8Array): boolean {
  try {
    const json: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(data));
    return v.is(presenceSchema, json);
  } catch {
    return false;
  }
}
