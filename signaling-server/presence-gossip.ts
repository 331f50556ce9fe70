import { type GossipSub, type GossipSubComponents, gossipsub, TopicValidatorResult } from '@libp2p/gossipsub';
import * as v from 'valibot';
import { presenceTopic } from '../src/protocol/directory.ts';
import { presenceSchema } from '../src/protocol/presence.ts';
import { MAX_GOSSIP_BYTES, MAX_MESH_TABS } from './limits.ts';

/**
 * The server's part of the gossip: it repeats presence between tabs that have no connection to each other yet. It
 * subscribes to the topics of the served swarms and passes on what is a presence message.
 */
export function presenceGossip(manifestIds: readonly string[]): (components: GossipSubComponents) => GossipSub {
  const topics = manifestIds.map(presenceTopic);
  return (components) => {
    const gossip = gossipsub({
      allowedTopics: topics,
      allowPublishToZeroTopicPeers: true,
      maxInboundDataLength: MAX_GOSSIP_BYTES,
      // Every tab is in the mesh: a tab that only the server knows must hear everybody and be heard.
      D: MAX_MESH_TABS,
      Dlo: MAX_MESH_TABS,
      Dhi: MAX_MESH_TABS,
      // Tabs come through one loopback proxy, often from one machine: a shared address says nothing about them.
      scoreParams: { IPColocationFactorWeight: 0 },
    })(components);
    for (const topic of topics) gossip.topicValidators.set(topic, (_peer, message) => judge(message.data));
    return gossip;
  };
}

function judge(data: Uint8Array): TopicValidatorResult {
  try {
    const json: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(data));
    return v.is(presenceSchema, json) ? TopicValidatorResult.Accept : TopicValidatorResult.Reject;
  } catch {
    return TopicValidatorResult.Reject;
  }
}
