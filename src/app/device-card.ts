import { MAX_LAYERS_PER_SECOND } from '../protocol/limits.ts';
import { plainLine } from '../protocol/member-name.ts';
import type { SwarmNode } from '../swarm/node.ts';
import type { DeviceCard } from './app-model.ts';

/** Of what a tab says of its device: two lines of a card. */
const MAX_LINE_CHARS = 100;

/** Asks a tab of the swarm what it is, and adds what this one has seen. @throws ShoalError as the command */
export async function deviceCard(node: SwarmNode, peerId: string): Promise<DeviceCard> {
  const { commands, records, exchange } = node;
  const { capabilities } = await commands.send(peerId, 'GET_CAPABILITIES', undefined);
  const self = peerId === node.peerId;
  return {
    computes: capabilities.runner,
    adapter: plainLine(capabilities.adapter, MAX_LINE_CHARS),
    software: capabilities.software,
    layersPerSecond: Math.min(capabilities.layers_per_second, MAX_LAYERS_PER_SECOND),
    measuredPerSecond: records.layersPerSecond(peerId),
    tokensForUs: records.laps(peerId),
    queueLength: capabilities.queue_length,
    freeTokens: capabilities.free_kv_tokens,
    version: plainLine(capabilities.version, MAX_LINE_CHARS),
    roundTripMs: exchange.roundTripMs(peerId),
    path: self ? undefined : await node.pathTo(peerId),
  };
}
