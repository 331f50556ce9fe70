import { buildOf } from '../protocol/presence.ts';
import type { SwarmNode } from '../swarm/node.ts';
import type { ShardKeeper } from '../swarm/shards/shard-keeper.ts';
import type { MemberRow, ModelSummary, ShardRow, SwarmSummary } from './app-model.ts';
import type { IntroducedModel } from './introduction.ts';

/** A model as the page tells of it. */
export function modelSummary({ manifest, manifestId }: Pick<IntroducedModel, 'manifest' | 'manifestId'>): ModelSummary {
  const { name, hyperparameters, shards } = manifest;
  const { layerCount, contextLength } = hyperparameters;
  const totalBytes = shards.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  return { name, manifestId, layerCount, contextLength, totalBytes };
}

/** The nodes as the page lists them, this tab first once it has joined. */
export function memberRows(
  node: SwarmNode,
  keeper: ShardKeeper,
  { name, leaving }: { readonly name: string; readonly leaving: boolean },
): MemberRow[] {
  const connected = new Set(node.connectedPeers());
  const own: MemberRow = {
    peerId: node.peerId,
    name,
    self: true,
    connected: true,
    draining: leaving,
    ready: keeper.ready(),
    pending: keeper.pending(),
    layersPerSecond: node.stages.layersPerSecond,
  };
  const others = node.membership
    .members()
    .map(({ peerId, name, ready, pending, draining, layersPerSecond, room, wire }) => ({
      ...{ peerId, name, ready, pending, draining, layersPerSecond, room },
      self: false,
      connected: connected.has(peerId),
      checked: checksOf(node, peerId),
      build: buildOf({ wire }),
    }));
  return keeper.joined ? [own, ...others] : others;
}

function checksOf({ records }: SwarmNode, peerId: string): MemberRow['checked'] {
  const { passed: times, checkedAtMs: atMs } = records.audits(peerId);
  return times > 0 && atMs !== undefined ? { times, atMs } : undefined;
}

/** Names kept of tabs that have gone: more than a timeline tells of. */
const MAX_HEARD_NAMES = 500;

/** The names heard so far with those of the members now; the same map when nothing is new. */
export function withNames(
  heard: ReadonlyMap<string, string>,
  members: readonly MemberRow[],
): ReadonlyMap<string, string> {
  if (members.every(({ peerId, name }) => heard.get(peerId) === name)) return heard;
  const all = new Map(heard);
  for (const { peerId, name } of members) {
    // Put at the end: the oldest go first.
    all.delete(peerId);
    all.set(peerId, name);
  }
  return new Map([...all].slice(-MAX_HEARD_NAMES));
}

/** Whether the swarm can answer, and what it lacks. */
export function swarmSummary(
  node: SwarmNode,
  keeper: ShardKeeper,
  shards: readonly ShardRow[],
  nodes: number,
): SwarmSummary {
  const missing = shards.filter(({ holders }) => holders === 0).map(({ index }) => index);
  return {
    state: missing.length === 0 ? 'ready' : reachesOthers(node),
    nodes,
    missing,
    othersKnown: node.membership.isAcquainted,
    role: keeper.joined ? 'node' : 'guest',
    peerId: node.peerId,
    introduction: node.introduction,
  };
}

/** Without the server and without any tab, nobody can bring what is missing. */
function reachesOthers(node: SwarmNode): 'waiting' | 'connecting' | 'offline' {
  if (node.introduction === 'online' || node.connectedPeers().length > 0) return 'waiting';
  return node.introduction;
}
