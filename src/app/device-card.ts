import type { SwarmNode } from '../swarm/node.ts';
import type { DeviceCard } from './app-model.ts';

/** Asks a tab of the swarm what it is, and adds what this one has seen. @throws ShoalError as the command */
export async function deviceCard(node: SwarmNode, peerId: string): Promise<DeviceCard> {
  const { commands, records, exchange } = node;
  const { capabilities } = await commands.send(peerId, 'GET_CAPABILITIES', undefined);
  const self = peerId === node.peerId;
  return {
    computes: capabilities.runner,
    adapter: capabilities.adapter,
    software: capabilities.software,
    layersPerSecond: capabilities.layers_per_second,
    measuredPerSecond: records.layersPerSecond(peerId),
    tokensForUs: records.laps(peerId),
    queueLength: capabilities.queue_length,
    freeTokens: capabilities.free_kv_tokens,
    version: capabilities.version,
    roundTripMs: exchange.roundTripMs(peerId),
    path: self ? undefined : await node.pathTo(peerId),
  };
}
