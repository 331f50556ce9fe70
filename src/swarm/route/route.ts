import type { RouteStage } from '../../protocol/frames.ts';
import { MAX_CLAIMED_LOAD, MAX_LAYERS_PER_SECOND, MIN_LAYERS_PER_SECOND } from '../../protocol/limits.ts';
import type { ManifestShard } from '../../protocol/manifest.ts';
import { type LinkFacts, roundTripsOf } from './round-trips.ts';
import { shortlist } from './shortlist.ts';
import type { Standing } from './standing.ts';

/** What routing needs to know of a member. */
export interface RouteCandidate extends LinkFacts {
  readonly ready: readonly number[];
  /** Layers a second of a decode; 0 while unmeasured. */
  readonly layersPerSecond: number;
  /** Tasks that wait there. */
  readonly queueLength: number;
  /** Sessions that it works for. */
  readonly sessions: number;
  /** It should have been heard of by now. */
  readonly overdue: boolean;
  readonly standing?: Standing;
}

/** The part of a shard that a route needs: all of it, or those layers of it that are lost. */
export type RouteShard = Pick<ManifestShard, 'index' | 'layers'>;

export type RoutePlan =
  | { readonly stages: readonly RouteStage[]; readonly missing?: never }
  | { readonly stages?: never; readonly missing: readonly number[] };

/** A node that has measured nothing yet is taken for an average laptop. */
export const UNMEASURED_LAYERS_PER_SECOND = 200;
/** Handing a frame over costs this much on any link: encoding, the event loops of both sides, one readback. */
const HOP_OVERHEAD_MS = 3;
/** A session meets each other session of a node in its queue every other lap: the others are elsewhere on their way. */
const SESSION_LOAD = 0.5;
/** Of its computing, what a node's rank for this coordinator may add: coordinators that start at once choose apart. */
const MAX_RANK_COST = 0.05;

/** Characters of an id that its rank is made from. */
const RANKED_CHARACTERS = 12;

/** A route through a member that may be dead waits for its silence to be noticed. */
const OVERDUE_COST_MS = 2000;

/** A route through a name that somebody may have made up waits for a connection that never comes about. */
const HEARSAY_COST_MS = 2000;

/** What one layer of a lap costs at this node, ms: its computing, and as often again as tasks are before it. */
export function layerCostMs(candidate: RouteCandidate, coordinator: string): number {
  const { peerId, layersPerSecond, queueLength, sessions } = candidate;
  const claimed = layersPerSecond > 0 ? layersPerSecond : UNMEASURED_LAYERS_PER_SECOND;
  const computeMs = 1000 / Math.min(Math.max(claimed, MIN_LAYERS_PER_SECOND), MAX_LAYERS_PER_SECOND);
  const waiting = believedLoad(queueLength) + SESSION_LOAD * believedLoad(sessions);
  return computeMs * (1 + waiting + MAX_RANK_COST * rank(coordinator, peerId));
}

function believedLoad(count: number): number {
  return count > 0 ? Math.min(count, MAX_CLAIMED_LOAD) : 0;
}

/** What it costs to send a frame on over a link with this round trip, ms. */
export function hopCostMs(roundTripMs: number): number {
  return HOP_OVERHEAD_MS + roundTripMs / 2;
}

/**
 * The fastest chain that covers every shard in order and comes back to the coordinator: dynamic programming over
 * (shard, holder), where a change of holder costs a hop over the link between the two, and every task that waits its
 * time. Of a crowd it is the fastest over a shortlist. O(members + shards × holders²), with some dozen holders.
 *
 * @param coordinator - peer id; its own tab is reached without a hop
 * @returns the stages, neighbouring shards of one holder merged; or the shards that nobody serves.
 */
