import type { Tally } from '../core/tally.ts';
import { MAX_LAYERS_PER_SECOND } from '../protocol/limits.ts';
import { plainLine } from '../protocol/member-name.ts';
import type { SwarmNode } from '../swarm/node.ts';
import type { DeviceCard, ShardRow } from './app-model.ts';

/** Of what a tab says of its device: two lines of a card. */
const MAX_LINE_CHARS = 100;

/** What this tab has counted of what it gives and takes. */
export interface Counted {
  /** L of the model. */
  readonly layerCount: number;
  readonly shards: readonly Pick<ShardRow, 'traffic'>[];
  /** Layers times positions that others have computed for this tab. */
  readonly takenWork: Pick<Tally, 'of'>;
}

/** Asks a tab of the swarm what it is, and adds what this one has seen. @throws ShoalError as the command */
export async function deviceCard(node: SwarmNode, peerId: string, counted: Counted): Promise<DeviceCard> {
  const { commands, records, exchange } = node;
  const { capabilities } = await commands.send(peerId, 'GET_CAPABILITIES', undefined);
  const self = peerId === node.peerId;
  return {
    computes: capabilities.runner,
    adapter: plainLine(capabilities.adapter, MAX_LINE_CHARS),
    software: capabilities.software,
    layersPerSecond: Math.min(capabilities.layers_per_second, MAX_LAYERS_PER_SECOND),
    measuredPerSecond: records.layersPerSecond(peerId),
    ...(self ? { taken: undefined, given: undefined } : exchangedWith(node, peerId, counted)),
    queueLength: capabilities.queue_length,
    freeTokens: capabilities.free_kv_tokens,
    version: plainLine(capabilities.version, MAX_LINE_CHARS),
    roundTripMs: exchange.roundTripMs(peerId),
    path: self ? undefined : await node.pathTo(peerId),
  };
}

function exchangedWith(
  { stages }: SwarmNode,
  peerId: string,
  { layerCount, shards, takenWork }: Counted,
): Pick<DeviceCard, 'taken' | 'given'> {
  const traffic = shards.flatMap((shard) => shard.traffic.filter((tab) => tab.peerId === peerId));
  return {
    taken: {
      tokens: takenWork.of(peerId) / layerCount,
      bytes: traffic.reduce((sum, { receivedBytes }) => sum + receivedBytes, 0),
    },
    given: {
      tokens: stages.lentWork.of(peerId) / layerCount,
      bytes: traffic.reduce((sum, { sentBytes }) => sum + sentBytes, 0),
    },
  };
}