export function planRoute(
  shards: readonly RouteShard[],
  members: readonly RouteCandidate[],
  coordinator: string,
): RoutePlan {
  const costs = Float64Array.from(members, (member) => layerCostMs(member, coordinator));
  const planned = shortlist(shards, members, coordinator, costs);
  const candidates = planned.map((index) => members[index]!);
  const layerMs = planned.map((index) => costs[index]!);
  const holders = holdersOf(shards, candidates);
  const missing = shards.filter((_, position) => holders[position]!.length === 0).map(({ index }) => index);
  if (missing.length > 0) return { missing };

  const roundTripMs = roundTripsOf(coordinator, candidates);
  const size = candidates.length + 1;
  const own = candidates.length;
  const self = candidates.findIndex(({ peerId }) => peerId === coordinator);
  const hop = (from: number, to: number) =>
    from === to || (from === self && to === own) || (from === own && to === self)
      ? 0
      : hopCostMs(roundTripMs(from, to));

  /** For each shard, by candidate: the one before it on the cheapest way there. */
  const before: Int32Array[] = [];
  let cost = new Float64Array(size);
  let reached = [own];
  for (const [position, { layers }] of shards.entries()) {
    const came = new Int32Array(size);
    const next = new Float64Array(size);
    for (const to of holders[position]!) {
      const from = cheapest(reached, (other) => cost[other]! + hop(other, to));
      came[to] = from;
      const risk = riskMs(candidates[to]!);
      next[to] = cost[from]! + hop(from, to) + layerMs[to]! * (layers.end - layers.start) + risk;
    }
    before.push(came);
    cost = next;
    reached = holders[position]!;
  }

  const chosen: string[] = [];
  let at = cheapest(reached, (last) => cost[last]! + hop(last, own));
  for (let position = shards.length - 1; position >= 0; position--) {
    chosen.unshift(candidates[at]!.peerId);
    at = before[position]![at]!;
  }
  return { stages: mergeStages(shards, chosen) };
}

function riskMs({ overdue, standing }: RouteCandidate): number {
  return (overdue ? OVERDUE_COST_MS : 0) + (standing === 'heard' ? HEARSAY_COST_MS : 0);
}

/** For each shard the indices of the candidates that serve it. */
function holdersOf(shards: readonly RouteShard[], candidates: readonly RouteCandidate[]): number[][] {
  const positions = new Map(shards.map(({ index }, position) => [index, position]));
  const holders = shards.map((): number[] => []);
  for (const [candidate, { ready }] of candidates.entries()) {
    for (const index of new Set(ready)) {
      const position = positions.get(index);
      if (position !== undefined) holders[position]!.push(candidate);
    }
  }
  return holders;
}

function cheapest(indices: readonly number[], costOf: (index: number) => number): number {
  let best = indices[0]!;
  let bestCost = Number.POSITIVE_INFINITY;
  for (const index of indices) {
    const cost = costOf(index);
    if (cost >= bestCost) continue;
    bestCost = cost;
    best = index;
  }
  return best;
}

/** A number in `[0, 1)` that is the same for the same two peers and looks random: FNV-1a over the ends of both ids, mixed once more. */
function rank(coordinator: string, peerId: string): number {
  const hash = hashOf(peerId, hashOf(coordinator, 0x811c9dc5));
  return (Math.imul(hash ^ (hash >>> 16), 0x85ebca6b) >>> 0) / 2 ** 32;
}

/** Of the end of the id, which is as good as all of it: ids are hashes or keys, and there may be thousands. */
function hashOf(id: string, start: number): number {
  let hash = start;
  for (let index = Math.max(0, id.length - RANKED_CHARACTERS); index < id.length; index++)
    hash = Math.imul(hash ^ id.charCodeAt(index), 0x01000193);
  return hash >>> 0;
}

function mergeStages(shards: readonly RouteShard[], chosen: readonly string[]): RouteStage[] {
  const stages: RouteStage[] = [];
  for (const [position, { layers }] of shards.entries()) {
    const peerId = chosen[position]!;
    const last = stages.at(-1);
    if (last?.peerId === peerId)
      stages[stages.length - 1] = { peerId, layers: { start: last.layers.start, end: layers.end } };
    else stages.push({ peerId, layers });
  }
  return stages;
}
